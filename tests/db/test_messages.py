"""Every effect in both languages: complete, short enough for three segments, and silent about who reported."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import UndefinedError
from sqlmodel import select

from domain import attempts, reports
from domain.actors import Actor, Role
from domain.attempts import Recipient
from domain.database import Database
from domain.identifiers import new_id
from domain.language import LOCALES, Sentence
from domain.models import Case, Outbox, TimelineEntry, Venue
from domain.processes import WORKFLOWS
from domain.reports import Intake
from notifications import calls, messages
from notifications.recipients import TELLINGS
from tests.journeys import reach
from tests.world import World

SECRETS = ("+8613912345678", "13912345678", "王举报", "烟感报警不会亮")
LONG = "经核查,您反映的楼层烟感报警器不亮情况属实。" * 20
PROMISED_BY = {
    effect: sorted({step.name for flow in WORKFLOWS.values() for step in flow.transitions if effect in step.effects})
    for effect in TELLINGS
}
PROMISED_BY["triage_report"] = ["report"]
PROMISED_BY["acknowledge_applicant"] = ["apply"]
DATA: Mapping[str, object] = {
    "text": LONG, "explanation": LONG, "competent": "市城市管理综合行政执法局" * 8,
    "authority": "住房和城乡建设局" * 10, "contact": "0877-12345678", "reason": "not_fire",
    "clock": "accept", "level": 1, "due_at": datetime(2026, 8, 24, 6, tzinfo=UTC).isoformat(),
    "other": "ZG-2026-000001", "title": "安全出口、疏散通道畅通，无锁闭" * 4, "point": "地下一层消防水泵房" * 3,
    "rectification": "ZG-2026-000002", "others": 3,
}  # fmt: skip


@pytest.fixture
def case(db: Database, world: World) -> Case:
    """A report with everything a reporter can give away, at a venue with a long name."""
    with db.write() as session:
        session.get(Venue, world.venues["kuancheng"]).name = "岚山市澄阳区广龙片区宽澄·鼎元一期南区地下停车场及配套商业"
        intake = Intake(
            venue_code=world.codes["kuancheng"], hazard="equipment", phone="13912345678", name="王举报",
            description="楼层好多烟感报警不会亮,希望能看看是否会联动",
        )  # fmt: skip
        actor = Actor(frozenset({Role.REPORTER}))
        case = reports.open_report(session, intake, actor=actor, at=world.clock.now).case
        case.facts = {**case.facts, "correct_by": "2026-09-30"}
        return case


def entry_of(case: Case, transition: str, at: datetime) -> TimelineEntry:
    return TimelineEntry(
        case_id=case.id, seq=2, transition=transition, source=None, target=case.state, actor_role="handler", at=at,
        data=dict(DATA), hash=b"",
    )  # fmt: skip


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("effect", TELLINGS)
def test_message_says_what_it_has_to_in_three_segments(
    db: Database, world: World, case: Case, effect: str, locale: str
) -> None:
    to_reporter = TELLINGS[effect].hold_in_doubt
    recipient = Recipient("+8613800000002", locale, person_id=None if to_reporter else new_id())
    assert PROMISED_BY[effect]
    with db.read() as session:
        receipt = reports.receipt_of(session, case.id)
        for transition in PROMISED_BY[effect]:
            knows = [f for f in WORKFLOWS.values() if effect in f.effects]
            process = next(f for f in knows if f.named(transition) or f.opening.name == transition)
            one = case.model_copy(update={"process": process.name})
            entry = entry_of(one, transition, world.clock.now)
            entry.actor_id = world.people["warden"]

            words = messages.compose(
                session, one, entry, effect, recipient=recipient,
                extra={"doubt": Sentence("The report names no coded venue.")} if effect == "triage_report" else None,
            )  # fmt: skip

            assert messages.segments(words.body) <= messages.MOST_SEGMENTS, words.body
            assert words.body.startswith("【消防一条线】" if locale == "zh_CN" else "Fireline: ")
            assert not any(secret in words.body for secret in SECRETS)
            own_page = f"/{messages.RECEIPT_PAGES.get(process.name)}/{receipt}"
            assert (own_page in words.body) == to_reporter
            of_patrol = "/patrol/" if effect == "remind_assignee" else f"/patrols/{case.number}"
            own = of_patrol if process.name == "patrol_task" else f"/cases/{case.number}"
            assert (own in words.body) != to_reporter
            assert receipt not in words.shown
            assert "  " not in words.body


def test_message_leads_those_who_work_on_the_case_to_their_task_and_the_desk_to_the_case(
    db: Database, world: World, case: Case
) -> None:
    at_work = case.model_copy(update={"assignee_id": world.people["warden"]})
    entry = entry_of(case, "remind", world.clock.now)
    links = {}
    with db.read() as session:
        for who in ("warden", "handler"):
            to = Recipient("+8613800000002", "zh_CN", person_id=world.people[who])
            links[who] = messages.compose(session, at_work, entry, "remind_assignee", recipient=to).body

    assert f"/tasks/{case.number}" in links["warden"]
    assert f"/cases/{case.number}" in links["handler"]


@pytest.mark.parametrize(
    ("transition", "chinese", "english"),
    [
        (
            "add_information",
            "举报人为JB-2026-000001补充了情况，请查看。",
            "the reporter added information to JB-2026-000001",
        ),
        (
            "record_finding",
            "核查人已登记核查结果，请回复JB-2026-000001的举报人。",
            "please answer the reporter of JB-2026-000001",
        ),
        (
            "decline",
            "核查人退回了JB-2026-000001，请另行指派。",
            "the checker declined JB-2026-000001, please assign somebody",
        ),
        ("hear_merged", "并案举报人有异议，请查看JB-2026-000001。", "a joined reporter objects too"),
    ],
)
def test_desk_is_told_what_happened_in_a_sentence(
    db: Database, world: World, case: Case, transition: str, *, chinese: str, english: str
) -> None:
    entry = entry_of(case, transition, world.clock.now)
    with db.read() as session:
        for locale, sentence in (("zh_CN", chinese), ("en", english)):
            desk = Recipient("+8613800000002", locale, person_id=new_id())
            assert sentence in messages.compose(session, case, entry, "tell_handler", recipient=desk).body


@pytest.mark.parametrize(("locale", "words"), [("zh_CN", "请联系"), ("en", "Please contact")])
def test_refusal_names_an_authority_only_where_there_is_one(
    db: Database, world: World, case: Case, locale: str, words: str
) -> None:
    entry = entry_of(case, "reject", world.clock.now)
    recipient = Recipient("+8613912345678", locale)
    said = []
    with db.read() as session:
        for competent in ("城管局", None):
            entry.data = {"reason": "no_place", "explanation": "x", "competent": competent}
            said.append(messages.compose(session, case, entry, "reply_reporter", recipient=recipient).body)

    assert [words in body for body in said] == [True, False]
    assert "None" not in said[1]


def test_long_reply_is_cut_and_leads_to_the_whole(db: Database, world: World, case: Case) -> None:
    with db.read() as session:
        receipt = reports.receipt_of(session, case.id)
        words = messages.compose(
            session, case, entry_of(case, "reply", world.clock.now), "reply_reporter",
            recipient=Recipient("+8613912345678", "zh_CN"),
        )  # fmt: skip

    assert "…" in words.body
    assert words.body.endswith(receipt)
    assert messages.segments(words.body) == messages.MOST_SEGMENTS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("火" * 70, 1),
        ("火" * 71, 2),
        ("火" * 201, 3),
        ("火" * 202, 4),
        ("€", 1),
    ],
)
def test_segments_are_counted_as_the_networks_count(text: str, expected: int) -> None:
    assert messages.segments(text) == expected


def test_missing_fact_is_an_error_and_no_gap_in_a_message() -> None:
    with pytest.raises(UndefinedError):
        messages.render("sms/tell_rechecker", "zh_CN", {"number": "ZG-2026-000001"})


@pytest.mark.parametrize("locale", LOCALES)
def test_call_says_its_words_twice_and_escapes_them(db: Database, world: World, case: Case, locale: str) -> None:
    with db.write() as session:
        words = messages.spoken(
            session, case, entry_of(case, "escalate", world.clock.now), "tell_superior",
            recipient=Recipient("+8613800000008", locale),
        )  # fmt: skip
        attempt = _calling(session, world, case, locale, words.body + " <&>")

        twiml = calls.script(session, attempt.id)

    assert twiml.count("<Gather") == 2
    assert "&lt;&amp;&gt;" in twiml
    assert ("请按1" in twiml) == (locale == "zh_CN")
    assert f"attempt={attempt.id}" in twiml


def _calling(session, world: World, case: Case, locale: str, body: str) -> attempts.Attempt:
    promise = session.exec(select(Outbox).where(Outbox.case_id == case.id)).first()
    recipient = Recipient("+8613800000008", locale, person_id=world.people["leader"])
    return attempts.begin(
        session, promise, recipient, channel="voice", number=1, body=body, shown=body, provider="twilio",
        at=world.clock.now + timedelta(hours=1),
    )  # fmt: skip


def test_machine_is_hung_up_on_and_a_strange_call_learns_nothing(db: Database, world: World, case: Case) -> None:
    with db.write() as session:
        attempt = _calling(session, world, case, "zh_CN", f"编号{case.number}")

        to_machine = calls.script(session, attempt.id, answered_by="machine_start")
        to_stranger = calls.script(session, new_id())
        keys = calls.take_keys(session, new_id(), "1", world.clock.now)

    assert "<Say" not in to_machine
    assert case.number not in to_stranger + keys
    assert "<Gather" not in to_stranger + keys


def test_reviewer_is_led_to_the_case_where_the_papers_are(db: Database, world: World) -> None:
    with db.write() as session:
        application = reach(session, world, "enrolment", "under_review")
        entry = entry_of(application, "remind", world.clock.now)
        recipient = Recipient("+8613800000001", "zh_CN", person_id=application.assignee_id)

        words = messages.compose(session, application, entry, "remind_assignee", recipient=recipient)

    assert f"/cases/{application.number}" in words.body
