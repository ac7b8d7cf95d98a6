"""What could say who reported is removed when its time is over, never before, and the record stays whole."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from domain import audit, cases, enrolments, papers, photos, register_log, reports, retention, tidying, uploads
from domain.actors import SYSTEM
from domain.attempts import Recipient, begin
from domain.database import Database
from domain.forms import sealed_fields
from domain.identifiers import new_id
from domain.models import Attempt, Case, Document, Outbox, Photo, TimelineEntry, VaultItem
from domain.photos import PhotoMissing
from domain.processes import WORKFLOWS
from domain.processes.hazard_report_forms import Addition
from domain.processes.retention import Part
from domain.queries.case_page import case_page
from domain.reports import Intake
from domain.settings import get_settings
from domain.workflow import TransitionRefused
from tests.journeys import REPORTER, actor_for, apply, order, press
from tests.pictures import jpeg, taken_at
from tests.world import World

IDENTITY, WORDS = timedelta(days=180), timedelta(days=1095)
PDF = b"%PDF-1.7\n%%EOF\n"
ROOT = Path(__file__).resolve().parents[2]


LOOKED = {"description": "看过", "no_photo_reason": "不便拍照"}
WAY: tuple[tuple[str, str, Callable[[World], dict[str, Any]]], ...] = (
    ("handler", "accept", lambda _: {"hazard_code": "FAC-07"}),
    ("handler", "assign", lambda world: {"assignee": world.people["warden"]}),
    ("assignee", "start_check", lambda world: {"venue_code": world.codes["kuancheng"]}),
    (
        "assignee",
        "record_finding",
        lambda _: {"outcome": "not_substantiated", "description": "看过", "no_photo_reason": "无"},
    ),
    ("handler", "reply", lambda _: {"text": "经核查不属实。"}),
    ("system", "close", lambda _: {}),
)


class Kept:
    """A report with everything that can be sealed, answered and closed."""

    def __init__(self, db: Database, world: World) -> None:
        self.db, self.world = db, world
        data, folder = jpeg(exif=taken_at(24.67, 102.91)), get_settings().photos
        picture = uploads.keep(db, data, "a.jpg", at=world.clock.now, directory=folder)
        self.photo, self.storage_key = picture.id, picture.storage_key
        said = {"venue_code": world.codes["kuancheng"], "place": "三楼", "hazard": "other", "description": "有焦味",
                "phone": "13912345678", "name": "张三丰", "lat": 24.5, "lon": 102.5,
                "photos": [self.photo]}  # fmt: skip
        with db.write() as session:
            opened = reports.open_report(session, Intake(**said), actor=REPORTER, at=world.clock.now)
            self.id, self.receipt = opened.case.id, opened.receipt
            promise = session.exec(select(Outbox).where(Outbox.case_id == self.id)).first()
            phone = session.exec(
                select(VaultItem.id).where(VaultItem.case_id == self.id, VaultItem.kind == "phone")
            ).one()
            told = Recipient("+8613912345678", "zh_CN", sealed_id=phone)
            begin(session, promise, told, channel="sms", number=1, body="您好 13912345678", shown="您好", provider="x",
                  at=world.clock.now)  # fmt: skip
        self.fire("reporter", "add_information", text="又闻到了")
        for who, step, data in WAY:
            self.fire(who, step, **data(world))

    def fire(self, who: str, step: str, **data: Any) -> None:
        with self.db.write() as session:
            case = cases.reload(session, self.id)
            actor = actor_for(session, self.world, case, who)
            cases.fire(session, case, step, actor=actor, at=self.world.clock.now, data=data)

    def pass_(self, length: timedelta) -> None:
        self.world.clock.now += length

    def clear(self) -> int:
        """Do what the night does."""
        at = self.world.clock.now
        removed = sum(retention.remove_due(self.db, at=at))
        with self.db.write() as session:
            tidied = tidying.tidy(session, at=at)
        tidying.remove_files(tidied.files, get_settings().photos, at=at)
        return removed

    def kinds(self) -> set[str]:
        with self.db.read() as session:
            return set(session.exec(select(VaultItem.kind)))

    def case(self) -> Case:
        with self.db.read() as session:
            return cases.by_id(session, self.id)


@pytest.fixture
def kept(db: Database, world: World) -> Kept:
    return Kept(db, world)


def assert_whole(session: Session) -> None:
    verified = register_log.verify_everything(session)
    assert verified.whole, [str(breach.reason) for breach in verified.breaches]


def test_identity_goes_first_and_words_later(kept: Kept, db: Database) -> None:
    everything = kept.kinds()
    kept.pass_(IDENTITY - timedelta(seconds=1))
    too_early = kept.clear()

    kept.pass_(timedelta(seconds=1))
    kept.clear()

    assert too_early == 0
    assert everything == {"name", "phone", "position", "receipt", "message", "description", "place", "addition",
                          "photo_position"}  # fmt: skip
    assert kept.kinds() == {"description", "place", "addition"}
    kept.pass_(WORDS)
    kept.clear()
    assert kept.kinds() == set()
    with db.read() as session:
        assert session.exec(select(Photo)).all() == []
        assert_whole(session)
    with pytest.raises(PhotoMissing):
        photos.read(kept.storage_key, get_settings().photos)


def test_nothing_points_at_what_is_gone_but_the_record_itself(kept: Kept, db: Database) -> None:
    kept.pass_(WORDS)
    kept.clear()

    case = kept.case()
    with db.read() as session:
        attempts = list(session.exec(select(Attempt)))
    assert "sealed" not in str(case.facts)
    assert case.facts.get("reporter_mark") is case.facts.get("place_mark") is None
    assert [(a.to_sealed, a.body_sealed, a.to_masked) for a in attempts] == [(None, None, "****")]
    with db.read() as session:
        assert audit.verify(session).whole


def test_removal_stands_in_the_record_and_happens_once(kept: Kept, db: Database) -> None:
    kept.pass_(IDENTITY)
    first, version = kept.clear(), kept.case().version

    assert (first, kept.clear(), kept.case().version) == (1, 0, version)
    with db.read() as session:
        page = case_page(session, kept.case(), actor=kept.world.actor(session, "handler"), at=kept.world.clock.now)
    assert (page.entries[-1].transition, page.entries[-1].who) != ("close", "")
    assert page.reporter is not None
    assert (page.reporter.words, page.reporter.name, page.reporter.identity_removed_at) == (
        "有焦味", None, kept.world.clock.now,
    )  # fmt: skip


def test_open_rectification_postpones_it_until_it_has_ended(kept: Kept, db: Database, world: World) -> None:
    with db.write() as session:
        child = order(session, world, parent_id=kept.id)
    kept.pass_(IDENTITY)
    postponed = kept.clear()
    with db.write() as session:
        press(session, world, cases.reload(session, child.id), "supervisor", "revoke")
    kept.pass_(IDENTITY - timedelta(seconds=1))
    still = kept.clear()

    kept.pass_(timedelta(seconds=1))

    assert (postponed, still, kept.clear()) == (0, 0, 1)


def test_objection_that_would_be_heard_postpones_it(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRELINE_IDENTITY_DAYS", "1")
    get_settings.cache_clear()
    kept.pass_(timedelta(days=30))
    too_early = kept.clear()

    kept.pass_(timedelta(seconds=1))

    assert (too_early, kept.clear()) == (0, 1)


def test_report_that_waits_for_anothers_answer_is_kept(kept: Kept, db: Database, world: World) -> None:
    with db.write() as session:
        said = {
            "venue_code": world.codes["kuancheng"],
            "hazard": "other",
            "description": "焦味",
            "phone": "13912345679",
        }
        one, other = (
            reports.open_report(session, Intake(**said), actor=REPORTER, at=world.clock.now).case for _ in "12"
        )
        press(session, world, one, "handler", "merge", into=other.number)
    kept.pass_(IDENTITY)
    kept.clear()
    with db.read() as session:
        joined = cases.by_id(session, one.id).facts["phone"]
    with db.write() as session:
        for who, step, data in WAY:
            case = cases.reload(session, other.id)
            actor = actor_for(session, world, case, who)
            cases.fire(session, case, step, actor=actor, at=world.clock.now, data=data(world))
    kept.pass_(IDENTITY)

    kept.clear()

    assert joined is not None
    with db.read() as session:
        assert cases.by_id(session, one.id).facts["phone"] is None


def test_kept_on_report_loses_nothing_until_that_is_lifted(kept: Kept) -> None:
    kept.fire("supervisor", "hold_redaction", reason="诉讼")
    kept.pass_(WORDS)
    held = kept.clear()

    kept.fire("supervisor", "lift_hold", reason="结案")

    assert (held, kept.clear()) == (0, 2)


def test_what_is_added_afterwards_goes_the_next_night(kept: Kept, db: Database) -> None:
    kept.pass_(WORDS)
    kept.clear()
    with db.write() as session:
        cases._sealed(session, kept.case(), Addition(text="又来"), SYSTEM, kept.world.clock.now)

    assert kept.clear() == 1
    assert kept.kinds() == set()


def test_nobody_asks_who_reported_once_it_is_gone(kept: Kept) -> None:
    kept.fire("handler", "request_identity", reason="需要")
    kept.pass_(IDENTITY)
    kept.clear()

    assert kept.case().asked_at is None
    with pytest.raises(TransitionRefused, match="neither a name"):
        kept.fire("handler", "request_identity", reason="需要")


def test_one_crash_between_two_reports_loses_nothing(kept: Kept, db: Database, world: World) -> None:
    other = Kept(db, world)
    kept.pass_(IDENTITY)
    with db.write() as session:
        retention.remove(session, kept.id, Part.IDENTITY, at=world.clock.now)

    assert kept.clear() == 1
    assert other.case().facts["identity_removed_at"] is not None
    with db.read() as session:
        assert_whole(session)


@pytest.mark.parametrize("process", ["hazard_report", "enrolment"])
def test_every_kind_a_case_seals_has_its_time(process: str) -> None:
    """Whatever a form, the intake or a message seals is in one of the parts of its process."""
    parts = [part for part, of in retention.PROCESSES.items() if of == process]
    known = frozenset[str]().union(*(retention.KINDS[part] for part in parts))
    forms = {step.form for step in WORKFLOWS[process].transitions if step.form}
    sealed = {kind for form in forms for kind in sealed_fields(form).values()} | {"note"}
    put = set()
    files = ("receipts", "attempts", *(("places",) if process == "hazard_report" else ()))
    for file in files:
        tree = ast.parse((ROOT / "domain" / f"{file}.py").read_text(encoding="utf-8"))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            put |= {k.value.value for k in call.keywords if k.arg == "kind" and isinstance(k.value, ast.Constant)}
    taken_in = set(enrolments.SEALED.values()) if process == "enrolment" else {"name", "phone", "description"}

    assert sealed | put | taken_in <= known


def test_photo_is_named_by_nothing_after_its_time(kept: Kept, db: Database) -> None:
    kept.pass_(WORDS)
    kept.clear()

    with db.read() as session:
        left = session.exec(select(Photo).where(col(Photo.id) == kept.photo)).all()
    assert left == []
    assert isinstance(kept.photo, UUID)


# Documents of applications.


def paper(db: Database, world: World, name: str) -> Document:
    directory = papers.folder(get_settings())
    return papers.keep(db, PDF, name, kind=papers.APPLICATION, at=world.clock.now, directory=directory)


def files() -> set[str]:
    return {file.name for file in papers.folder(get_settings()).iterdir()}


def clear(db: Database, world: World) -> int:
    at = world.clock.now
    removed = sum(retention.remove_due(db, at=at))
    with db.write() as session:
        tidied = tidying.tidy(session, at=at)
    tidying.remove_all_files(tidied, get_settings(), at=at)
    return removed


def decided(db: Database, world: World, step: str) -> tuple[UUID, Document, Document]:
    """Return an application whose document was replaced before it was decided, with both documents."""
    replaced, sent = paper(db, world, "旧执照.pdf"), paper(db, world, "执照.pdf")
    with db.write() as session:
        case = apply(session, world, documents=[replaced.id])
        papers.claim(session, case.id, [sent.id], at=world.clock.now)
        press(session, world, case, "handler", "start_review")
        press(session, world, case, "supervisor", step)
    return case.id, replaced, sent


def test_documents_of_a_refused_application_go_with_its_applicant(db: Database, world: World) -> None:
    case_id, replaced, sent = decided(db, world, "reject")
    world.clock.now += IDENTITY - timedelta(seconds=1)
    too_early = clear(db, world)
    kept = files()

    world.clock.now += timedelta(seconds=1)
    with db.write() as session:
        assert retention.remove(session, case_id, Part.APPLICANT, at=world.clock.now)
        assert not papers.claim(session, new_id(), [sent.id], at=world.clock.now), "nobody takes it up meanwhile"
    clear(db, world)

    assert (too_early, kept, files()) == (0, {replaced.storage_key, sent.storage_key}, set())
    with db.read() as session:
        assert session.exec(select(Document)).all() == []
        last = session.exec(select(TimelineEntry).where(TimelineEntry.case_id == case_id)).all()[-1]
        assert (last.transition, last.data["papers"]) == ("redact", 2)
        assert_whole(session)


def test_documents_that_went_to_a_venue_stay_and_those_replaced_before_go(db: Database, world: World) -> None:
    _, _, sent = decided(db, world, "approve")
    world.clock.now += IDENTITY
    clear(db, world)

    with db.read() as session:
        assert session.exec(select(Document.id).where(col(Document.venue_id).is_not(None))).all() == [sent.id]
    assert files() == {sent.storage_key}


def test_documents_an_earlier_version_left_go_with_the_next_night(db: Database, world: World) -> None:
    case_id, _, _ = decided(db, world, "reject")
    world.clock.now += IDENTITY
    clear(db, world)
    late = paper(db, world, "执照.pdf")
    with db.write() as session:
        session.get_one(Document, late.id).case_id = case_id
    world.clock.now += timedelta(days=2)

    assert (clear(db, world), files(), clear(db, world)) == (1, set(), 0)
