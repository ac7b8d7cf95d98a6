"""What people may do that is not a step of a case, and which roles may; where a role holds `domain.access` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.actors import Role
from domain.language import Label

R = Role

SEES_EVERYTHING = frozenset({R.HANDLER, R.INSPECTOR, R.OPERATOR, R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR})
"""Roles that know of every case of their area, venue or industry."""


class Right(StrEnum):
    """A right by name."""

    SEE_VENUES = "see_venues"
    KEEP_VENUES = "keep_venues"
    KEEP_FACILITIES = "keep_facilities"
    DECIDE_VENUES = "decide_venues"
    PRINT_CODES = "print_codes"
    SEE_PEOPLE = "see_people"
    MANAGE_PEOPLE = "manage_people"
    REVEAL_PHONES = "reveal_phones"
    DELEGATE = "delegate"
    SEE_AREAS = "see_areas"
    MANAGE_AREAS = "manage_areas"
    IMPORT = "import"
    EXPORT = "export"
    SEE_AUDIT = "see_audit"
    SEE_SETTINGS = "see_settings"
    CHANGE_SETTINGS = "change_settings"
    KEEP_VAULT = "keep_vault"
    SEE_FIGURES = "see_figures"
    SEE_TARGETS = "see_targets"
    SEE_REPORTS = "see_reports"
    SEE_RULES = "see_rules"
    KEEP_RULES = "keep_rules"
    SEE_PATROLS = "see_patrols"
    PLAN_PATROLS = "plan_patrols"
    KEEP_CHECKLISTS = "keep_checklists"
    PUBLISH_PATROLS = "publish_patrols"


OFFICE = SEES_EVERYTHING
VENUES = frozenset({R.OFFICER, R.MANAGER, R.OWNER})

RIGHTS: Mapping[Right, frozenset[Role]] = {
    Right.SEE_VENUES: OFFICE | VENUES | {R.WARDEN, R.CREW},
    Right.KEEP_VENUES: frozenset({R.HANDLER, R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.KEEP_FACILITIES: frozenset({R.WARDEN, R.HANDLER, R.SUPERVISOR, R.ADMINISTRATOR, R.MANAGER, R.OWNER}),
    Right.DECIDE_VENUES: frozenset({R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.PRINT_CODES: frozenset({R.WARDEN, R.HANDLER, R.SUPERVISOR, R.ADMINISTRATOR, R.MANAGER, R.OWNER}),
    Right.SEE_PEOPLE: frozenset({R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR}),
    Right.MANAGE_PEOPLE: frozenset({R.ADMINISTRATOR}),
    Right.REVEAL_PHONES: frozenset({R.HANDLER, R.INSPECTOR, R.OPERATOR, R.WARDEN, R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.DELEGATE: frozenset({R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.SEE_AREAS: OFFICE | {R.WARDEN, R.CREW},
    Right.MANAGE_AREAS: frozenset({R.ADMINISTRATOR}),
    Right.IMPORT: frozenset({R.ADMINISTRATOR}),
    Right.EXPORT: frozenset({R.HANDLER, R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR}),
    Right.SEE_AUDIT: frozenset({R.ADMINISTRATOR, R.AUDITOR}),
    Right.SEE_SETTINGS: frozenset({R.ADMINISTRATOR, R.AUDITOR}),
    Right.CHANGE_SETTINGS: frozenset({R.ADMINISTRATOR}),
    Right.KEEP_VAULT: frozenset({R.ADMINISTRATOR}),
    Right.SEE_FIGURES: OFFICE | {R.WARDEN},
    Right.SEE_TARGETS: frozenset({R.SUPERVISOR, R.LEADER}),
    Right.SEE_REPORTS: frozenset({R.HANDLER, R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR}),
    Right.SEE_RULES: frozenset({R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR}),
    Right.KEEP_RULES: frozenset({R.ADMINISTRATOR}),
    Right.SEE_PATROLS: frozenset({R.HANDLER, R.INSPECTOR, R.SUPERVISOR, R.LEADER, R.ADMINISTRATOR, R.AUDITOR, R.WARDEN})
    | VENUES,
    Right.PLAN_PATROLS: frozenset({R.MANAGER, R.OWNER, R.WARDEN, R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.KEEP_CHECKLISTS: frozenset({R.MANAGER, R.OWNER, R.SUPERVISOR, R.ADMINISTRATOR}),
    Right.PUBLISH_PATROLS: frozenset({R.SUPERVISOR, R.LEADER}),
}
"""Right → the roles that have it; a right that is not here nobody has."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Who reads one thing of a case they may know of."""

    words: Label
    roles: frozenset[Role]
    besides: Label | None = None
    """Who else, and on which condition."""


