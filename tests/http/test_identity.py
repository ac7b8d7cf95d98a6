"""Who a reporter is: asked for with a reason, agreed to by a second person, shown once to the one who asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from domain import audit, cases, tokens
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Account, Post, TimelineEntry
from domain.settings import get_settings
from domain.tokens import Scope
from tests.staff_member import Member, Office, office_of, seen
from tests.world import World

PHONE, NAME = "139 1234 5678", "张三丰"
POSITION = {"lat": 24.671234, "lon": 102.912345}
WHY = "现场需要举报人指认是哪一层"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@pytest.fixture
def number(office: Office) -> str:
    return office.report(triaged=True, **POSITION)


def granted(office: Office, number: str, who: str = "handler", by: str = "supervisor") -> None:
    """Have somebody ask and somebody else agree."""
    office.fires(number, who, "request_identity", reason=WHY)
    office.fires(number, by, "grant_identity", whom=str(office.world.people[who]))


def looks(office: Office, number: str, who: str = "handler") -> Any:
    """Open the page, give a reason, press the button."""
    address = f"/cases/{number}/identity"
    return office.member(who).sends(address, address, reason="请举报人指认楼层")


def presses(office: Office, member: Member, number: str) -> Any:
    """Send the form of a page that was not offered."""
    version = office.case(number).version
    return member.posts(f"/cases/{number}/identity", csrf=member.csrf(), version=version, reason="x")


def entries(office: Office, number: str) -> list[TimelineEntry]:
    with office.db.read() as session:
        case = cases.by_number(session, number)
        timeline = select(TimelineEntry).where(TimelineEntry.case_id == case.id)
        return list(session.exec(timeline.order_by(col(TimelineEntry.seq))))


def test_two_people_and_a_reason_show_the_reporter_once(office: Office, number: str) -> None:
    handler, supervisor = office.member("handler"), office.member("supervisor")

    asked = handler.takes(number, "request_identity", reason=WHY)
    agreed = supervisor.takes(number, "grant_identity")
    page = looks(office, number)

    assert (asked.status_code, agreed.status_code, page.status_code) == (303, 303, 200)
    assert all(words in seen(page) for words in (PHONE, NAME, "24.671234, 102.912345"))
    assert page.headers["cache-control"] == "no-store"
    for address in (f"/cases/{number}", f"/cases/{number}/identity"):
        again = handler.opens(address)
        assert not any(words in seen(again) for words in (PHONE, NAME, "24.671234")), address


def test_timeline_says_who_looked_why_and_at_what_and_not_what_it_was(office: Office, number: str) -> None:
    granted(office, number)
    looks(office, number)
    looks(office, number)

    *_, first, second = entries(office, number)

    assert first.transition == second.transition == "reveal_identity"
    assert first.data == {"reason": "请举报人指认楼层", "shown": ["name", "phone", "position"]}
    assert first.actor_id == office.world.people["handler"]
    page = seen(office.member("auditor").opens(f"/cases/{number}"))
    assert all(words in page for words in ("查看举报人", "请举报人指认楼层", "姓名", "精确位置", WHY))
    with office.db.read() as session:
        assert audit.verify(session).whole


def test_supervisor_finds_what_was_asked_in_the_queue_and_beside_the_case(office: Office, number: str) -> None:
    office.fires(number, "handler", "request_identity", reason=WHY)
    supervisor = office.member("supervisor")

    view, page = supervisor.opens("/cases", view="asked"), supervisor.opens(f"/cases/{number}")

    assert number in seen(view)
    assert all(words in seen(page) for words in ("赵受理", WHY, "同意"))
    office.fires(number, "supervisor", "refuse_identity", whom=str(office.world.people["handler"]), reason="不必要")
    assert number not in seen(supervisor.opens("/cases", view="asked"))


def test_refusal_without_a_reason_is_told_and_keeps_the_request(office: Office, number: str) -> None:
    office.fires(number, "handler", "request_identity", reason=WHY)

    answer = office.member("supervisor").takes(number, "refuse_identity", reason="")

    assert answer.status_code == 422
    assert "请填写" in seen(answer)
    assert office.case(number).asked_at is not None


@pytest.mark.parametrize("who", ["supervisor", "inspector1", "warden", "auditor"])
def test_nobody_but_who_asked_is_shown_anything(office: Office, number: str, who: str) -> None:
    granted(office, number)
    member = office.member(who)

    opened = member.opens(f"/cases/{number}/identity")
    sent = presses(office, member, number)

    assert opened.status_code == 303
    assert sent.status_code in (403, 409)
    assert PHONE not in sent.text


def test_nobody_agrees_to_their_own_request(office: Office, number: str) -> None:
    office.fires(number, "supervisor", "request_identity", reason=WHY)
    supervisor = office.member("supervisor")

    sent = supervisor.posts(
        f"/cases/{number}/steps/grant_identity", csrf=supervisor.csrf(), version=office.case(number).version,
        whom=str(office.world.people["supervisor"]),
    )  # fmt: skip

    assert sent.status_code == 409
    assert "第二人" in seen(sent)
    assert "同意，一小时内有效" not in seen(supervisor.opens(f"/cases/{number}"))


def test_consent_runs_out_by_itself(office: Office, number: str) -> None:
    granted(office, number)
    form = office.member("handler").opens(f"/cases/{number}/identity")
    office.world.clock.advance(minutes=60, seconds=1)
    member = office.member("handler")

    opened = member.opens(f"/cases/{number}/identity")
    sent = presses(office, member, number)

    assert form.status_code == 200
    assert opened.status_code == 303
    assert sent.status_code == 409
    assert PHONE not in sent.text


def test_who_answers_for_the_venue_has_no_part_in_it(office: Office, number: str) -> None:
    world = office.world
    with office.db.write() as session:
        post = session.exec(select(Post).where(Post.person_id == world.people["owner"])).one()
        session.add(Post(**{**post.model_dump(), "id": world.areas["empty"], "person_id": world.people["supervisor"]}))
    office.fires(number, "handler", "request_identity", reason=WHY)

    answer = office.member("supervisor").opens(f"/cases/{number}")

    assert answer.status_code == 404, "nobody knows of what is said of the place they answer for"


def test_reveals_of_one_person_are_counted_by_the_day(
    office: Office, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRELINE_REVEALS_PER_DAY", "2")
    get_settings.cache_clear()
    granted(office, number)

    answers = [looks(office, number) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert "2" in seen(answers[2])
    assert PHONE not in answers[2].text
    office.world.clock.advance(days=1)
    granted(office, number)
    assert looks(office, number).status_code == 200


def test_reason_is_wanted_and_nothing_is_written_without_one(office: Office, number: str) -> None:
    granted(office, number)
    before = office.case(number).version
    address = f"/cases/{number}/identity"

    answer = office.member("handler").sends(address, address, reason=" ")

    assert answer.status_code == 422
    assert "请填写" in seen(answer)
    assert office.case(number).version == before


def test_stale_page_shows_nothing(office: Office, number: str) -> None:
    granted(office, number)
    member = office.member("handler")
    version = office.case(number).version
    office.fires(number, "supervisor", "comment", text="请尽快")

    sent = member.posts(f"/cases/{number}/identity", csrf=member.csrf(), version=version, reason="x")

    assert sent.status_code == 409
    assert PHONE not in sent.text


def test_reporters_own_page_says_nothing_of_it(office: Office, number: str) -> None:
    from domain import reports  # noqa: PLC0415

    with office.db.read() as session:
        receipt = reports.receipt_of(session, office.case(number).id)
    before = seen(office.nobody().opens(f"/r/{receipt}"))
    granted(office, number)
    looks(office, number)

    assert seen(office.nobody().opens(f"/r/{receipt}")) == before


def token_of(office: Office, who: str, *scopes: Scope) -> dict[str, str]:
    """The headers of a program of somebody's with these scopes."""
    with office.db.write() as session:
        account = Account(id=new_id(), person_id=office.world.people[who], username=new_id().hex, password_hash="-")
        session.add(account)
        session.flush()
        token = tokens.make(session, account, at=office.world.clock.now, scopes=scopes).text
    return {"authorization": f"Bearer {token}"}


