"""Reports by the timetable: made once, the same again, for those who subscribed and may see them, on both databases."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from documents import made_by, printing, sla_report
from domain import errands, people, register_log, system_errands
from domain.access import NotPermitted
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Area, Delegation, Errand, Notice, Person, Post, ReportEdition, TimetableRun
from domain.reporting import files, subscriptions
from domain.reporting import reach as reaches
from domain.reporting.asked import Asked
from domain.reporting.editions import Wish
from domain.reporting.periods import Kind
from domain.reporting.reach import EVERYTHING
from domain.reporting.subscriptions import SubscriptionForm
from domain.settings import get_settings
from flows import reports, timetable
from flows.provider import provider_of
from flows.shift import Shift
from tests import filed
from tests.world import World

ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
JOBS = {job.name: job for job in timetable.JOBS}
DAILY, MONTHLY = JOBS["report_daily"], JOBS["report_monthly"]


def shift_at(db: Database, at: datetime) -> Shift:
    return Shift(db, provider_of(get_settings()), now=lambda: at)


def morning(day: int, month: int = 9) -> datetime:
    """Six in the morning in the city."""
    return datetime(2026, month, day, 6, tzinfo=UTC) - timedelta(hours=8)


def kept(db: Database) -> list[ReportEdition]:
    with db.read() as session:
        return list(session.exec(select(ReportEdition).order_by(col(ReportEdition.from_on), col(ReportEdition.reach))))


def subscribe(db: Database, world: World, who: str, kind: str, **more: object) -> UUID:
    with db.write() as session:
        form = SubscriptionForm(kind=kind, **more)
        return subscriptions.subscribe(session, form, actor=world.actor(session, who), at=world.clock.now).id


def asked_edition(db: Database, world: World, asked: Asked) -> ReportEdition:
    wish = Wish(Kind.ASKED, asked, EVERYTHING, "zh_CN")
    with db.write() as session:
        errands.promise(session, reports.ERRAND, key="asked", at=world.clock.now, data=wish.as_data())
    (errand,) = filed.carry_out_all(db, world.clock.now)
    assert errand.state == "done", errand.outcome
    (edition,) = kept(db)
    return edition


def test_the_month_is_reported_once_whichever_of_two_workers_comes_first(db: Database, world: World) -> None:
    filed.some_days(db, world)
    filed.measure(db, morning(1))
    done: list[bool] = []
    shifts = [shift_at(db, morning(1)) for _ in range(2)]
    workers = [threading.Thread(target=lambda s=shift: done.append(timetable.run(s, MONTHLY))) for shift in shifts]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    first = filed.carry_out_all(db, morning(1), worker="a")
    again = timetable.run(shift_at(db, morning(1) + timedelta(hours=3)), MONTHLY)

    assert sorted(done) == [False, True]
    assert not again
    assert [errand.state for errand in first] == ["done"]
    (edition,) = kept(db)
    assert (edition.kind, edition.from_on, edition.until_on) == ("monthly", date(2026, 8, 1), date(2026, 8, 31))
    assert edition.numbers["processes"][0]["cases"]["received"] == 4
    for sums in edition.files.values():
        path = files.path_of(sums["sha256"], get_settings().report_files)
        assert path.stat().st_size == sums["bytes"]
    with db.read() as session:
        (entry,) = register_log.of(session, edition.id)
    assert entry.data["sha256"] == {name: sums["sha256"] for name, sums in edition.files.items()}


@ONLY_SQLITE
def test_days_missed_while_no_worker_ran_are_made_up_for(db: Database, world: World) -> None:
    filed.some_days(db, world)
    with db.write() as session:
        session.add(TimetableRun(job=DAILY.name, slot="2026-08-28", at=morning(29, 8), outcome={}))
    filed.measure(db, morning(2))

    assert timetable.run(shift_at(db, morning(2)), DAILY)
    filed.carry_out_all(db, morning(2))

    assert [edition.from_on.day for edition in kept(db)] == [29, 30, 31, 1]


def test_a_report_waits_until_its_last_day_is_measured(db: Database, world: World) -> None:
    filed.some_days(db, world)
    filed.measure(db, morning(1) - timedelta(hours=7))

    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1))

    assert kept(db) == []
    filed.measure(db, morning(1))
    filed.carry_out_all(db, morning(1) + timedelta(minutes=1))
    assert len(kept(db)) == 1


def noticed(db: Database) -> list[tuple[UUID, str]]:
    with db.read() as session:
        return [
            (row.person_id, row.data["kind"]) for row in session.exec(select(Notice).where(Notice.kind == "errand"))
        ]


@ONLY_SQLITE
def test_a_report_outlasts_hours_in_which_nothing_is_measured_and_the_administrators_hear_of_it(
    db: Database, world: World
) -> None:
    filed.some_days(db, world)
    filed.measure(db, morning(1) - timedelta(hours=7))
    timetable.run(shift_at(db, morning(1)), MONTHLY)

    for minutes in range(0, 180, 5):
        filed.carry_out_all(db, morning(1) + timedelta(minutes=minutes))
    with db.read() as session:
        (late,) = system_errands.troubled(session, at=morning(1) + timedelta(hours=3), most=9)
    told = noticed(db)
    filed.measure(db, morning(1) + timedelta(hours=3))
    filed.carry_out_all(db, morning(1) + timedelta(hours=4))

    assert (late.kind, late.state, str(errands.reason_of(late))) == ("sla_report", "pending", reports.BEHIND)
    assert told == [(world.people["admin"], "sla_report")]
    assert [edition.kind for edition in kept(db)] == ["monthly"]
    with db.read() as session:
        assert system_errands.troubled(session, at=morning(1) + timedelta(hours=4), most=9) == []


@ONLY_SQLITE
def test_a_report_this_machine_cannot_print_is_held_until_an_administrator_has_it_tried_again(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed.some_days(db, world)
    filed.measure(db, morning(1))
    timetable.run(shift_at(db, morning(1)), MONTHLY)
    with monkeypatch.context() as patched:
        patched.setitem(printing.LIBRARIES, "libnowhere.so.9", "libnowhere9")
        filed.carry_out_all(db, morning(1))
    with db.read() as session:
        (held,) = system_errands.troubled(session, at=morning(1), most=9)
    assert (held.state, kept(db)) == ("held", [])
    assert "libnowhere9" in str(errands.reason_of(held))
    assert noticed(db) == [(world.people["admin"], "sla_report")]

    with db.write() as session:
        errands.try_again(session, held.id, at=morning(2))
    filed.carry_out_all(db, morning(2))

    assert len(kept(db)) == 1


def test_an_edition_made_again_has_the_same_bytes_whatever_happened_since(db: Database, world: World) -> None:
    one, two, three, _four = filed.some_days(db, world)
    filed.measure(db, world.clock.now + timedelta(minutes=6))
    world.clock.advance(minutes=6)
    edition = asked_edition(db, world, Asked(date(2026, 8, 1), date(2026, 9, 1)))

    world.clock.advance(days=3)
    filed.check(db, world, three)
    filed.fire(db, world, two, "handler", "reply", text="已整改。")
    filed.report(db, world)
    filed.measure(db, world.clock.now)
    with db.write() as session:
        session.get_one(Area, world.areas["chengyang"]).name = "新城区"
        session.get_one(Area, world.areas["guanglong"]).name = "阿龙片区"
        errands.promise(session, reports.COMPARE, key="again", at=world.clock.now, data={"edition": str(edition.id)})
    (compared,) = filed.carry_out_all(db, world.clock.now)

    assert compared.state == "done", compared.outcome
    folder = get_settings().report_files
    data = json.loads(files.path_of(edition.files["json"]["sha256"], folder).read_bytes())
    assert data["names"]["area"][str(world.areas["chengyang"])] == ["澄阳区", "澄阳区"]
    assert data["report"]["version"] == made_by.current()
    assert one


@ONLY_SQLITE
def test_files_no_edition_names_go_after_a_day_and_those_of_editions_stay(db: Database, world: World) -> None:
    filed.some_days(db, world)
    filed.measure(db, world.clock.advance(minutes=6))
    edition = asked_edition(db, world, Asked(date(2026, 8, 1), date(2026, 9, 1)))
    folder = get_settings().report_files
    left, anew, fresh = (files.path_of(files.store(body, folder), folder) for body in (b"left", b"anew", b"fresh"))
    unfinished = left.parent / ".incoming-0"
    unfinished.write_bytes(b"half")
    mine = [files.path_of(kept["sha256"], folder) for kept in edition.files.values()]
    night = datetime.now(UTC)
    for path in (left, anew, unfinished, *mine):
        os.utime(path, ((night - timedelta(days=2)).timestamp(),) * 2)
    files.store(b"anew", folder)

    assert timetable.run(shift_at(db, night.replace(hour=20)), JOBS["tidy_reports"])

    assert [path.is_file() for path in (left, unfinished, anew, fresh)] == [False, False, True, True]
    assert all(path.is_file() for path in mine)


@ONLY_SQLITE
def test_an_edition_that_other_code_draws_otherwise_is_laid_to_that_code(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed.some_days(db, world)
    filed.measure(db, world.clock.advance(minutes=6))
    edition = asked_edition(db, world, Asked(date(2026, 8, 1), date(2026, 9, 1)))
    first = made_by.current()

    monkeypatch.setattr(sla_report, "NOTES", sla_report.NOTES[:-1])
    monkeypatch.setattr(made_by, "current", lambda: "0+another")
    with db.write() as session:
        errands.promise(session, reports.COMPARE, key="again", at=world.clock.now, data={"edition": str(edition.id)})
    (compared,) = filed.carry_out_all(db, world.clock.now)

    assert (edition.version, compared.state) == (first, "failed")
    assert errands.reason_of(compared).params == {"names": "PDF", "then": first, "now": "0+another"}


def test_the_version_changes_with_the_code_that_draws(tmp_path: Path) -> None:
    template = tmp_path / "documents" / "sla.html"
    template.parent.mkdir()
    template.write_text("<p>one</p>")
    before = made_by.digest([tmp_path / "documents"])
    (tmp_path / "documents" / "__pycache__").mkdir()
    (tmp_path / "documents" / "__pycache__" / "x.pyc").write_bytes(b"x")

    assert made_by.digest([tmp_path / "documents"]) == before
    template.write_text("<p>two</p>")
    assert made_by.digest([tmp_path / "documents"]) != before
    assert all(folder.is_dir() for folder in made_by.SOURCES)
    assert len(made_by.current()) <= 40


@ONLY_SQLITE
def test_an_edition_whose_file_was_changed_is_found_out(db: Database, world: World) -> None:
    filed.some_days(db, world)
    filed.measure(db, world.clock.advance(minutes=6))
    edition = asked_edition(db, world, Asked(date(2026, 8, 1), date(2026, 9, 1)))
    path = files.path_of(edition.files["xlsx"]["sha256"], get_settings().report_files)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"x")

    with db.write() as session:
        errands.promise(session, reports.COMPARE, key="again", at=world.clock.now, data={"edition": str(edition.id)})
    (compared,) = filed.carry_out_all(db, world.clock.now)

    assert compared.state == "failed"
    assert "XLSX" in str(errands.reason_of(compared))


def test_subscribers_are_told_of_the_edition_within_their_own_reach(db: Database, world: World) -> None:
    filed.some_days(db, world)
    chief = below(db, world, "片区主管", "chengyang")
    for who in ("leader", "supervisor"):
        subscribe(db, world, who, "monthly")
    with db.write() as session:
        form = SubscriptionForm(kind="monthly", person=chief)
        subscriptions.subscribe(session, form, actor=world.actor(session, "supervisor"), at=world.clock.now)
    filed.measure(db, morning(1))
    post = filed.Post()

    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1), post=post)
    at_eight = morning(1) + timedelta(hours=2)
    filed.carry_out_all(db, at_eight, post=post)
    filed.carry_out_all(db, at_eight, post=post)

    scopes = {edition.reach: edition for edition in kept(db)}
    assert set(scopes) == {reaches.as_text(EVERYTHING), reaches.as_text((("lanshan/chengyang/", None),))}
    with db.read() as session:
        told = {
            row.person_id: row.data["edition"] for row in session.exec(select(Notice).where(Notice.kind == "report"))
        }
    wide = str(scopes[reaches.as_text(EVERYTHING)].id)
    assert told == {
        world.people["leader"]: wide, world.people["supervisor"]: wide,
        chief: str(scopes[reaches.as_text((("lanshan/chengyang/", None),))].id),
    }  # fmt: skip
    assert len(post.sent) == 3
    assert all(f"/reports/editions/{edition}" in " ".join(body for _, body in post.sent) for edition in told.values())
    for _, body in post.sent:
        assert not any(person in body for person in ("王队长", "郑主管", "李庚"))


@ONLY_SQLITE
def test_a_subscriber_who_lost_the_right_is_told_nothing(db: Database, world: World) -> None:
    filed.some_days(db, world)
    subscribe(db, world, "leader", "monthly")
    filed.measure(db, morning(1))
    timetable.run(shift_at(db, morning(1)), MONTHLY)
    post = filed.Post()

    with db.write() as session:
        for row in session.exec(select(Post).where(Post.person_id == world.people["leader"])):
            row.until_on = date(2026, 8, 31)
    filed.carry_out_all(db, morning(1) + timedelta(hours=2), post=post)

    assert post.sent == []
    with db.read() as session:
        assert session.exec(select(Notice).where(Notice.kind == "report")).all() == []


@ONLY_SQLITE
def test_the_right_is_looked_at_again_when_the_message_goes_out(db: Database, world: World) -> None:
    filed.some_days(db, world)
    subscribe(db, world, "leader", "monthly")
    filed.measure(db, morning(1))
    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1))
    post = filed.Post()

    with db.write() as session:
        for row in session.exec(select(Post).where(Post.person_id == world.people["leader"])):
            row.until_on = date(2026, 8, 31)
    filed.carry_out_all(db, morning(1) + timedelta(hours=2), post=post)

    assert post.sent == []
    with db.read() as session:
        (message,) = session.exec(select(Errand).where(Errand.kind == "report_message")).all()
    assert message.state == "done"


@ONLY_SQLITE
def test_a_message_that_went_out_before_a_crash_is_not_sent_again(db: Database, world: World) -> None:
    filed.some_days(db, world)
    subscribe(db, world, "leader", "monthly")
    filed.measure(db, morning(1))
    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1))
    post, at = filed.Post(), morning(1) + timedelta(hours=2)
    filed.carry_out_all(db, at, post=post)

    with db.write() as session:  # as if the worker had died between the provider's answer and its own commit
        (message,) = session.exec(select(Errand).where(Errand.kind == "report_message")).all()
        message.state, message.leased_by, message.leased_until = "running", "dead", at
    filed.carry_out_all(db, at + timedelta(minutes=5), post=post)

    assert len(post.sent) == 1


def test_a_subscription_holds_until_its_last_day_and_no_longer(db: Database, world: World) -> None:
    subscribe(db, world, "leader", "daily", until_on=date(2026, 8, 30))
    with db.read() as session:
        last = subscriptions.due(session, Kind.DAILY, at=morning(30, 8))
        after = subscriptions.due(session, Kind.DAILY, at=morning(31, 8))

    assert (len(last), len(after)) == (1, 0)


def below(db: Database, world: World, name: str, area: str) -> UUID:
    """Appoint a supervisor of one area."""
    with db.write() as session:
        person = Person(id=new_id(), name=name, phone="+8613800000099")
        session.add(person)
        session.flush()
        session.add(Post(id=new_id(), person_id=person.id, role="supervisor", area_id=world.areas[area],
                         from_on=date(2020, 1, 1)))  # fmt: skip
        return person.id


def test_a_subscription_to_one_process_is_told_of_the_report_on_that_process_alone(db: Database, world: World) -> None:
    filed.some_days(db, world)
    subscribe(db, world, "leader", "monthly", process="rectification")
    assert subscribe(db, world, "leader", "monthly") != subscribe(db, world, "leader", "monthly", process="enrolment")
    again = subscribe(db, world, "leader", "monthly", process="rectification")
    filed.measure(db, morning(1))

    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1))

    made = {edition.asked["asked"]["process"]: str(edition.id) for edition in kept(db)}
    assert set(made) == {None, "rectification", "enrolment"}
    with db.read() as session:
        assert {row.data["edition"] for row in session.exec(select(Notice).where(Notice.kind == "report"))} == set(
            made.values()
        )
        (entry,) = register_log.of(session, again)
    assert entry.data["process"] == "rectification"
    with pytest.raises(FieldRefused):
        subscribe(db, world, "leader", "monthly", process="cooking")


@ONLY_SQLITE
def test_more_subscribers_cost_no_more_queries(db: Database, world: World) -> None:
    def asked(count: int) -> int:
        for number in range(count):
            person = below(db, world, f"主管{number:02}", "chengyang")
            with db.write() as session:
                form = SubscriptionForm(kind="daily", person=person)
                subscriptions.subscribe(session, form, actor=world.actor(session, "supervisor"), at=world.clock.now)
        statements: list[str] = []
        with db.read() as session:
            actor = world.actor(session, "supervisor")

            def note(*told: object) -> None:
                statements.append(str(told[2]))

            event.listen(db.engine, "before_cursor_execute", note)
            seen = subscriptions.seen_by(session, actor, at=world.clock.now)
            colleagues = subscriptions.colleagues_below(session, actor, at=world.clock.now)
            due = subscriptions.due(session, Kind.DAILY, at=world.clock.now)
            event.remove(db.engine, "before_cursor_execute", note)
        assert len(seen) == len(due)
        assert {row.person.id for row in seen} <= {person.id for person in colleagues}
        return len(statements)

    assert asked(2) == asked(9)


def test_people_asked_for_together_are_who_each_of_them_is(db: Database, world: World) -> None:
    deputy = below(db, world, "代班", "guanglong")
    with db.write() as session:
        session.add(Delegation(id=new_id(), from_person_id=world.people["supervisor"], to_person_id=deputy,
                               from_on=date(2026, 8, 1), until_on=date(2026, 8, 31),
                               made_at=world.clock.now))  # fmt: skip
    with db.read() as session:
        persons = session.exec(select(Person)).all()
        together = people.actors_of(session, persons, at=world.clock.now)

        assert people.actors_of(session, [], at=world.clock.now) == {}
        for person in persons:
            alone = people.actor_of(session, person, at=world.clock.now)
            assert replace(together[person.id], grants=()) == replace(alone, grants=())
            assert set(together[person.id].grants) == set(alone.grants)
        assert len(together[deputy].grants) == 2


@ONLY_SQLITE
@pytest.mark.parametrize("person", ["handler", "warden"])
def test_nobody_subscribes_colleagues_who_does_not_arrange_them(db: Database, world: World, person: str) -> None:
    form = SubscriptionForm(kind="daily", person=world.people["leader"])

    with db.write() as session:
        actor = world.actor(session, person)
        with pytest.raises(NotPermitted):
            subscriptions.subscribe(session, form, actor=actor, at=world.clock.now)
