"""The columns of a table of venues."""

from __future__ import annotations

from datetime import date

from domain import catalogue
from domain.coordinates import SYSTEM_LABELS
from domain.identifiers import clean_venue_code
from domain.imports import readers
from domain.imports.lines import Column
from domain.language import N_, Label, Sentence

COLUMNS: tuple[Column, ...] = (
    Column("code", Label("场所编码", "Venue code"), readers.identifier(clean_venue_code), also=("编码",), width=12,
           hint=Sentence("Only to change a venue that is there. New venues get their code from the system.")),
    Column("credit_code", Label("统一社会信用代码", "Unified social credit code"), readers.credit_code, width=22,
           also=("信用代码", "credit code"), example="91530481MA6K00001W",
           hint=Sentence("18 characters, as on the licence. By it a venue is known again.")),
    Column("name", Label("场所名称", "Name"), readers.text(80), required=True, also=("名称", "单位名称"), width=30,
           example="宽澄·鼎元一期南", hint=Sentence("As on the sign at the door.")),
    Column("name_en", Label("英文名称", "Name in English"), readers.text(120), width=24),
    Column("class_code", Label("场所类别", "Class"), required=True, also=("类别",), width=26, example="V09",
           read=readers.one_of(catalogue.venue_classes, N_("There is no class “%(given)s”: V01 to V14, or its name.")),
           hint=Sentence("One of the fourteen classes, by code or name.")),
    Column("industry", Label("行业", "Industry"), width=16, example="hotel",
           read=readers.one_of(catalogue.industries, N_("There is no industry “%(given)s”."))),
    Column("address", Label("地址", "Address"), readers.text(200), required=True, also=("详细地址",), width=36,
           example="环城北路南侧鼎元一期南楼"),
    Column("area", Label("所属区域", "Area"), readers.text(120), required=True, also=("区域", "区域编码", "片区"),
           width=22, example="guanglong", hint=Sentence("The code of the area, or its name.")),
    Column("lat", Label("纬度", "Latitude"), readers.number(-1e4, 1e4), width=12, kind="number", also=("lat",),
           example=24.531),
    Column("lon", Label("经度", "Longitude"), readers.number(-1e4, 1e4), width=12, kind="number",
           also=("lon", "lng"), example=129.618),
    Column("system", Label("坐标系", "Coordinate system"), width=14, example="WGS-84",
           read=readers.one_of(lambda: SYSTEM_LABELS,
                               N_("“%(given)s” is no coordinate system: WGS-84, GCJ-02 or BD-09.")),
           hint=Sentence("What map the position is from. Empty: WGS-84. Kept as WGS-84 in any case.")),
    Column("phone", Label("场所电话", "Telephone of the venue"), readers.phone, also=("电话",), width=16,
           example="0877-6911119"),
    Column("hours", Label("营业时间", "Opening hours"), readers.hours, width=26, example="每天 09:00-22:00"),
    Column("way_out", Label("疏散提示", "The way out"), readers.text(300), width=30,
           hint=Sentence("What visitors read after scanning the code.")),
    Column("opened_on", Label("启用日期", "In the register since"), readers.day, width=12, kind="day",
           example=date(2026, 1, 1), hint=Sentence("Empty: the day of the import.")),
    *(Column(key, label, readers.number(0, catalogue.LARGEST_SIZE, whole=key not in ("area_m2", "height_m")), width=12,
             kind="number") for key, label in catalogue.SIZES.items()),
    Column("key_unit_since", Label("重点单位认定日期", "Key unit since"), readers.day, width=14, kind="day"),
    Column("key_unit_basis", Label("重点单位认定依据", "Key unit by"), readers.text(300), width=20),
    Column("owner_name", Label("消防安全责任人", "Responsible person"), readers.text(60), width=14, also=("责任人",),
           example="张一", hint=Sentence("By real name.")),
    Column("owner_phone", Label("责任人手机", "Responsible person's phone"), readers.phone, width=16,
           also=("责任人电话",), example="13800138000"),
    Column("manager_name", Label("消防安全管理人", "Fire safety manager"), readers.text(60), width=14,
           also=("管理人",)),
    Column("manager_phone", Label("管理人手机", "Fire safety manager's phone"), readers.phone, width=16,
           also=("管理人电话",)),
    Column("officer_name", Label("消防巡查人", "Patrol officer"), readers.text(60), width=14, also=("巡查人",)),
    Column("officer_phone", Label("巡查人手机", "Patrol officer's phone"), readers.phone, width=16,
           also=("巡查人电话",)),
    Column("state", Label("状态", "State"), readers.text_of, width=10, only_out=True),
    Column("closed_on", Label("注销日期", "Closed on"), readers.text_of, width=12, kind="day", only_out=True),
)  # fmt: skip
