"""Signing in through a provider: who it names under its signature, for an account that is theirs; no forgery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwk
from sqlmodel import select

from api import single_sign_on
from domain import accounts, provider_links, register_log
from domain.database import Database
from domain.models import ProviderLink, SignIn
from domain.provider_links import LinkRefused
from domain.settings import get_settings
from tests.oidc_provider import CLIENT, SECRET, Provider, running_provider
from tests.staff_member import SITE, Member, Office, office_of, seen
from tests.world import World

PASSWORD = "fireline-demo"


@pytest.fixture
def provider(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    single_sign_on._known.clear()
    with running_provider(lambda: world.clock.now) as running:
        for name, value in {
            "OIDC_ISSUER": running.url, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_NAME": "市统一认证", "PUBLIC_URL": SITE,
        }.items():  # fmt: skip
            monkeypatch.setenv(f"FIRELINE_{name}", value)
        get_settings.cache_clear()
        yield running


@pytest.fixture
def office(db: Database, world: World, provider: Provider) -> Iterator[Office]:
    assert provider.url
    with office_of(db, world) as opened:
        opened.account("handler", PASSWORD)
        yield opened


def link(office: Office, provider: Provider, who: str = "handler") -> None:
    with office.db.write() as session:
        provider_links.link(
            session, accounts.by_username(session, who), issuer=provider.url, subject=provider.subject,
            actor=office.world.actor(session, "admin"), at=office.world.clock.now,
        )  # fmt: skip


def departs(member: Member, following: str = "") -> str:
    """Leave for the provider and return the address at which the browser comes back."""
    left = member.opens("/login/provider", next=following)
    assert left.status_code == 303
    agreed = httpx.get(left.headers["location"], trust_env=False)
    return agreed.headers["location"].removeprefix(SITE)


def comes_back(member: Member, following: str = "") -> Any:
    return member.opens(departs(member, following))


def test_linked_account_is_signed_in_and_led_to_its_page(office: Office, provider: Provider) -> None:
    link(office, provider)
    member = office.nobody()
    assert "使用市统一认证登录" in seen(member.opens("/login"))

    answer = comes_back(member, "/tasks")

    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")
    assert member.opens("/cases").status_code == 200
    with office.db.read() as session:
        assert [row.way for row in session.exec(select(SignIn))] == ["provider"]


def test_nobody_is_signed_in_without_a_link_and_no_account_is_made(office: Office) -> None:
    member = office.nobody()

    answer = comes_back(member)

    assert answer.status_code == 403
    assert "尚无账号与您关联" in seen(answer)
    assert member.opens("/cases").status_code == 303


def test_claim_names_the_account_only_where_the_deployment_says_so(office: Office, provider: Provider) -> None:
    provider.claims["preferred_username"] = "Handler"
    assert comes_back(office.nobody()).status_code == 403

    office.app.state.settings.oidc_username_claim = "preferred_username"

    assert comes_back(office.nobody()).status_code == 303
    provider.claims["preferred_username"] = ["handler"]
    assert comes_back(office.nobody()).status_code == 403


def test_name_does_not_lead_to_an_account_that_is_linked_to_somebody_else(office: Office, provider: Provider) -> None:
    link(office, provider)
    office.app.state.settings.oidc_username_claim = "preferred_username"
    provider.subject, provider.claims["preferred_username"] = "somebody-else", "handler"

    assert comes_back(office.nobody()).status_code == 403


FORGERIES = {
    "another's nonce": {"claims": {"nonce": "x"}},
    "no nonce": {"claims": {"nonce": None}},
    "for another client": {"claims": {"aud": "another"}},
    "for two clients, issued to the other": {"claims": {"aud": [CLIENT, "another"], "azp": "another"}},
    "by another issuer": {"claims": {"iss": "https://evil.example"}},
    "expired": {"claims": {"exp": 1}},
    "without a subject": {"claims": {"sub": ""}},
    "signed by another key": {"signs_with": jwk.RSAKey.generate_key(2048, {"kid": "one"})},
    "signed with our shared secret": {"algorithm": "HS256", "signs_with": jwk.OctKey.import_key(SECRET)},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_token_signs_nobody_in(office: Office, provider: Provider, forgery: str) -> None:
    link(office, provider)
    for name, value in FORGERIES[forgery].items():
        setattr(provider, name, value)
    member = office.nobody()

    answer = comes_back(member)

    assert answer.status_code == 401
    assert "未能确认您的身份" in seen(answer)
    assert "set-cookie" not in answer.headers
    assert member.opens("/cases").status_code == 303


def test_address_of_somebody_elses_return_signs_nobody_in(office: Office, provider: Provider) -> None:
    """A link with an attacker's code must not sign the victim in as the attacker (forged sign-in)."""
    link(office, provider)
    attackers = departs(office.nobody())
    victim = office.nobody()

    assert victim.opens(attackers).status_code == 401
    departs(victim)
    assert victim.opens(attackers).status_code == 401, "nor while the victim is on the way"