def test_programs_go_the_same_way(
    office: Office, number: str, anybody: TestClient, program: Callable[[str], dict[str, str]]
) -> None:
    handler = token_of(office, "handler", Scope.CASES_READ, Scope.CASES_WRITE, Scope.IDENTITY_REVEAL)
    supervisor = program("supervisor")
    address = f"/api/v1/cases/{number}"

    def take(headers: dict[str, str], step: str, **fields: Any) -> Any:
        version = anybody.get(address, headers=headers).json()["version"]
        return anybody.post(f"{address}/transitions/{step}", headers=headers, json={"version": version, **fields})

    too_early = take(handler, "reveal_identity", reason=WHY)
    take(handler, "request_identity", reason=WHY)
    [request] = anybody.get(address, headers=supervisor).json()["identity"]["requests"]
    agreed = take(supervisor, "grant_identity", whom=request["whom"])
    shown = take(handler, "reveal_identity", reason=WHY)

    assert (too_early.status_code, agreed.status_code, shown.status_code) == (409, 200, 200)
    assert shown.json()["identity"] == {
        "name": NAME, "phone": "+8613912345678", "position": {"lat": 24.671234, "lon": 102.912345},
    }  # fmt: skip
    assert shown.headers["cache-control"] == "no-store"
    for part in ("", "/timeline", "/offers", "/calls"):
        text = anybody.get(f"{address}{part}", headers=handler).text
        assert not any(words in text for words in (NAME, "13912345678")), part


