"""The register of venues: entered once, changed with a record, ended on a date, and never under somebody's hands."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, select

from domain import people_register, register_lock, register_log, venue_people, venue_register
from domain.access import NotPermitted, OutOfReach
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Facility, Person, Post, Venue
from domain.register_forms import Appointment, Closing, EndOfPost, KeyUnitDecision, Reason, Reveal, VenueFacts
from domain.register_lock import NotNow, RegisterChanged
from tests.world import World

CREDIT = "91350100M000100Y43"


def facts(**more: object) -> VenueFacts:
    given = {"name": "新开茶馆", "class_code": "V10", "address": "环城路 1 号", "area": "guanglong", **more}
    return VenueFacts.model_validate(given)


def entered(session: Session, world: World, **more: object) -> Venue:
    return venue_register.create(session, facts(**more), actor=who(session, world), at=world.clock.now)


def who(session: Session, world: World, name: str = "supervisor") -> Actor:
    return world.actor(session, name)


def history(session: Session, subject: UUID) -> list[str]:
    return [entry.action for entry in reversed(register_log.of(session, subject))]


def test_venue_is_entered_once_although_its_form_is_sent_twice(db: Database, world: World) -> None:
    form_id = new_id()
    with db.write() as session:
        first = venue_register.create(
            session, facts(credit_code=CREDIT.lower(), hours="每天 9-22", storeys="3", phone="0877-6911119"),
            actor=who(session, world), at=world.clock.now, venue_id=form_id,
        )  # fmt: skip
    with db.write() as session:
        again = venue_register.create(
            session, facts(credit_code=CREDIT), actor=who(session, world), at=world.clock.now, venue_id=form_id
        )

    assert (again.id, again.code) == (first.id, first.code) == (form_id, first.code)
    assert again.credit_code == CREDIT
    assert again.phone == "+868776911119"
    assert again.sizes == {"storeys": 3}
    assert again.hours == [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "until": "22:00"}]
    assert again.opened_on == date(2026, 8, 23)
    with db.read() as session:
        assert history(session, form_id) == ["create"]
        assert register_log.verify_everything(session).whole


def test_somebody_elses_form_is_not_answered_with_their_venue(db: Database, world: World) -> None:
    with db.write() as session:
        venue = entered(session, world)
    with db.write() as session, pytest.raises(OutOfReach):
        venue_register.create(
            session, facts(), actor=who(session, world, "admin"), at=world.clock.now, venue_id=venue.id
        )


def test_two_open_venues_cannot_have_one_credit_code(db: Database, world: World) -> None:
    with db.write() as session:
        first = entered(session, world, credit_code=CREDIT)
    with db.write() as session, pytest.raises(FieldRefused, match="新开茶馆"):
        entered(session, world, credit_code=CREDIT, name="另一家")
    with db.write() as session:
        closing = Closing(reason="歇业")
        venue_register.close(session, first.id, closing, actor=who(session, world), at=world.clock.now)
    with db.write() as session:
        assert entered(session, world, credit_code=CREDIT, name="另一家").credit_code == CREDIT


@pytest.mark.parametrize("name", ["warden", "inspector1", "owner", "leader", "auditor"])
def test_who_does_not_keep_venues_enters_and_changes_none(db: Database, world: World, name: str) -> None:
    with db.write() as session, pytest.raises(FieldRefused):
        venue_register.create(session, facts(), actor=who(session, world, name), at=world.clock.now)
    with db.write() as session, pytest.raises(NotPermitted):
        venue_register.change(
            session, world.venues["kuancheng"], facts(), actor=who(session, world, name), at=world.clock.now
        )


def test_venue_out_of_reach_does_not_exist(db: Database, world: World) -> None:
    with db.write() as session, pytest.raises(OutOfReach):
        venue_register.change(
            session, world.venues["market"], facts(), actor=who(session, world, "warden"), at=world.clock.now
        )


def test_change_keeps_what_was_and_who_was_second_hears_of_it(db: Database, world: World) -> None:
    venue_id, at = world.venues["kuancheng"], world.clock.now
    with db.write() as session:
        assert register_lock.version_of(session, venue_id) == 0
        handler = who(session, world, "handler")
        assert venue_register.change(session, venue_id, facts(name="新名"), actor=handler, at=at, version=0)
    with db.write() as session:
        supervisor = who(session, world)
        with pytest.raises(RegisterChanged) as second:
            venue_register.change(session, venue_id, facts(name="别名"), actor=supervisor, at=at, version=0)

    assert [entry.data["name"] for entry in second.value.entries] == [["宽澄·鼎元一期南", "新名"]]
    assert second.value.version == 1


def test_change_that_changes_nothing_is_not_recorded(db: Database, world: World) -> None:
    with db.write() as session:
        venue = entered(session, world, hours="每天 9-22", lat="24.5", lon="102.5")
        same = facts(hours="daily 09:00-22:00", lat="24.5", lon="102.5")
        assert not venue_register.change(session, venue.id, same, actor=who(session, world), at=world.clock.now)
    with db.read() as session:
        assert history(session, venue.id) == ["create"]


def test_key_unit_is_suggested_by_size_and_decided_by_a_person(db: Database, world: World) -> None:
    with db.write() as session:
        venue = entered(session, world, class_code="V09", rooms="60")
        assert venue_register.suggestion(venue) is not None
        decision = KeyUnitDecision(is_key_unit="yes", basis="客房 60 间")
        with pytest.raises(NotPermitted):
            venue_register.decide_key_unit(
                session, venue.id, decision, actor=who(session, world, "handler"), at=world.clock.now
            )
        for _ in range(2):
            venue_register.decide_key_unit(session, venue.id, decision, actor=who(session, world), at=world.clock.now)
    with db.read() as session:
        assert session.get(Venue, venue.id).key_unit_since == date(2026, 8, 23)
        assert history(session, venue.id) == ["create", "name_key_unit"]


def test_suspended_venue_is_reinstated_once(db: Database, world: World) -> None:
    venue_id, at = world.venues["kuancheng"], world.clock.now
    with db.write() as session:
        by = who(session, world)
        venue_register.suspend(session, venue_id, Reason(reason="停业整顿"), actor=by, at=at)
        with pytest.raises(NotNow):
            venue_register.suspend(session, venue_id, Reason(reason="停业整顿"), actor=by, at=at)
        venue_register.reinstate(session, venue_id, Reason(reason="整改合格"), actor=by, at=at)
        with pytest.raises(NotNow):
            venue_register.reinstate(session, venue_id, Reason(reason="整改合格"), actor=by, at=at)
    with db.read() as session:
        assert history(session, venue_id) == ["suspend", "reinstate"]
        assert session.get(Venue, venue_id).suspended_on is None


def test_closing_ends_the_posts_and_facilities_and_nothing_changes_any_more(db: Database, world: World) -> None:
    venue_id, at = world.venues["kuancheng"], world.clock.now
    with db.write() as session:
        session.add(Facility(id=new_id(), code="2222222222", venue_id=venue_id, kind="extinguisher",
                             from_on=date(2026, 1, 1)))  # fmt: skip
        session.flush()
        by = who(session, world)
        late = Closing(reason="搬迁", closed_on=date(2026, 8, 24))
        with pytest.raises(FieldRefused):
            venue_register.close(session, venue_id, late, actor=by, at=at)
        venue_register.close(session, venue_id, Closing(reason="搬迁"), actor=by, at=at)

    with db.read() as session:
        posts = session.exec(select(Post).where(Post.venue_id == venue_id)).all()
        facility = session.exec(select(Facility)).one()
        assert {post.until_on for post in posts} == {date(2026, 8, 22)}
        assert all(history(session, post.id) == ["end"] for post in posts)
        assert (facility.ended_on, facility.ended_reason) == (date(2026, 8, 23), "搬迁")
        assert world.actor(session, "manager").roles == frozenset()
    with db.write() as session, pytest.raises(NotNow):
        venue_register.change(session, venue_id, facts(), actor=who(session, world), at=at)


def appointed(session: Session, world: World, **more: object) -> Post:
    given = {"role": "owner", "name": "新责任", "phone": "13900000001", **more}
    return venue_people.appoint(
        session, world.venues["kuancheng"], Appointment.model_validate(given),
        actor=who(session, world), at=world.clock.now,
    )  # fmt: skip


def test_new_owner_ends_the_former_ones_post_and_owns_the_venue(db: Database, world: World) -> None:
    venue_id = world.venues["kuancheng"]
    with db.write() as session:
        post = appointed(session, world)

    with db.read() as session:
        holders = {one.person.name: one.post for one in venue_people.of(session, venue_id) if one.post.role == "owner"}
        assert holders["蒋责任"].until_on == date(2026, 8, 22)
        assert session.get(Venue, venue_id).owner_id == post.person_id
        assert history(session, post.id) == ["appoint"]
        assert history(session, holders["蒋责任"].id) == ["end"]
        assert "13900000001" not in str([entry.data for entry in register_log.of(session, post.person_id)])


def test_owner_from_next_week_owns_the_venue_from_then_on(db: Database, world: World) -> None:
    venue_id, later = world.venues["kuancheng"], world.clock.now + timedelta(days=7)
    with db.write() as session:
        post = appointed(session, world, from_on=date(2026, 8, 30))
        assert session.get(Venue, venue_id).owner_id == world.people["owner"]
    with db.write() as session:
        assert venue_people.keep_owners(session, at=world.clock.now) == 0
        assert venue_people.keep_owners(session, at=later) == 1
        assert session.get(Venue, venue_id).owner_id == post.person_id


def test_same_name_and_phone_is_the_same_person_and_another_name_is_refused(db: Database, world: World) -> None:
    with db.write() as session:
        post = appointed(session, world, role="manager", name="褚巡查", phone="138 0000 0011")
        assert post.person_id == world.people["officer"]
        with pytest.raises(FieldRefused):
            appointed(session, world, role="manager", name="褚巡查", phone="13800000011")
        with pytest.raises(FieldRefused):
            appointed(session, world, role="manager", name="别人", phone="13800000011")
        assert session.exec(select(Person).where(Person.phone == "+8613800000011")).one().name == "褚巡查"


def test_post_ends_on_its_last_day(db: Database, world: World) -> None:
    venue_id, at = world.venues["kuancheng"], world.clock.now
    with db.write() as session:
        holder = next(one for one in venue_people.of(session, venue_id) if one.post.role == "owner")
        early = EndOfPost(reason="离职", until_on=date(2019, 1, 1))
        with pytest.raises(FieldRefused):
            venue_people.end(session, venue_id, holder.post.id, early, actor=who(session, world), at=at)
        last = EndOfPost(reason="离职", until_on=date(2026, 8, 22))
        venue_people.end(session, venue_id, holder.post.id, last, actor=who(session, world), at=at)
        assert session.get(Venue, venue_id).owner_id is None
        with pytest.raises(NotNow):
            venue_people.end(session, venue_id, holder.post.id, last, actor=who(session, world), at=at)
        with pytest.raises(OutOfReach):
            venue_people.end(session, world.venues["market"], holder.post.id, last, actor=who(session, world), at=at)


def test_nobody_gives_themselves_a_post_at_a_venue(db: Database, world: World) -> None:
    with db.write() as session, pytest.raises(FieldRefused, match="name"):
        appointed(session, world, name="郑主管", phone="13800000007")


def test_post_with_a_last_day_is_not_made_longer(db: Database, world: World) -> None:
    with db.write() as session:
        post = appointed(session, world, role="officer", until_on=date(2026, 9, 1))
        longer = EndOfPost(reason="改期", until_on=date(2027, 9, 1))
        with pytest.raises(FieldRefused, match="until_on"):
            venue_people.end(session, world.venues["kuancheng"], post.id, longer, actor=who(session, world),
                             at=world.clock.now)  # fmt: skip


def test_phone_is_told_for_a_reason_that_is_kept(db: Database, world: World) -> None:
    venue_id, person_id = world.venues["kuancheng"], world.people["manager"]
    form = Reveal(reason="夜间值守无人应答")
    with db.write() as session:
        warden = who(session, world, "warden")
        told = venue_people.reveal_phone(session, venue_id, person_id, form, actor=warden, at=world.clock.now)
        with pytest.raises(NotPermitted):
            venue_people.reveal_phone(
                session, venue_id, person_id, form, actor=who(session, world, "officer"), at=world.clock.now
            )
        with pytest.raises(OutOfReach):
            venue_people.reveal_phone(session, venue_id, world.people["admin"], form, actor=warden, at=world.clock.now)

    assert told == "+8613800000012"
    with db.read() as session:
        (entry,) = register_log.of(session, person_id)
        assert (entry.action, entry.actor_name, entry.data["reason"]) == ("reveal_phone", "李庚", "夜间值守无人应答")


def test_owner_appointed_by_an_administrator_owns_the_venue_until_the_post_ends(db: Database, world: World) -> None:
    venue_id, at = world.venues["kuancheng"], world.clock.now
    with db.write() as session:
        admin, person_id = who(session, world, "admin"), world.people["manager"]
        form = people_register.PostForm(role="owner", venue=world.codes["kuancheng"])
        post = people_register.appoint(session, person_id, form, actor=admin, at=at)
        assert session.get(Venue, venue_id).owner_id == person_id
        last = people_register.EndPostForm(reason="换人", until_on=world.clock.now.date())
        people_register.end_post(session, person_id, post.id, last, actor=admin, at=at)
        assert venue_people.keep_owners(session, at=at + timedelta(days=1)) == 1
        assert session.get(Venue, venue_id).owner_id == world.people["owner"]
