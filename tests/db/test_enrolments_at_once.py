"""Several reviewers and several clerks at the same moment: one venue, one code, nothing left over by who lost."""

from __future__ import annotations

from functools import partial

from sqlmodel import select

from domain import cases, enrolments, register_log, venue_codes
from domain.actors import ANY_APPLICANT
from domain.database import Database
from domain.models import Case, Document, Person, Post, RegisterEntry, Venue, VenueCode
from domain.processes.enrolment_forms import Application
from domain.workflow import TransitionRefused
from tests.at_once import at_once
from tests.journeys import APPLICANT_PHONE, apply, press
from tests.world import World

CREDIT_CODE = "91530402MA6K5XKJ3C"


def under_review(db: Database, world: World, **said: object) -> Case:
    with db.write() as session:
        case = apply(session, world, **said)
        press(session, world, case, "handler", "start_review")
        return case


def approve(db: Database, world: World, case: Case, who: str) -> str:
    """Approve the application as it was read before everybody started."""
    with db.write() as session:
        copy = Case(**case.model_dump())
        cases.fire(session, copy, "approve", actor=world.actor(session, who), at=world.clock.now)
        return copy.state


def made(db: Database) -> dict[str, int]:
    with db.read() as session:
        assert register_log.verify_everything(session).whole
        return {
            "venues": len(session.exec(select(Venue).where(Venue.name == "广龙小卖部")).all()),
            "people": len(session.exec(select(Person).where(Person.phone == APPLICANT_PHONE)).all()),
            "entries": len(session.exec(select(RegisterEntry).where(RegisterEntry.action == "enrol")).all()),
        }


def test_two_who_approve_one_application_make_one_venue(db: Database, world: World) -> None:
    case = under_review(db, world)
    everybody = [partial(approve, db, world, case, who) for who in ("handler", "supervisor") * 2]

    results = at_once(everybody)

    assert results.count("approved") == 1
    assert sum(isinstance(result, cases.CaseChanged) for result in results) == 3
    assert made(db) == {"venues": 1, "people": 1, "entries": 1}


def test_two_applications_for_one_credit_code_make_one_venue(db: Database, world: World) -> None:
    both = [under_review(db, world, credit_code=CREDIT_CODE) for _ in range(2)]

    results = at_once([partial(approve, db, world, case, "supervisor") for case in both])

    assert results.count("approved") == 1
    [refused] = [result for result in results if isinstance(result, TransitionRefused)]
    assert "信用代码" in refused.reason.in_language("zh_CN")
    assert made(db) == {"venues": 1, "people": 1, "entries": 1}
    with db.read() as session:
        posts = session.exec(select(Post).where(Post.from_on == world.clock.now.date())).all()
        assert len(posts) == 1
        assert session.exec(select(Document)).all() == []


def test_one_form_sent_at_once_is_one_application(db: Database, world: World) -> None:
    said = Application.model_validate(
        {"name": "甲店", "class_code": "V06", "address": "甲路", "area": "guanglong", "person": "甲",
         "phone": "13912340001"}
    )  # fmt: skip

    def send() -> str:
        with db.write() as session:
            opened = enrolments.open_application(
                session, said, actor=ANY_APPLICANT, at=world.clock.now, origin_key="same form"
            )
            return opened.receipt

    receipts = at_once([send] * 4)

    assert len(set(receipts)) == 1
    with db.read() as session:
        assert len(session.exec(select(Case)).all()) == 1


def test_two_who_replace_one_code_replace_it_once(db: Database, world: World) -> None:
    def replace(who: str) -> str:
        with db.write() as session:
            return venue_codes.reissue(
                session, world.venues["kuancheng"], reason="丢失", replacing=world.codes["kuancheng"],
                actor=world.actor(session, who), at=world.clock.now,
            )  # fmt: skip

    codes = at_once([partial(replace, who) for who in ("handler", "warden", "supervisor")])

    assert len(set(codes)) == 1
    with db.read() as session:
        assert [row.code for row in session.exec(select(VenueCode))] == [world.codes["kuancheng"]]