def test_token_without_the_scope_of_its_own_looks_at_nobody(
    office: Office, number: str, anybody: TestClient, program: Callable[[str], dict[str, str]]
) -> None:
    granted(office, number)
    address, body = f"/api/v1/cases/{number}/transitions/reveal_identity", {"version": 3, "reason": WHY}

    for headers in (program("handler"), token_of(office, "handler", Scope.CASES_READ, Scope.CASES_WRITE)):
        answer = anybody.post(address, headers=headers, json=body)
        assert (answer.status_code, "identity:reveal" in answer.json()["detail"]) == (403, True)
    assert [entry.transition for entry in entries(office, number)][-1] == "grant_identity"


def test_cookie_alone_looks_at_nobody_once_the_sign_in_is_old(office: Office, number: str) -> None:
    handler = office.member("handler")
    granted(office, number)
    address = f"/api/v1/cases/{number}/transitions/reveal_identity"
    body = {"version": office.case(number).version, "reason": WHY}
    headers = {"x-csrf-token": handler.csrf()}
    office.world.clock.advance(minutes=30)

    stale = handler.client.post(address, headers=headers, json=body)
    fresh = office.member("handler")
    shown = fresh.client.post(address, headers={"x-csrf-token": fresh.csrf()}, json=body)

    assert (stale.status_code, NAME in stale.text) == (403, False)
    assert shown.json()["identity"]["name"] == NAME


def test_consent_is_counted_from_the_moment_of_agreeing(office: Office, number: str) -> None:
    office.fires(number, "handler", "request_identity", reason=WHY)
    office.world.clock.advance(days=3)
    office.fires(number, "leader", "grant_identity", whom=str(office.world.people["handler"]))
    office.world.clock.advance(minutes=60)

    assert looks(office, number).status_code == 200
    assert office.world.clock.now - entries(office, number)[-2].at == timedelta(minutes=60)


def test_who_signed_in_long_ago_proves_again_who_they_are_before_they_give_a_reason(
    office: Office, number: str
) -> None:
    handler = office.member("handler")
    office.world.clock.advance(minutes=30)
    granted(office, number)

    opened = handler.opens(f"/cases/{number}/identity")

    assert opened.status_code == 303
    assert opened.headers["location"].startswith("/account/prove")
