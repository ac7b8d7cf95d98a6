"""Applications for a code: who applies is sealed, what stands there already is seen, an approval is one transaction."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, select

from domain import admissions, cases, enrolments, papers, people, receipts, register_log, reports, sealed, venue_codes
from domain import venues as register
from domain.access import NotPermitted, OutOfReach
from domain.actors import ANY_APPLICANT, Role
from domain.cases import FieldRefused
from domain.database import Database
from domain.models import Case, Document, Outbox, Person, Post, RegisterEntry, TimelineEntry, VaultItem, Venue
from domain.people import local_day
from domain.processes.enrolment_forms import Application
from domain.receipts import WrongReceipt
from domain.settings import get_settings
from domain.venues import CodeReplaced
from domain.workflow import TransitionRefused
from tests.journeys import APPLICANT_PHONE, actor_for, apply, press, reach, report
from tests.world import World

CREDIT_CODE = "91530402MA6K5XKJ3C"
PDF = b"%PDF-1.7\n1 0 obj\n%%EOF\n"


def paper(db: Database, world: World, name: str = "执照.pdf") -> Document:
    directory = papers.folder(get_settings())
    return papers.keep(db, PDF, name, kind=papers.APPLICATION, at=world.clock.now, directory=directory)


def approve(session: Session, world: World, case: Case, **data: Any) -> Venue:
    press(session, world, case, "handler", "start_review")
    press(session, world, case, "supervisor", "approve", **data)
    assert case.venue_id is not None
    return session.get_one(Venue, case.venue_id)


def take(db: Database, world: World, case: Case, who: str, name: str, **data: Any) -> Case:
    """Take a step with just this form and return the case as it stands then."""
    with db.write() as session:
        now = cases.by_id(session, case.id)
        cases.fire(session, now, name, actor=actor_for(session, world, now, who), at=world.clock.now, data=data)
        return now


def reissue(db: Database, world: World, who: str, *, venue: str = "kuancheng", reason: str = "标牌被撕") -> str:
    with db.write() as session:
        return venue_codes.reissue(
            session, world.venues[venue], reason=reason, replacing=world.codes[venue],
            actor=world.actor(session, who), at=world.clock.now,
        )  # fmt: skip


def test_who_applies_stands_in_the_vault_and_nowhere_else(db: Database, world: World) -> None:
    with db.write() as session:
        case = apply(session, world, person="令狐独一", phone="13987650001", remark="请打我妻子电话", note="急")

    with db.read() as session:
        told = repr(
            [row.model_dump() for table in (Case, TimelineEntry, Outbox) for row in session.exec(select(table))]
        )
        sealed_kinds = set(session.exec(select(VaultItem.kind).where(VaultItem.case_id == case.id)))
        said = enrolments.application_of(session, case)
    assert not any(word in told for word in ("令狐独一", "13987650001", "妻子", "急"))
    assert sealed_kinds == {"name", "phone", "remark", "note", "receipt"}
    assert (said.person, said.phone, said.remark) == ("令狐独一", "+8613987650001", "请打我妻子电话")


def test_receipt_of_an_application_opens_no_report_and_the_other_way_round(db: Database, world: World) -> None:
    with db.write() as session:
        mine = receipts.of_case(session, apply(session, world).id) or ""
        theirs = receipts.of_case(session, report(session, world).id) or ""

    with db.read() as session:
        assert enrolments.by_receipt(session, mine).process == "enrolment"
        with pytest.raises(WrongReceipt):
            reports.by_receipt(session, mine)
        with pytest.raises(WrongReceipt):
            enrolments.by_receipt(session, theirs)


def test_same_sending_twice_is_one_application(db: Database, world: World) -> None:
    said = Application.model_validate(
        {
            "name": "甲店",
            "class_code": "V06",
            "address": "甲路",
            "area": "guanglong",
            "person": "甲",
            "phone": "13912340001",
        }
    )
    opened = []
    for _ in range(2):
        with db.write() as session:
            opened.append(
                enrolments.open_application(session, said, actor=ANY_APPLICANT, at=world.clock.now, origin_key="k")
            )

    with db.read() as session:
        items = session.exec(select(VaultItem.kind)).all()
    assert (opened[0].case.id, opened[0].receipt) == (opened[1].case.id, opened[1].receipt)
    assert sorted(items) == ["name", "phone", "receipt"]


def test_approval_makes_venue_owner_post_and_record_in_one_go(db: Database, world: World) -> None:
    licence = paper(db, world)
    with db.write() as session:
        case = apply(session, world, credit_code=CREDIT_CODE, hours="每天 9:00-22:00", area_m2=80, industry="commerce",
                     documents=[licence.id], lat=24.67, lon=102.91)  # fmt: skip
        venue = approve(session, world, case)

    with db.read() as session:
        owner = session.get_one(Person, venue.owner_id)
        [post] = session.exec(select(Post).where(Post.venue_id == venue.id))
        record = [(entry.kind, entry.action) for entry in session.exec(select(RegisterEntry))]
        [moved] = session.exec(select(Document))
        whole = register_log.verify_everything(session).whole
    assert (venue.name, venue.area_id, venue.credit_code) == ("广龙小卖部", world.areas["guanglong"], CREDIT_CODE)
    assert (venue.sizes, venue.industry) == ({"area_m2": 80}, "commerce")
    assert venue.hours == [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "until": "22:00"}]
    assert (owner.name, owner.phone) == ("马掌柜", APPLICANT_PHONE)
    assert (post.role, post.person_id) == (Role.OWNER.value, owner.id)
    assert (moved.venue_id, moved.case_id) == (venue.id, case.id)
    entered = {("venue", "create"), ("venue", "enrol"), ("person", "enter"), ("post", "appoint")}
    assert entered | {("document", "create")} <= set(record)
    assert whole


def test_reviewer_may_join_who_is_in_the_register_already(db: Database, world: World) -> None:
    with db.write() as session:
        case = apply(session, world, person="蒋责任", phone="13800000013")
        venue = approve(session, world, case, owner=str(world.people["owner"]))

    with db.read() as session:
        assert venue.owner_id == world.people["owner"]
        assert len(session.exec(select(Person).where(Person.name == "蒋责任")).all()) == 1
        assert [p.id for p in people.of_venue(session, [Role.OWNER], venue.id, day=local_day(world.clock.now))] == [
            world.people["owner"]
        ]


def test_somebody_with_another_name_or_phone_is_not_joined(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "enrolment", "under_review")

    with pytest.raises(FieldRefused) as refused:
        take(db, world, case, "supervisor", "approve", owner=str(world.people["owner"]))
    assert refused.value.refusal.field == "owner"
    with db.read() as session:
        assert session.exec(select(Person).where(Person.phone == APPLICANT_PHONE)).all() == []


def test_credit_code_of_an_open_venue_refuses_the_approval_with_its_name(db: Database, world: World) -> None:
    with db.write() as session:
        session.get_one(Venue, world.venues["market"]).credit_code = CREDIT_CODE
        case = apply(session, world, credit_code=CREDIT_CODE)
        press(session, world, case, "handler", "start_review")

    with pytest.raises(TransitionRefused, match="岚山农贸市场"), db.write() as session:
        press(session, world, cases.by_id(session, case.id), "supervisor", "approve")
    with db.read() as session:
        after = cases.by_id(session, case.id)
        assert (after.state, after.venue_id) == ("under_review", None)


def test_reject_as_duplicate_points_to_a_venue_with_a_code_in_force(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "enrolment", "under_review")
    said = {"reason": "already_enrolled", "explanation": "已有场所码"}
    wrong = {"": "duplicate_of", "AAAAAAAA": "duplicate_of", world.codes["closed"]: "duplicate_of"}

    for code, field in wrong.items():
        with pytest.raises(FieldRefused) as refused:
            take(db, world, case, "handler", "reject", **said, **({"duplicate_of": code} if code else {}))
        assert refused.value.refusal.field == field
    rejected = take(db, world, case, "handler", "reject", **said, duplicate_of=world.codes["market"].lower())
    assert rejected.facts["duplicate_of"] == world.codes["market"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"credit_code": CREDIT_CODE}, [enrolments.BY_CREDIT_CODE]),
        ({"address": "岚山 农贸市场 门口"}, [enrolments.BY_ADDRESS]),
        ({"name": "岚山市场", "lat": 24.6701, "lon": 102.9101}, [enrolments.BY_POSITION]),
        ({"name": "岚山市场", "lat": 24.6704, "lon": 102.9104}, None),
        ({"name": "另一家店", "lat": 24.67, "lon": 102.91}, None),
        ({"name": "岚山农贸市场", "address": "别处 1 号"}, None),
        ({}, None),
    ],
)
def test_duplicates_are_known_by_code_address_or_nearness(
    db: Database, world: World, said: dict[str, Any], found: list[Any] | None
) -> None:
    with db.write() as session:
        market = session.get_one(Venue, world.venues["market"])
        market.credit_code, market.lat, market.lon = CREDIT_CODE, 24.67, 102.91

    with db.read() as session:
        listed = enrolments.duplicates(session, said, day=local_day(world.clock.now))
    assert [list(one.why) for one in listed] == ([found] if found else [])


def test_closed_venue_is_no_duplicate(db: Database, world: World) -> None:
    with db.read() as session:
        assert enrolments.duplicates(session, {"address": "已歇业饭店门口"}, day=local_day(world.clock.now)) == []


def test_changed_application_replaces_what_was_said_and_the_papers(db: Database, world: World) -> None:
    first, second = paper(db, world, "旧.pdf"), paper(db, world, "新.pdf")
    with db.write() as session:
        case = apply(session, world, documents=[first.id])
        press(session, world, case, "handler", "start_review")
    returned = take(db, world, case, "handler", "return_to_applicant", text="请补正", hint_documents="看不清")
    assert returned.facts["returned"]["hints"] == {"documents": "看不清"}

    with db.write() as session:
        again = cases.by_id(session, case.id)
        said = Application.model_validate(
            {"name": "广龙便利店", "class_code": "V06", "address": "抚湖路 1 号", "area": "fuxian", "person": "马掌柜",
             "phone": "13912349999", "documents": [str(second.id)]}
        )  # fmt: skip
        cases.fire(session, again, "resubmit", actor=enrolments.applicant_of(again), at=world.clock.now, data=said)

    with db.read() as session:
        now = cases.by_id(session, case.id)
        assert (now.place, now.area_id) == ("广龙便利店", world.areas["fuxian"])
        assert [kept.name for kept in papers.of_case(session, case.id)] == ["新.pdf"]
        assert sealed.get(session, sealed.referenced(now.facts["phone"])) == "+8613912349999"
        assert now.facts["returned"] is None
        assert "13912349999" not in repr(session.exec(select(TimelineEntry.data)).all())


def test_paper_of_another_application_cannot_be_taken(db: Database, world: World) -> None:
    theirs = paper(db, world)
    with db.write() as session:
        apply(session, world, documents=[theirs.id])

    with pytest.raises(FieldRefused) as refused, db.write() as session:
        apply(session, world, documents=[theirs.id])
    assert refused.value.refusal.field == "documents"


def test_position_decides_the_area_only_where_an_outline_says_so(db: Database, world: World) -> None:
    with db.write() as session:
        both = apply(session, world, area="guanglong", lat=24.67, lon=102.91)
        alone = apply(session, world, area=None, lat=24.67, lon=102.91)
        press(session, world, alone, "handler", "start_review")

    assert both.area_id == world.areas["guanglong"]
    assert (alone.area_id, alone.facts["routing"]["rule"]) == (None, "nowhere")
    with pytest.raises(FieldRefused) as refused, db.write() as session:
        press(session, world, cases.by_id(session, alone.id), "supervisor", "approve")
    assert refused.value.refusal.field == "area"
    with pytest.raises(FieldRefused, match="street or a grid"), db.write() as session:
        press(session, world, cases.by_id(session, alone.id), "supervisor", "approve", area="chengyang")
    with db.write() as session:
        press(session, world, cases.by_id(session, alone.id), "supervisor", "approve", area="empty")
        assert session.get_one(Venue, cases.by_id(session, alone.id).venue_id).area_id == world.areas["empty"]


def test_application_without_a_place_is_refused(db: Database, world: World) -> None:
    with pytest.raises(FieldRefused) as refused, db.write() as session:
        apply(session, world, area=None)
    assert refused.value.refusal.field == "area"


def test_same_person_is_found_by_name_and_phone_together(db: Database, world: World) -> None:
    with db.read() as session:
        assert [p.id for p in admissions.same_person(session, "蒋责任", "+8613800000013")] == [world.people["owner"]]
        assert admissions.same_person(session, "蒋责任", "+8613800000012") == []


# The code at the door, replaced.


def test_reissued_code_is_in_force_and_the_old_one_says_so(db: Database, world: World) -> None:
    old, venue_id = world.codes["kuancheng"], world.venues["kuancheng"]

    new = reissue(db, world, "warden")

    with db.read() as session:
        assert register.by_code(session, new).id == venue_id
        with pytest.raises(CodeReplaced) as replaced:
            register.by_code(session, old.lower())
        [former] = venue_codes.former(session, venue_id)
        [entry] = register_log.of(session, venue_id)
    assert (replaced.value.venue.id, replaced.value.ended_at) == (venue_id, world.clock.now)
    assert (former.code, former.reason) == (old, "标牌被撕")
    assert (entry.action, entry.data) == ("reissue_code", {"code": [old, new], "reason": "标牌被撕"})


def test_reissue_pressed_twice_makes_one_code(db: Database, world: World) -> None:
    assert reissue(db, world, "handler") == reissue(db, world, "handler")


@pytest.mark.parametrize(("venue", "reason"), [("kuancheng", " "), ("kuancheng", "长" * 201), ("closed", "丢失")])
def test_reissue_wants_a_reason_and_an_open_venue(db: Database, world: World, venue: str, reason: str) -> None:
    with pytest.raises(venue_codes.CodeNotReissued):
        reissue(db, world, "handler", venue=venue, reason=reason)


@pytest.mark.parametrize(
    ("who", "refusal"), [("warden2", OutOfReach), ("inspector1", NotPermitted), ("officer", NotPermitted)]
)
def test_only_who_may_print_the_sheet_replaces_the_code(
    db: Database, world: World, who: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        reissue(db, world, who)


def test_arriving_with_an_old_code_says_that_it_was_replaced(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "assigned")
    reissue(db, world, "handler")

    with pytest.raises(FieldRefused) as refused:
        take(db, world, case, "assignee", "start_check", venue_code=world.codes["kuancheng"])
    assert refused.value.refusal.field == "venue_code"
    assert "更换" in refused.value.refusal.reason.in_language("zh_CN")


def test_report_is_not_tied_to_a_venue_by_a_code_that_was_replaced(db: Database, world: World) -> None:
    with db.write() as session:
        case = report(session, world, venue_code=None, place="某处")
    reissue(db, world, "handler")

    with pytest.raises(FieldRefused) as refused:
        take(db, world, case, "handler", "accept", hazard_code="FAC-07", venue_code=world.codes["kuancheng"])
    assert refused.value.refusal.field == "venue_code"
    assert "宽澄·鼎元一期南" in refused.value.refusal.reason.in_language("zh_CN")
