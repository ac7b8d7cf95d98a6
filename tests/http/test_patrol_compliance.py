"""The pages of how patrols are kept: numbers that lead to their tasks, and excusing several of them."""

from __future__ import annotations

import re

import pytest
from sqlmodel import Session, select

from domain.actors import Role
from domain.database import Database
from domain.models import Case, Errand, PatrolTask
from tests import patrol_counts, patrols
from tests.reach import Stage
from tests.world import World

MONTH = "from=2026-08-01&until=2026-08-31"


@pytest.fixture
def desk(site, stage: Stage):
    """A supervisor of the first district, and a month of patrols in it."""
    with stage.db.write() as session:
        patrol_counts.fill(session, stage.world, tasks=120, seed=11)
    return stage.client(site, Role.SUPERVISOR)


def test_a_number_leads_to_as_many_tasks(desk) -> None:
    page = desk.get(f"/patrols?{MONTH}")
    answer = desk.get(f"/api/v1/patrols/compliance?{MONTH}").json()["whole"]

    assert page.status_code == 200
    for figure in ("planned", "missed", "excused"):
        found = re.search(rf'href="(/patrols/tasks\?[^"]*figure={figure}[^"]*)">(\d+)</a>', page.text)
        assert found
        assert int(found[2]) == answer[figure]
    numbers: list[str] = []
    address = f"/patrols/tasks?{MONTH}&figure=missed"
    while address:
        listed = desk.get(address).text
        numbers += re.findall(r'name="number" value="([^"]+)"', listed)
        following = re.search(r'rel="next" href="([^"]+)"', listed)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(numbers) == len(set(numbers)) == answer["missed"]


@pytest.mark.parametrize("by", ["venue", "person"])
def test_venues_and_people_have_pages_of_their_own_in_both_languages(desk, by: str) -> None:
    page = desk.get(f"/patrols?{MONTH}&by={by}")
    english = desk.get(f"/patrols?{MONTH}&by={by}&lang=en", headers={"accept-language": "en"})

    assert page.status_code == english.status_code == 200
    assert "应查" in page.text
    assert "/patrols/tasks?" in page.text


def test_what_cannot_be_counted_is_said_beside_what_was_typed(desk) -> None:
    wrong = desk.get("/patrols?from=2026-09-01&until=2026-08-01")
    hidden = desk.get("/patrols?area=wanglan")

    assert wrong.status_code == 422
    assert 'value="2026-09-01"' in wrong.text
    assert 'role="alert"' in wrong.text
    assert hidden.status_code == 404
    assert "没有这项数据。" in desk.get("/patrols/tasks?figure=zzz").text
    asked = [desk.get(f"/api/v1/patrols/compliance{unknown}") for unknown in ("/tasks?figure=zzz", "?campaign=zz")]
    assert [(one.status_code, [error["field"] for error in one.json()["errors"]]) for one in asked] == [
        (422, ["figure"]), (422, ["campaign"]),
    ]  # fmt: skip


def test_several_are_excused_with_one_reason_and_once(db: Database, world: World, site, stage: Stage) -> None:
    with db.write() as session:
        numbers = [patrols.make_task(session, world).number for _ in range(2)]
    client = stage.client(site, Role.SUPERVISOR)

    asked = client.post("/patrols/excuse", data={"number": numbers})
    without = client.post("/patrols/excuse", data={"number": numbers, "sure": "1", "reason": " "})
    done = client.post("/patrols/excuse", data={"number": numbers, "sure": "1", "reason": "停业装修"})
    again = client.post("/patrols/excuse", data={"number": numbers, "sure": "1", "reason": "停业装修"})

    assert all(number in asked.text for number in numbers)
    assert without.status_code == 422
    assert "done=2" in done.headers["location"]
    assert "done=0&left=2" in again.headers["location"]
    with db.read() as session:
        assert states(session, numbers) == {("excused", "excused")}


def states(session: Session, numbers: list[str]) -> set[tuple[str, str]]:
    query = select(Case.state, PatrolTask.outcome).join(PatrolTask, PatrolTask.case_id == Case.id)
    return set(session.execute(query.where(Case.number.in_(numbers))).tuples().all())


def test_a_warden_excuses_nobody(db: Database, world: World, site, stage: Stage) -> None:
    with db.write() as session:
        task = patrols.make_task(session, world)
    client = stage.client(site, Role.WARDEN)

    client.post("/patrols/excuse", data={"number": [task.number], "sure": "1", "reason": "停业装修"})

    with db.read() as session:
        assert states(session, [task.number]) == {("open", "")}


def test_the_patrols_of_a_page_are_exported(desk, stage: Stage) -> None:
    sent = desk.post("/exports", data={"table": "patrols", "address": f"/patrols?{MONTH}&frequency=daily"})

    assert sent.status_code == 303
    with stage.db.read() as session:
        errand = session.execute(select(Errand).where(Errand.kind == "export")).scalar_one()
    assert errand.data["wanted"] == {"from_on": "2026-08-01", "until_on": "2026-08-31", "frequency": "daily"}
