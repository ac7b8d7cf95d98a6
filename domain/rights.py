"""What people may do that is not a step of a case, and which roles may; where a role holds `domain.access` says."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.actors import Role
from domain.language import Label

R = Role

SEES_EVERYTHING = frozenset({R.HANDLER, R.INSPECTOR, R.OPERATOR, R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR})
"""Roles that know of every case of their area, venue or industry."""


class Right(StrEnum):
    """A right by name."""

    SEE_CASES = "see_cases"
    SEE_VENUES = "see_venues"
    KEEP_VENUES = "keep_venues"
    KEEP_FACILITIES = "keep_facilities"
    DECIDE_VENUES = "decide_venues"
    PRINT_CODES = "print_codes"
    SEE_PEOPLE = "see_people"
    MANAGE_PEOPLE = "manage_people"
    REVEAL_PHONES = "reveal_phones"
    DELEGATE = "delegate"
    MANAGE_AREAS = "manage_areas"
    IMPORT = "import"
    EXPORT = "export"
    SEE_AUDIT = "see_audit"
    SEE_SETTINGS = "see_settings"
    KEEP_VAULT = "keep_vault"


OFFICE = SEES_EVERYTHING
VENUES = frozenset({R.OFFICER, R.MANAGER, R.OWNER})

RIGHTS: Mapping[Right, frozenset[Role]] = {
    Right.SEE_CASES: OFFICE | VENUES | {R.WARDEN, R.CREW},
    Right.SEE_VENUES: OFFICE | VENUES | {R.WARDEN, R.CREW},
    Right.KEEP_VENUES: frozenset({R.HANDLER, R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.KEEP_FACILITIES: frozenset({R.WARDEN, R.HANDLER, R.SUPERVISOR, R.ADMINISTRATOR, R.MANAGER, R.OWNER}),
    Right.DECIDE_VENUES: frozenset({R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.PRINT_CODES: frozenset({R.WARDEN, R.HANDLER, R.SUPERVISOR, R.ADMINISTRATOR, R.MANAGER, R.OWNER}),
    Right.SEE_PEOPLE: frozenset({R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR}),
    Right.MANAGE_PEOPLE: frozenset({R.ADMINISTRATOR}),
    Right.REVEAL_PHONES: frozenset({R.HANDLER, R.INSPECTOR, R.OPERATOR, R.WARDEN, R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.DELEGATE: frozenset({R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.MANAGE_AREAS: frozenset({R.ADMINISTRATOR}),
    Right.IMPORT: frozenset({R.ADMINISTRATOR}),
    Right.EXPORT: frozenset({R.HANDLER, R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR}),
    Right.SEE_AUDIT: frozenset({R.ADMINISTRATOR, R.AUDITOR}),
    Right.SEE_SETTINGS: frozenset({R.ADMINISTRATOR, R.AUDITOR}),
    Right.KEEP_VAULT: frozenset({R.ADMINISTRATOR}),
}
"""Right → the roles that have it; a right that is not here nobody has."""

RIGHT_LABELS: Mapping[Right, Label] = {
    Right.SEE_CASES: Label("查看案件", "See cases"),
    Right.SEE_VENUES: Label("查看场所及其设施", "See venues and their facilities"),
    Right.KEEP_VENUES: Label("维护场所资料与人员", "Keep a venue's record and people"),
    Right.KEEP_FACILITIES: Label("维护建筑、重点部位与设施", "Keep buildings, key parts and facilities"),
    Right.DECIDE_VENUES: Label(
        "停用、恢复、注销场所，重点单位认定", "Suspend, reinstate, close venues; name key units"
    ),
    Right.PRINT_CODES: Label("打印与补发二维码", "Print and re-issue codes"),
    Right.SEE_PEOPLE: Label("查看人员与任职", "See people and their posts"),
    Right.MANAGE_PEOPLE: Label("管理人员、任职与账号", "Manage people, posts and accounts"),
    Right.REVEAL_PHONES: Label("说明理由后查看工作人员电话", "See colleagues' and venues' phones, with a reason"),
    Right.DELEGATE: Label("安排代班", "Arrange holiday cover"),
    Right.MANAGE_AREAS: Label("管理区域、边界与单位", "Manage areas, boundaries and organisations"),
    Right.IMPORT: Label("批量导入", "Import"),
    Right.EXPORT: Label("导出", "Export"),
    Right.SEE_AUDIT: Label("查看审计日志", "See the audit log"),
    Right.SEE_SETTINGS: Label("查看系统设置", "See the settings"),
    Right.KEEP_VAULT: Label("更换密钥与执行脱敏", "Change keys, carry out redaction"),
}
