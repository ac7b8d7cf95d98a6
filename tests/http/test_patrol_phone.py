"""The phone's own addresses: what it takes along, what it brings back, who is refused and how."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain import tidying
from domain.database import Database
from domain.models import Photo
from tests.patrols import Phone, Round, keep_photo, make_task
from tests.pictures import jpeg
from tests.staff_member import Member, Office, office_of
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as office:
        yield office


@pytest.fixture
def task(db: Database, world: World) -> Round:
    with db.write() as session:
        return make_task(session, world)


def send(member: Member, body: dict[str, Any], csrf: str) -> Any:
    return member.client.post("/patrol/sync", json=body, headers={"x-csrf": csrf})


def test_phone_takes_its_work_along_does_it_and_sends_it_once(office: Office, world: World, task: Round) -> None:
    officer = office.member("officer")
    work = officer.opens("/patrol/work")
    given = work.json()
    listed = given["tasks"][0]
    assert (listed["number"], listed["state"], len(listed["points"])) == (task.number, "open", 3)
    assert given["versions"][listed["version"]]["items"][0]["code"] == "P01"
    again = officer.client.get("/patrol/work", headers={"if-none-match": work.headers["etag"]})
    assert again.status_code == 304

    phone = Phone(world, task)
    phone.walks()
    photo = str(uuid4())
    headers = {"x-csrf": given["csrf"]}
    picture = {"file": ("a.jpg", jpeg(), "image/jpeg")}
    assert officer.client.put(f"/patrol/photos/{photo}", files=picture, headers=headers).status_code == 201
    assert officer.client.put(f"/patrol/photos/{photo}", files=picture, headers=headers).status_code == 200
    phone.finds(1, "P06", "fail", photos=[photo], comment="压力不足")
    body = phone.delivery(done=True)
    said = send(officer, body, given["csrf"])

    assert said.status_code == 200, said.text
    assert (said.json()["state"], said.json()["refused"]) == ("done", [])
    assert len(said.json()["rectifications"]) == 1
    assert send(officer, body, given["csrf"]).json() == said.json()
    assert officer.opens("/patrol/work").json()["tasks"][0]["state"] == "done"


def test_photo_of_an_answer_that_came_first_is_given_to_its_task(
    office: Office, db: Database, world: World, task: Round
) -> None:
    officer, photo = office.member("officer"), str(uuid4())
    phone = Phone(world, task)
    phone.finds(1, "P06", "fail", photos=[photo])
    assert [one["kind"] for one in phone.delivers(db)["doubts"]] == ["photo_missing", "no_check_in"]

    for sender, found in (("manager", None), ("officer", task.task_id)):
        member = office.member(sender)
        proof = {"x-csrf": member.opens("/patrol/work").json()["csrf"]}
        sent = {"file": ("a.jpg", jpeg(seed=7), "image/jpeg")}
        member.client.put(f"/patrol/photos/{photo}", files=sent, data={"task": str(task.task_id)}, headers=proof)
        with db.read() as session:
            assert session.get_one(Photo, UUID(photo)).case_id == found
    assert officer.client.get(f"/photos/{photo}/thumbnail").status_code == 200
    assert "所附照片后来已补传。" in officer.opens(f"/patrols/{task.number}").text


def test_photo_that_comes_first_waits_a_month_for_the_record_that_names_it(
    office: Office, db: Database, world: World, task: Round
) -> None:
    kept = {who: str(uuid4()) for who in ("officer", "warden2", "late")}

    def upload(member: Member, photo: str, **named: str) -> None:
        proof = {"x-csrf": member.opens("/patrol/work").json()["csrf"]}
        picture = {"file": ("a.jpg", jpeg(seed=len(photo)), "image/jpeg")}
        assert member.client.put(f"/patrol/photos/{photo}", files=picture, data=named, headers=proof).is_success

    upload(office.member("officer"), kept["officer"], task=str(task.task_id))
    upload(office.member("warden2"), kept["warden2"], task=str(task.task_id))
    upload(office.member("officer"), kept["late"], task="no task")
    at = world.clock.advance(days=29)
    with db.write() as session:
        assert tidying.tidy(session, at=at).counts["photos"] == 2
    assert office.member("officer").client.get(f"/photos/{kept['officer']}/full").status_code == 404

    phone = Phone(world, task)
    phone.finds(1, "P06", "fail", photos=[kept["officer"]])
    said = phone.delivers(db)
    assert "photo_missing" not in {one["kind"] for one in said["doubts"]}
    with db.write() as session:
        assert session.get_one(Photo, UUID(kept["officer"])).case_id == task.task_id
        forgotten = keep_photo(session, at=at - timedelta(days=31), held_for=task.task_id)
    with db.write() as session:
        assert tidying.tidy(session, at=at).counts["photos"] == 1
        assert session.get(Photo, UUID(forgotten)) is None


def test_signature_that_comes_late_is_given_to_its_task_and_none_takes_too_many(
    office: Office, db: Database, world: World
) -> None:
    with db.write() as session:
        task = make_task(session, world, is_signed=True)
    phone, photos = Phone(world, task), [str(uuid4()) for _ in range(3)]
    phone.walks()
    phone.finds(1, "P06", photos=photos[1:])
    assert phone.delivers(db, done=True, signature=photos[0])["state"] == "done"
    with db.write() as session:
        for _ in range(148):
            keep_photo(session, at=world.clock.now, case_id=task.task_id)
    officer = office.member("officer")
    proof = {"x-csrf": officer.opens("/patrol/work").json()["csrf"]}

    for photo in photos:
        sent = {"file": ("a.jpg", jpeg(seed=3), "image/jpeg")}
        officer.client.put(f"/patrol/photos/{photo}", files=sent, data={"task": str(task.task_id)}, headers=proof)

    with db.read() as session:
        owners = [session.get_one(Photo, UUID(photo)).case_id for photo in photos]
    assert owners == [task.task_id, task.task_id, None]


def test_refusals_are_problems_in_json(office: Office, world: World, task: Round) -> None:
    body = Phone(world, task).delivery()
    nobody, officer = office.nobody(), office.member("officer")
    csrf = officer.opens("/patrol/work").json()["csrf"]

    assert (nobody.opens("/patrol/work").status_code, send(nobody, body, csrf).status_code) == (401, 401)
    assert send(officer, body, "x").json()["type"] == "/problems/foreign-form"
    damaged = send(officer, {**body, "sent_at": "yesterday"}, csrf)
    assert (damaged.status_code, damaged.json()["errors"][0]["field"]) == (422, "sent_at")
    crowded = send(officer, {**body, "answers": [{"id": str(uuid4())}] * 3001}, csrf)
    assert (crowded.status_code, crowded.json()["errors"][0]["field"]) == (422, "answers")
    text = {"file": ("a.jpg", b"no picture", "image/jpeg")}
    answer = officer.client.put(f"/patrol/photos/{uuid4()}", files=text, headers={"x-csrf": csrf})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-an-image")
