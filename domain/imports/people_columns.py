"""The columns of a table of people: a row for each post."""

from __future__ import annotations

from datetime import date

from domain import catalogue
from domain.actors import ROLE_LABELS, Role
from domain.identifiers import clean_venue_code
from domain.imports import readers
from domain.imports.lines import Column
from domain.language import N_, Label, Sentence

NOT_IMPORTED = frozenset({Role.REPORTER, Role.APPLICANT, Role.SYSTEM, Role.ADMINISTRATOR, Role.AUDITOR})
"""Nobody is appointed to these by a table: they are no posts, or they are given one by one."""
ROLES = {role.value: label for role, label in ROLE_LABELS.items() if role not in NOT_IMPORTED}

COLUMNS: tuple[Column, ...] = (
    Column("name", Label("姓名", "Name"), readers.text(60), required=True, width=14, example="张一",
           hint=Sentence("By real name.")),
    Column("phone", Label("手机", "Phone"), readers.phone, also=("电话", "手机号", "手机号码"), width=16,
           example="13800138000", hint=Sentence("By name and phone a person is known again.")),
    Column("role", Label("岗位", "Post"), required=True, also=("职务", "角色", "role"), width=18, example="warden",
           read=readers.one_of(lambda: ROLES, N_("“%(given)s” is no post that a table can give."))),
    Column("area", Label("所属区域", "Area"), readers.text(120), also=("区域", "区域编码", "片区"), width=22,
           example="guanglong", hint=Sentence("For posts that work on an area: its code or name.")),
    Column("venue", Label("场所编码", "Venue code"), readers.identifier(clean_venue_code), width=12,
           hint=Sentence("For posts at a venue: its code.")),
    Column("credit_code", Label("统一社会信用代码", "Unified social credit code"), readers.credit_code, width=22,
           also=("信用代码",), hint=Sentence("Instead of the venue's code.")),
    Column("organisation", Label("单位编码", "Organisation"), readers.text(24), also=("单位",), width=16,
           hint=Sentence("Code of the brigade, station or office the person belongs to.")),
    Column("industry", Label("行业", "Industry"), width=16,
           hint=Sentence("Narrows the post to venues of one industry."),
           read=readers.one_of(catalogue.industries, N_("There is no industry “%(given)s”."))),
    Column("from_on", Label("任职起", "First day"), readers.day, width=12, kind="day", example=date(2026, 1, 1),
           hint=Sentence("Empty: the day of the import.")),
    Column("until_on", Label("任职止", "Last day"), readers.day, width=12, kind="day"),
)  # fmt: skip
