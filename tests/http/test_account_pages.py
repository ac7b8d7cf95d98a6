"""One's own account: the password, from where one is signed in, which programs act for one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from api.access import scope_of
from api.routes import endpoints
from domain import accounts, register_log, tokens
from domain.database import Database
from domain.models import ApiToken
from domain.tokens import SCOPE_LABELS, Scope, ScopeRefused
from tests.staff_member import Member, Office, form_of, hidden_fields, office_of, seen
from tests.world import World

PASSWORD = "fireline-demo"
NEW = "three words suffice"
PHONE = "Mozilla/5.0 (Linux; Android 14; V2) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        opened.account("handler", PASSWORD)
        yield opened


def signs_in(office: Office, who: str = "handler", password: str = PASSWORD, **headers: str) -> Member:
    member = office.nobody()
    member.client.headers.update(headers)
    answer = member.sends("/login", "/login", username=who, password=password)
    assert answer.status_code == 303, seen(answer)
    return member


def record(office: Office, who: str = "handler") -> list[tuple[str, dict[str, object]]]:
    with office.db.read() as session:
        account = accounts.by_username(session, who)
        return [(entry.action, entry.data) for entry in register_log.of(session, account.id)]


# The password.


def test_changed_password_is_the_only_one_and_ends_the_other_sessions(office: Office) -> None:
    here, elsewhere = signs_in(office), signs_in(office)

    answer = here.sends("/account/password", "/account/password", old=PASSWORD, new=NEW)

    assert answer.headers["location"] == "/account?done=password"
    assert here.opens("/cases").status_code == 200
    assert elsewhere.opens("/cases").status_code == 303
    assert office.nobody().sends("/login", "/login", username="handler", password=PASSWORD).status_code == 401
    signs_in(office, password=NEW)
    assert record(office)[1][0] == "password_changed"


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ("wrong-password", NEW, "old", "密码不正确"),
        (PASSWORD, "short", "new", "至少 10 个字符"),
        (PASSWORD, "1234567890", "new", "最常见"),
        (PASSWORD, "my-handler-word", "new", "用户名"),
        (PASSWORD, PASSWORD, "new", "与当前密码相同"),
    ],
)
def test_password_that_will_not_do_is_named_at_its_field(
    office: Office, old: str, new: str, field: str, words: str
) -> None:
    member = signs_in(office)

    answer = member.sends("/account/password", "/account/password", old=old, new=new)

    assert answer.status_code in (401, 422)
    assert f'href="#{field}"' in answer.text
    assert words in seen(answer)
    assert new not in answer.text
    signs_in(office)


def test_guessing_the_old_password_in_an_open_session_has_to_wait(office: Office) -> None:
    member = signs_in(office)
    statuses = [
        member.sends("/account/password", "/account/password", old=f"wrong {n}", new=NEW).status_code for n in range(8)
    ]
    assert 429 in statuses
    assert member.sends("/account/password", "/account/password", old=PASSWORD, new=NEW).status_code == 429


def test_password_an_administrator_gave_is_changed_before_anything_else(office: Office) -> None:
    with office.db.write() as session:
        account = accounts.by_username(session, "handler")
        given = accounts.give_initial_password(
            session, account, actor=office.world.actor(session, "admin"), at=office.world.clock.now
        )
    member = office.nobody()
    answer = member.sends("/login", "/login", username="handler", password=given)
    assert answer.headers["location"] == "/account/password"
    assert member.opens("/cases").headers["location"] == "/account/password"

    answer = member.sends("/account/password", "/account/password", old=given, new=NEW)

    assert answer.headers["location"] == "/cases"
    assert member.opens("/cases").status_code == 200
    assert [action for action, _ in record(office)][-1] == "initial_password_given"


def test_initial_password_is_worth_nothing_after_three_days(office: Office) -> None:
    with office.db.write() as session:
        account = accounts.by_username(session, "handler")
        given = accounts.give_initial_password(
            session, account, actor=office.world.actor(session, "admin"), at=office.world.clock.now
        )
    office.world.clock.advance(days=3)

    assert office.nobody().sends("/login", "/login", username="handler", password=given).status_code == 401


# What the record says.


def test_record_tells_sign_ins_and_counts_refusals_without_passwords(office: Office) -> None:
    for number in range(5):
        office.nobody().sends("/login", "/login", username="handler", password=f"geheim-{number}")
    office.world.clock.advance(minutes=2)
    signs_in(office)

    entries = record(office)

    assert [action for action, _ in entries] == ["signed_in", "sign_in_refused"]
    assert entries[0][1]["refused_before"] == "5"
    assert entries[1][1]["count"] == 5
    assert "geheim" not in str(entries)


# Sessions.


def test_list_tells_devices_apart_and_ends_one(office: Office) -> None:
    here = signs_in(office, **{"user-agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0"})
    office.world.clock.advance(minutes=5)
    lost = signs_in(office, **{"user-agent": PHONE})

    page = here.opens("/account/sessions")

    words = " ".join(seen(page).split())
    assert "Edge · Windows 本机" in words
    assert "Chrome · Android" in words
    [which] = set(re.findall(r'name="session" value="([^"]+)"', page.text))
    here.posts("/account/sessions/end", csrf=here.csrf(), session=which)
    assert lost.opens("/cases").status_code == 303
    assert here.opens("/cases").status_code == 200
    assert record(office)[0][0] == "session_ended"


def test_all_the_others_end_at_once(office: Office) -> None:
    here, *others = (signs_in(office) for _ in range(4))

    here.posts("/account/sessions/end", csrf=here.csrf())

    assert [other.opens("/cases").status_code for other in others] == [303, 303, 303]
    assert here.opens("/cases").status_code == 200
    assert record(office)[0] == ("sessions_ended", {"count": 3})


def test_session_of_another_is_not_there(office: Office) -> None:
    office.account("warden", PASSWORD)
    theirs = signs_in(office, "warden")
    signs_in(office, "warden")
    which = re.search(r'name="session" value="([^"]+)"', theirs.opens("/account/sessions").text).group(1)
    member = signs_in(office)

    assert member.posts("/account/sessions/end", csrf=member.csrf(), session=which).status_code == 404


def test_list_gives_away_neither_token_nor_its_hash(office: Office) -> None:
    member = signs_in(office)
    signs_in(office)
    token = member.client.cookies.get("fireline")

    page = member.opens("/account/sessions").text

    assert token not in page
    assert tokens.digest(token).hex()[:16] not in page


# Tokens.


def makes(member: Member, *scopes: str, days: str = "30", label: str = "大屏") -> object:
    return member.posts("/account/tokens", csrf=member.csrf(), label=label, scope=list(scopes), days=days)


def token_on(page: str) -> str:
    return re.search(r'<code class="token">(fl_[\w-]+)</code>', page).group(1)


def asked(office: Office, token: str, path: str, method: str = "GET", **body: object) -> object:
    client = office.nobody().client
    return client.request(method, path, headers={"authorization": f"Bearer {token}"}, follow_redirects=False, **body)


def test_token_is_shown_once_and_does_what_its_scopes_say_and_no_more(office: Office) -> None:
    number = office.report()
    member = signs_in(office)

    shown = makes(member, "cases:read")

    token = token_on(shown.text)
    listed = member.opens("/account/tokens")
    assert token not in listed.text
    assert f"…{token[-4:]}" in listed.text
    assert asked(office, token, "/api/v1/cases").status_code == 200
    step = asked(office, token, f"/api/v1/cases/{number}/transitions/comment", "POST", json={"version": 1, "text": "x"})
    assert (step.status_code, "cases:write" in step.json()["detail"]) == (403, True)
    posted = asked(office, token, "/api/v1/hazard-reports", "POST", json={"description": "楼道堆物", "place": "东湖路"})
    assert posted.status_code == 403


def test_the_form_sent_twice_makes_one_token_and_shows_it_once(office: Office) -> None:
    member = signs_in(office)
    form = hidden_fields(form_of(member.opens("/account/tokens").text, "/account/tokens"))

    first, second = (
        member.posts("/account/tokens", **form, label="大屏", scope=["cases:read"], days="30") for _ in range(2)
    )
    other = makes(member, "cases:read")

    assert token_on(first.text)
    assert "该表单已提交过" in seen(second)
    assert 'class="token"' not in second.text
    assert token_on(other.text)
    with office.db.read() as session:
        account_id = accounts.by_username(session, "handler").id
        assert len(tokens.of_account(session, account_id, at=office.world.clock.now)) == 2


@pytest.mark.parametrize("path", ["/cases", "/account/tokens", "/errands", "/account", "/tasks"])
def test_pages_take_no_token_whatever_its_scopes(office: Office, path: str) -> None:
    with office.db.write() as session:
        token = accounts.add_token(session, "handler", at=office.world.clock.now)

    assert asked(office, token, path).status_code == 403


def test_every_scope_there_is_can_be_chosen(office: Office) -> None:
    member = signs_in(office)
    page = member.opens("/account/tokens").text
    assert set(re.findall(r'name="scope" value="([^"]+)"', page)) == {scope.value for scope in Scope}


def test_every_scope_there_is_opens_something(office: Office) -> None:
    assert {scope_of(one.endpoint) for one in endpoints(office.app)} - {None} == set(Scope) == set(SCOPE_LABELS)


def test_program_reads_the_venues_its_account_may_know_of(office: Office) -> None:
    member, code = signs_in(office), office.world.codes["kuancheng"]
    token, other = token_on(makes(member, "register:read").text), token_on(makes(member, "cases:read").text)

    for path in ("/api/v1/venues", f"/api/v1/venues/{code}", f"/api/v1/venues/{code}/facilities"):
        assert (asked(office, token, path).status_code, asked(office, other, path).status_code) == (200, 403), path


@pytest.mark.parametrize(("scopes", "days"), [((), "30"), (("cases:everything",), "30"), (("cases:read",), "99999")])
def test_token_that_will_not_do_is_refused_and_what_was_typed_stays(
    office: Office, scopes: tuple[str, ...], days: str
) -> None:
    answer = makes(signs_in(office), *scopes, days=days)

    assert answer.status_code == 422
    assert 'value="大屏"' in answer.text
    with office.db.read() as session:
        assert session.exec(select(ApiToken)).all() == []


def test_token_ends_on_its_day_and_when_it_is_revoked(office: Office) -> None:
    member = signs_in(office)
    token, other = (token_on(makes(member, "cases:read").text) for _ in range(2))
    which = re.findall(r'name="token" value="([^"]+)"', member.opens("/account/tokens").text)
    member.posts("/account/tokens/revoke", csrf=member.csrf(), token=which[0])
    statuses = sorted(asked(office, one, "/api/v1/cases").status_code for one in (token, other))
    assert statuses == [200, 401]

    office.world.clock.advance(days=30)

    assert [asked(office, one, "/api/v1/cases").status_code for one in (token, other)] == [401, 401]
    assert [action for action, _ in record(office)].count("token_made") == 2
    assert "token_revoked" in [action for action, _ in record(office)]


def test_last_use_is_noted_but_not_at_every_request(office: Office) -> None:
    with office.db.write() as session:
        token = accounts.add_token(session, "handler", at=office.world.clock.now)
    used = []
    for _ in range(4):
        asked(office, token, "/api/v1/cases")
        with office.db.read() as session:
            used.append(session.exec(select(ApiToken)).one().used_at)
        office.world.clock.advance(minutes=2)

    assert used[0] == used[1] == used[2] != used[3]


def test_token_from_the_command_line_may_do_whatever_its_account_may(office: Office) -> None:
    with office.db.write() as session:
        account = accounts.by_username(session, "handler")
        everything = tokens.make(session, account, at=office.world.clock.now)
        some = tokens.make(session, account, at=office.world.clock.now, scopes=["errands:read"])
        with pytest.raises(ScopeRefused):
            tokens.make(session, account, at=office.world.clock.now, lasts=timedelta(days=9999))

    assert asked(office, everything.text, "/api/v1/cases").status_code == 200
    assert asked(office, some.text, "/api/v1/cases").status_code == 403


def test_token_of_somebody_else_cannot_be_revoked(office: Office) -> None:
    with office.db.write() as session:
        made = tokens.make(session, accounts.by_username(session, "handler"), at=office.world.clock.now)
    office.account("warden", PASSWORD)
    member = signs_in(office, "warden")

    assert member.posts("/account/tokens/revoke", csrf=member.csrf("/tasks"), token=made.id).status_code == 404
    assert asked(office, made.text, "/api/v1/cases").status_code == 200
