"""Areas and organisations in the administration: tree, map, import of outlines, changes, who may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from domain import register_log
from domain.database import Database
from domain.models import Area, AreaBoundary, AreaLead, Organisation
from domain.settings import get_settings
from tests.staff_member import Member, Office, form_of, hidden_fields, office_of
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def polygon(south: float, west: float, size: float = 0.1) -> dict[str, Any]:
    ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def geojson(**outlines: dict[str, Any]) -> bytes:
    features = [{"type": "Feature", "properties": {"code": code}, "geometry": one} for code, one in outlines.items()]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_an_administrator_adds_an_area_below_another_and_it_is_recorded(office: Office, db: Database) -> None:
    admin = office.member("admin")

    answer = admin.sends(
        "/admin/areas/new?parent=chengyang", "/admin/areas/new", code="laojie", name="老街片区", level="grid",
        parent="chengyang",
    )  # fmt: skip

    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/areas/laojie")
    page = admin.opens("/admin/areas/laojie").text
    assert "老街片区" in page
    assert "新增" in page
    with db.read() as session:
        area = session.exec(select(Area).where(Area.code == "laojie")).one()
        assert area.path == "lanshan/chengyang/laojie/"
        assert [entry.action for entry in register_log.of(session, area.id)] == ["add"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"code": "guanglong"}, "已有此代码的区域"),
        ({"code": "老街"}, "只能使用字母"),
        ({"level": "city"}, "级别必须低于其上级"),
        ({"parent": "nowhere"}, "没有此代码的区域"),
        ({"parent": "", "level": "city"}, "只有最初的一个区域"),
        ({"name": ""}, "请填写"),
        ({"level": "planet"}, ""),
    ],
)
def test_an_area_that_cannot_be_is_refused_and_what_was_typed_stays(
    office: Office, fields: dict[str, str], words: str
) -> None:
    typed = {"code": "laojie", "name": "老街片区", "level": "grid", "parent": "chengyang", **fields}

    answer = office.member("admin").sends("/admin/areas/new", "/admin/areas/new", **typed)

    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed["code"]}"' in answer.text


def test_a_map_is_taken_once_it_was_looked_at(office: Office, db: Database, world: World) -> None:
    admin = office.member("admin")
    file = geojson(guanglong=polygon(24.5, 129.5), fuxian=polygon(24.5, 129.6))

    looked = upload(admin, file)
    with db.read() as session:
        assert session.exec(select(AreaBoundary)).all() == []
    taken = admin.client.post(
        "/admin/areas/outlines", data=hidden_fields(form_of(looked.text, "/admin/areas/outlines")),
        follow_redirects=False,
    )  # fmt: skip

    assert looked.status_code == 200
    assert "<svg" in looked.text
    assert (taken.status_code, taken.headers["location"]) == (303, "/admin/areas?taken=2")
    with db.read() as session:
        rows = session.exec(select(AreaBoundary)).all()
        assert {row.area_id for row in rows} == {world.areas["guanglong"], world.areas["fuxian"]}
        assert {row.source for row in rows} == {"areas.geojson"}
    page = admin.opens("/admin/areas").text
    assert page.count("<path") == 2
    again = upload(admin, file)
    assert "2 个保持不变" in again.text


def upload(member: Member, file: bytes) -> Any:
    csrf = member.csrf("/admin/areas/outlines")
    return member.client.post(
        "/admin/areas/outlines", data={"csrf": csrf}, files={"file": ("areas.geojson", file, "application/geo+json")}
    )


def test_a_new_outline_ends_the_old_one(office: Office, db: Database, world: World) -> None:
    admin = office.member("admin")
    for size in (0.1, 0.12):
        looked = upload(admin, geojson(guanglong=polygon(24.5, 129.5, size)))
        admin.client.post("/admin/areas/outlines", data=hidden_fields(form_of(looked.text, "/admin/areas/outlines")))
        world.clock.advance(minutes=5)

    with db.read() as session:
        rows = session.exec(select(AreaBoundary).order_by(AreaBoundary.from_at)).all()

    assert [row.until_at for row in rows] == [rows[1].from_at, None]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "请选择"),
        (b"PK\x03\x04", "不是 GeoJSON"),
        (geojson(nowhere=polygon(24.5, 129.5)), "没有此代码的区域"),
        (geojson(guanglong=polygon(129.5, 24.5)), "经纬度似乎颠倒"),
        (b'{"type":"FeatureCollection","features":[{"geometry":null}]}', "没有 code 属性"),
    ],
)
def test_outlines_that_cannot_be_are_named_and_nothing_is_kept(
    office: Office, db: Database, file: bytes, words: str
) -> None:
    answer = upload(office.member("admin"), file)

    assert words in answer.text
    assert 'name="kept"' not in answer.text
    with db.read() as session:
        assert session.exec(select(AreaBoundary)).all() == []


def test_neighbours_that_share_ground_are_said_and_taken_all_the_same(office: Office) -> None:
    file = geojson(guanglong=polygon(24.5, 129.5), fuxian=polygon(24.5, 129.55))

    answer = upload(office.member("admin"), file)

    assert "重叠" in answer.text
    assert 'name="kept"' in answer.text


def test_a_lead_is_agreed_once_for_the_pair(office: Office, db: Database, world: World) -> None:
    admin = office.member("admin")
    for lead in ("guanglong", "fuxian"):
        answer = admin.sends("/admin/areas/guanglong/lead", "/admin/areas/guanglong/lead", other="fuxian", lead=lead)
        assert answer.status_code == 303
    wrong = admin.sends("/admin/areas/guanglong/lead", "/admin/areas/guanglong/lead", other="fuxian", lead="empty")

    assert wrong.status_code == 422
    with db.read() as session:
        assert session.exec(select(AreaLead)).one().lead_id == world.areas["fuxian"]
    assert "由 fuxian 牵头" in admin.opens("/admin/areas/guanglong").text


def test_an_area_with_something_in_it_does_not_end(office: Office, db: Database, world: World) -> None:
    answer = office.member("admin").sends(
        "/admin/areas/guanglong/end", "/admin/areas/guanglong/end", ended_on="2026-09-01", reason="合并"
    )

    assert answer.status_code == 422
    assert "2 个场所" in answer.text or "1 个场所" in answer.text
    with db.read() as session:
        assert session.get_one(Area, world.areas["guanglong"]).ended_on is None


def test_an_organisation_is_added_changed_and_ended(office: Office, db: Database) -> None:
    admin = office.member("admin")
    typed = {"code": "chengyang-dadui", "name": "澄阳大队", "kind": "brigade", "area": "chengyang"}
    typed["phone"] = "0877-6911119"

    added = admin.sends("/admin/organisations/new", "/admin/organisations/new", **typed)
    page = "/admin/organisations/chengyang-dadui"
    changed = admin.sends(f"{page}/change", f"{page}/change", name="澄阳区大队", kind="brigade", area="chengyang")
    ended = admin.sends(f"{page}/end", f"{page}/end", ended_on="2026-12-31", reason="并入市大队")

    assert [answer.status_code for answer in (added, changed, ended)] == [303, 303, 303]
    with db.read() as session:
        body = session.exec(select(Organisation)).one()
        assert (body.name, body.phone, body.ended_on.isoformat()) == ("澄阳区大队", None, "2026-12-31")
        assert [entry.action for entry in register_log.of(session, body.id)] == ["end", "change", "add"]
    assert "澄阳大队</del>" in admin.opens(page).text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "industry_department"}, "主管的行业"),
        ({"kind": "industry_department", "industry": "dragons"}, "请从给出的选项中选择"),
        ({"phone": "12"}, "电话"),
        ({"lat": "24.5"}, "同时填写纬度和经度"),
        ({"parent": "nobody"}, "没有此代码的单位"),
    ],
)
def test_an_organisation_that_cannot_be_is_refused(office: Office, fields: dict[str, str], words: str) -> None:
    typed = {"code": "x-1", "name": "某单位", "kind": "brigade", **fields}

    answer = office.member("admin").sends("/admin/organisations/new", "/admin/organisations/new", **typed)

    assert answer.status_code == 422
    assert words in answer.text


def test_the_log_tells_who_did_what_and_filters(office: Office) -> None:
    admin = office.member("admin")
    admin.sends("/admin/areas/new", "/admin/areas/new", code="laojie", name="老街", level="grid", parent="chengyang")
    auditor = office.member("auditor")

    everything = auditor.opens("/admin/audit").text
    other_kind = auditor.opens("/admin/audit", kind="organisation").text
    other_day = auditor.opens("/admin/audit", until="2020-01-01").text
    nonsense = auditor.opens("/admin/audit", since="yesterday", subject="x", cursor="zz")

    assert "老街" in everything
    assert "沈管理" in everything
    assert "没有条目" in other_kind
    assert "没有条目" in other_day
    assert nonsense.status_code == 303
    assert "yesterday 不是日期" in auditor.opens("/admin/audit", since="yesterday").text


def test_settings_are_shown_and_secrets_are_not(office: Office) -> None:
    page = office.member("auditor").opens("/admin/settings").text

    assert "FIRELINE_PUBLIC_URL" in page
    assert get_settings().secret_key not in page
    assert get_settings().vault_key not in page
    assert get_settings().twilio_auth_token not in page


@pytest.mark.parametrize("who", ["handler", "warden", "operator", "manager"])
@pytest.mark.parametrize("path", ["/admin/areas/new", "/admin/audit", "/admin/settings", "/admin/areas/guanglong/end"])
def test_who_may_not_is_told_so(office: Office, who: str, path: str) -> None:
    assert office.member(who).opens(path).status_code == 403