def test_code_works_once(office: Office, provider: Provider) -> None:
    link(office, provider)
    member = office.nobody()
    back = departs(member)

    assert [member.opens(back).status_code for _ in range(2)] == [303, 401]


def test_return_after_ten_minutes_is_too_late(
    office: Office, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(office, provider)
    member = office.nobody()
    back = departs(member)
    monkeypatch.setattr(single_sign_on, "WAITS_SECONDS", -1)

    assert member.opens(back).status_code == 401


def test_challenge_and_state_differ_each_time(office: Office) -> None:
    queries = []
    for _ in range(3):
        address = office.nobody().opens("/login/provider").headers["location"]
        queries.append(parse_qs(urlsplit(address).query))

    for name in ("state", "nonce", "code_challenge"):
        assert len({query[name][0] for query in queries}) == 3
    assert {query["code_challenge_method"][0] for query in queries} == {"S256"}


def test_refusal_of_the_person_at_the_provider_is_told(office: Office) -> None:
    member = office.nobody()
    state = parse_qs(urlsplit(departs(member)).query)["state"][0]

    assert member.opens("/login/provider/back", state=state, error="access_denied").status_code == 401


def test_provider_that_is_down_leaves_the_password(office: Office, provider: Provider) -> None:
    provider.is_down = True
    member = office.nobody()

    answer = member.opens("/login/provider")

    assert answer.status_code == 503
    assert 'name="password"' in answer.text
    assert "没有响应" in seen(answer)


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://elsewhere.example/token"}, {"jwks_uri": "file:///"},
     {"authorization_endpoint": None}],
)  # fmt: skip
def test_provider_that_names_another_or_unsafe_addresses_is_not_followed(
    office: Office, provider: Provider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata

    assert office.nobody().opens("/login/provider").status_code == 503


def test_disabled_account_stays_out(office: Office, provider: Provider) -> None:
    link(office, provider)
    with office.db.write() as session:
        accounts.by_username(session, "handler").disabled_at = office.world.clock.now
        session.flush()

    assert comes_back(office.nobody()).status_code == 403


def test_never_leads_to_another_site(office: Office, provider: Provider) -> None:
    link(office, provider)

    assert comes_back(office.nobody(), "https://evil.example/").headers["location"] == "/cases"


def test_one_subject_belongs_to_one_account_and_a_link_is_ended_not_deleted(office: Office, provider: Provider) -> None:
    office.account("warden", PASSWORD)
    link(office, provider)
    with pytest.raises(LinkRefused):
        link(office, provider, "warden")
    office.world.clock.advance(days=1)

    with office.db.write() as session:
        account = accounts.by_username(session, "handler")
        admin = office.world.actor(session, "admin")
        assert provider_links.unlink(session, account, actor=admin, at=office.world.clock.now)
        actions = [entry.action for entry in register_log.of(session, account.id)]
    link(office, provider, "warden")

    assert actions == ["provider_unlinked", "provider_linked"]
    assert comes_back(office.nobody()).headers["location"] == "/tasks"
    with office.db.read() as session:
        assert len(session.exec(select(ProviderLink)).all()) == 2


def test_without_a_provider_its_addresses_lead_to_the_password(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRELINE_OIDC_ISSUER", raising=False)
    get_settings.cache_clear()
    with office_of(db, world) as office:
        member = office.nobody()
        for path in ("/login/provider", "/login/provider/back"):
            assert member.opens(path).headers["location"] == "/login"
        assert "/login/provider" not in member.opens("/login").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"OIDC_ISSUER": "http://sso.example"}, "https://"), ({"OIDC_CLIENT_ID": ""}, "FIRELINE_OIDC_CLIENT_ID")],
)
def test_web_part_does_not_start_on_a_provider_that_cannot_be_used(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], words: str
) -> None:
    assert provider.url
    single_sign_on.refuse_unusable(get_settings())
    for name, value in changes.items():
        monkeypatch.setenv(f"FIRELINE_{name}", value)
    get_settings.cache_clear()

    with pytest.raises(single_sign_on.NotUsable, match=words):
        single_sign_on.refuse_unusable(get_settings())


def test_missing_library_is_named_at_the_start(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    assert provider.url
    monkeypatch.setattr(single_sign_on, "find_spec", lambda _: None)

    with pytest.raises(single_sign_on.NotUsable, match=r"fireline\[oidc\]"):
        single_sign_on.refuse_unusable(get_settings())