FIELDS: Mapping[str, FieldRule] = {
    "reporter_words": FieldRule(
        Label("举报人的描述、地点、位置与照片", "What the reporter wrote and photographed, their place and position"),
        frozenset({R.HANDLER, R.INSPECTOR, R.SUPERVISOR, R.LEADER}),
        Label("专管员：仅限指派给本人的案件；场所一方：仅限受理员发布的内容",
              "a warden: of cases assigned to them; the venue's side: what a handler has released"),
    ),
    "reporter_phone_masked": FieldRule(
        Label("举报人是否留有电话（打码）", "That the reporter left a phone, masked"),
        frozenset({R.HANDLER, R.SUPERVISOR}),
    ),
    "reporter_identity": FieldRule(
        Label("举报人姓名与电话", "The reporter's name and phone"),
        frozenset(),
        Label("受理员、监督员、主管说明理由申请，另一名主管或负责人同意后一小时内，逐次留痕",
              "a handler, inspector or supervisor who asked with a reason, within an hour of a second "
              "person's consent, each look recorded"),
    ),
    "colleagues_remarks": FieldRule(
        Label("内部备注", "Remarks among colleagues"), SEES_EVERYTHING | {R.WARDEN}
    ),
    "every_call": FieldRule(
        Label("全部短信与电话记录", "Every message and call of a case"),
        SEES_EVERYTHING,
        Label("其他人：仅限发给本人的", "others: those made to themselves"),
    ),
    "applicant_name": FieldRule(
        Label("入驻申请中责任人的姓名（通过前）", "The name of who answers for a place, on its application"),
        frozenset({R.HANDLER, R.SUPERVISOR}),
        Label("审核时须与证照核对；其他人打码", "who reviews compares it with the licence; masked for everybody else"),
    ),
    "application_papers": FieldRule(
        Label("入驻申请的材料、说明与打码电话", "Documents, remark and masked phone of an application"),
        frozenset({R.HANDLER, R.INSPECTOR, R.SUPERVISOR, R.LEADER}),
        Label("通过后材料归入场所", "documents go to the venue with the approval"),
    ),
}  # fmt: skip
"""What of a case not everybody reads who may know of it."""


RIGHT_LABELS: Mapping[Right, Label] = {
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
    Right.SEE_AREAS: Label("查看区域与单位", "See areas and organisations"),
    Right.MANAGE_AREAS: Label("管理区域、边界与单位", "Manage areas, boundaries and organisations"),
    Right.IMPORT: Label("批量导入", "Import"),
    Right.EXPORT: Label("导出", "Export"),
    Right.SEE_AUDIT: Label("查看审计日志", "See the audit log"),
    Right.SEE_SETTINGS: Label("查看系统设置", "See the settings"),
    Right.CHANGE_SETTINGS: Label("更改运行设置", "Change settings at run time"),
    Right.KEEP_VAULT: Label("更换密钥与执行脱敏", "Change keys, carry out redaction"),
    Right.SEE_FIGURES: Label("查看地图与驾驶舱", "See the map and the cockpit"),
    Right.SEE_TARGETS: Label("查看每名专管员的任务与目标", "See each warden's tasks against the targets"),
    Right.SEE_REPORTS: Label("查看时限报表", "See the reports of deadlines"),
    Right.SEE_RULES: Label("查看工作日历与时限依据", "See the calendar and what deadlines are counted by"),
    Right.KEEP_RULES: Label("导入工作日历、设定时限", "Import years of the calendar, set limits"),
    Right.SEE_PATROLS: Label("查看巡查计划、任务与完成情况", "See patrol plans, tasks and how they are kept"),
    Right.PLAN_PATROLS: Label("制定巡查计划与值班表", "Plan patrols and rosters"),
    Right.KEEP_CHECKLISTS: Label("编写检查表", "Write checklists"),
    Right.PUBLISH_PATROLS: Label("发布专项巡查", "Publish special campaigns"),
}
