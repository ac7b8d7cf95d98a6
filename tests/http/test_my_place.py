"""A small place begins by itself, does its check in one form without scripts, and sees what raises its score."""

from __future__ import annotations

import re

import pytest
from httpx import Response
from sqlmodel import select
from starlette.testclient import TestClient

from domain.actors import Role
from domain.models import Case, ChecklistVersion, PatrolAnswer, PatrolBatch, PatrolPlan, PatrolTask, Person
from tests.pictures import jpeg
from tests.reach import Stage


@pytest.fixture
def owner(site, stage: Stage) -> TestClient:
    """The owner of a place without any plan."""
    with stage.db.write() as session:
        for plan in session.execute(select(PatrolPlan)).scalars():
            plan.until_on = plan.from_on
    return stage.client(site, Role.OWNER)


def begun(owner: TestClient, stage: Stage) -> tuple[str, dict[str, str]]:
    """Begin, and return the address of the first check with what its form holds."""
    owner.post(f"/my-place/{stage.here.venue_code}/start")
    with stage.db.read() as session:
        query = select(Case.number).join(PatrolTask, PatrolTask.case_id == Case.id)
        numbers = session.execute(query.join(PatrolPlan, PatrolPlan.id == PatrolTask.plan_id)
                                  .where(PatrolPlan.title.like("%自查"))).scalars().all()  # fmt: skip
    assert len(numbers) == 1
    address = f"/my-place/{numbers[0]}"
    page = owner.get(address).text
    names = re.findall(r'type="radio" name="([^"]+)" value="pass"', page)
    batch = re.search(r'name="batch" value="([^"]+)"', page)
    assert batch
    return address, {"batch": batch[1], **dict.fromkeys(names, "pass")}


def with_photos(form: dict[str, str]) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [
        (f"{name}-photo", ("a.jpg", jpeg(seed=place), "image/jpeg"))
        for place, name in enumerate(form)
        if name.startswith("item-")
    ]


def points(owner: TestClient) -> int:
    found = re.search(r'class="score">(\d+)<', owner.get("/my-place").text)
    assert found
    return int(found[1])


def test_a_place_begins_at_once_and_only_once(owner: TestClient, stage: Stage) -> None:
    before = owner.get("/my-place")
    offered = re.search(r"<b>\+(\d+)</b>", before.text)
    low = points(owner)

    begun(owner, stage)
    owner.post(f"/my-place/{stage.here.venue_code}/start")

    assert before.text.count("<li>") >= 5
    assert offered
    assert points(owner) == low + int(offered[1])
    assert owner.post(f"/my-place/{stage.there.venue_code}/start").status_code == 404
    with stage.db.read() as session:
        assert len(session.execute(select(PatrolPlan).where(PatrolPlan.title.like("%自查"))).all()) == 1


def test_the_check_is_done_in_one_form_and_counts_once_however_often_it_is_sent(
    owner: TestClient, stage: Stage
) -> None:
    address, form = begun(owner, stage)

    before = points(owner)
    done = owner.post(address, data=form, files=with_photos(form))
    again = owner.post(address, data=form, files=with_photos(form))

    assert (done.status_code, done.headers.get("location")) == (303, "/my-place?done=checked")
    assert again.status_code == 303
    with stage.db.read() as session:
        task = session.execute(select(PatrolTask).where(PatrolTask.outcome == "done")).scalar_one()
        answers = session.execute(select(PatrolAnswer).where(PatrolAnswer.case_id == task.case_id)).scalars().all()
        assert len(answers) == len(form) - 1
        assert len(session.execute(select(PatrolBatch).where(PatrolBatch.case_id == task.case_id)).all()) == 1
    assert points(owner) == before


