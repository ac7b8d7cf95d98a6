"""The columns of a table of facilities: a row for each hydrant, extinguisher, door."""

from __future__ import annotations

from datetime import date

from domain import catalogue
from domain.identifiers import clean_facility_code, clean_venue_code
from domain.imports import readers
from domain.imports.lines import Column
from domain.language import N_, Label, Sentence

LOWEST, HIGHEST = -20, 200

COLUMNS: tuple[Column, ...] = (
    Column("code", Label("设施编码", "Facility code"), readers.identifier(clean_facility_code), width=14,
           also=("编码",),
           hint=Sentence("Only to change one that is there. New ones get their code from the system.")),
    Column("venue", Label("场所编码", "Venue code"), readers.identifier(clean_venue_code), width=12,
           hint=Sentence("The venue by its code, or by its credit code in the next column.")),
    Column("credit_code", Label("统一社会信用代码", "Unified social credit code"), readers.credit_code, width=22,
           also=("信用代码",)),
    Column("kind", Label("设施类型", "Kind"), required=True, width=22, example="extinguisher",
           also=("类型", "设施种类"),
           read=readers.one_of(catalogue.facility_kinds, N_("There is no kind of facility “%(given)s”."))),
    Column("number", Label("设施编号", "Number"), readers.text(24), required=True, also=("编号",), width=14,
           example="MH-001", hint=Sentence("As on the spot. By venue, kind and number a facility is known again.")),
    Column("building", Label("建筑", "Building"), readers.text(80), width=16, example="1号楼",
           also=("楼栋", "建筑名称"),
           hint=Sentence("One that is not there yet is entered.")),
    Column("floor", Label("楼层", "Floor"), readers.number(LOWEST, HIGHEST, whole=True), width=8, kind="number",
           example=3, hint=Sentence("1 is the ground floor, -1 the first below it")),
    Column("location", Label("位置", "Where exactly"), readers.text(120), also=("具体位置",), width=30,
           example="三层东侧走廊"),
    Column("model", Label("型号", "Model"), readers.text(60), also=("规格型号",), width=16, example="MFZ/ABC4"),
    Column("maker", Label("生产厂家", "Maker"), readers.text(80), also=("厂家",), width=20),
    Column("made_on", Label("生产日期", "Made on"), readers.day, width=12, kind="day"),
    Column("installed_on", Label("安装日期", "Installed on"), readers.day, width=12, kind="day",
           example=date(2026, 1, 1)),
    Column("expires_on", Label("到期日期", "To be serviced or replaced by"), readers.day, also=("有效期至",), width=12,
           kind="day"),
    Column("responsible_name", Label("责任人", "Person responsible"), readers.text(60), width=14, example="张一"),
    Column("responsible_phone", Label("责任人手机", "Their phone"), readers.phone, width=16, also=("责任人电话",),
           example="13800138000"),
    Column("venue_name", Label("场所名称", "Venue name"), readers.text_of, width=30, only_out=True),
    Column("responsible", Label("现责任人", "Responsible now"), readers.text_of, width=14, only_out=True),
)  # fmt: skip