def test_what_is_missing_is_said_beside_it_and_nothing_typed_is_lost(owner: TestClient, stage: Stage) -> None:
    address, form = begun(owner, stage)
    *_, last = form
    first = next(name for name in form if name.startswith("item-"))
    holes = {**{name: value for name, value in form.items() if name != last}, f"{first}-comment": "门口堆了两箱"}

    refused = owner.post(address, data=holes, files=with_photos(form)[:1])
    kept = re.findall(r'name="([^"]+)-kept" value="([^"]+)"', refused.text)

    assert refused.status_code == 422
    assert f'id="{last}-error"' in refused.text
    assert 'value="门口堆了两箱"' in refused.text
    assert f'name="{first}" value="pass" required checked' in refused.text
    assert [name for name, _ in kept] == [first]


def test_a_failure_without_a_photo_is_refused_and_with_one_opens_a_rectification_that_costs_nothing(
    owner: TestClient, stage: Stage
) -> None:
    address, form = begun(owner, stage)
    honest = points(owner)
    failing = next(name for name in form if name.startswith("item-"))
    form[failing] = "fail"
    with stage.db.read() as session:
        before = len(session.execute(select(Case).where(Case.process == "rectification")).all())

    without = owner.post(address, data=form, files=[one for one in with_photos(form) if not one[0].startswith(failing)])
    kept = {f"{name}-kept": photo for name, photo in re.findall(r'name="([^"]+)-kept" value="([^"]+)"', without.text)}
    batch = re.search(r'name="batch" value="([^"]+)"', without.text)
    assert batch
    done = owner.post(address, data={**form, **kept, "batch": batch[1]}, files=with_photos({failing: "fail"}))

    assert without.status_code == 422
    assert f'id="{failing}-error"' in without.text
    assert done.status_code == 303
    with stage.db.read() as session:
        assert len(session.execute(select(Case).where(Case.process == "rectification")).all()) == before + 1
    assert points(owner) == honest


def test_a_signed_check_is_signed_by_typing_ones_own_name(owner: TestClient, stage: Stage) -> None:
    address, form = begun(owner, stage)
    with stage.db.write() as session:
        number = address.rpartition("/")[2]
        task = session.execute(select(PatrolTask).join(Case, Case.id == PatrolTask.case_id)
                               .where(Case.number == number)).scalar_one()  # fmt: skip
        session.get_one(ChecklistVersion, task.version_id).is_signed = True
        name = session.get_one(Person, stage.people[Role.OWNER]).name
        task_id = task.case_id

    def records() -> int:
        with stage.db.read() as session:
            return len(session.execute(select(PatrolAnswer).where(PatrolAnswer.case_id == task_id)).all())

    def press(page: str, **signed: str) -> Response:
        kept = {f"{name}-kept": photo for name, photo in re.findall(r'name="([^"]+)-kept" value="([^"]+)"', page)}
        batch = re.search(r'name="batch" value="([^"]+)"', page)
        assert batch
        return owner.post(address, data={**form, **kept, "batch": batch[1], **signed})

    unsigned = owner.post(address, data=form, files=with_photos(form))
    stored = records()
    opened_again = owner.get(address)
    anothers = press(opened_again.text, signature="别人的名字", **{"signature-confirmed": "yes"})
    unconfirmed = press(anothers.text, signature=name)
    done = press(unconfirmed.text, signature=name, **{"signature-confirmed": "yes"})

    assert [one.status_code for one in (unsigned, anothers, unconfirmed, done)] == [422, 422, 422, 303]
    assert opened_again.text.count('value="pass" required checked') == len(form) - 1
    assert opened_again.text.count("-kept") == len(form) - 1
    assert 'id="signature-error"' in anothers.text
    assert 'value="别人的名字"' in anothers.text
    assert 'id="signature-confirmed-error"' in unconfirmed.text
    assert (stored, records()) == (len(form) - 1, len(form) - 1)
    assert name in owner.get(f"/patrols/{address.rpartition('/')[2]}").text


def test_another_places_check_is_not_there(owner: TestClient, site, stage: Stage) -> None:
    address, form = begun(owner, stage)
    warden = stage.client(site, Role.WARDEN)

    assert warden.get(address).status_code == 403
    assert owner.get(f"/my-place/XC-{stage.there.things['serial']}").status_code == 404
    assert owner.get("/my-place?lang=en").status_code == 200
    assert form
