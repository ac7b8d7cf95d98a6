"""What production refuses, and which proxies are believed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from domain.settings import DEMO_ACCOUNT_SID, DEMO_AUTH_TOKEN, DEMO_SECRET, NotForProduction, Settings

OWN: dict[str, Any] = {
    "mode": "production", "secret_key": "k" * 32, "vault_key": "own:AAAA", "public_url": "https://fire.example",
    "twilio_account_sid": "AC1", "twilio_auth_token": "t", "twilio_base_url": "", "secure_cookies": True,
}  # fmt: skip


def named_by(settings: Settings) -> set[str]:
    """Return the settings a refusal names; none when it does not refuse."""
    try:
        settings.refuse_demo_in_production()
    except NotForProduction as refused:
        return set(re.findall("FIRELINE_([A-Z_]+)", str(refused)))
    return set()


def test_production_with_everything_of_its_own_starts_on_sqlite_too() -> None:
    assert named_by(Settings(**OWN)) == set()
    assert named_by(Settings(**{**OWN, "twilio_base_url": "https://sms.example"})) == set()


def test_production_on_the_defaults_names_all_that_is_wrong_at_once() -> None:
    assert named_by(Settings(mode="production")) == {
        "SECRET_KEY", "VAULT_KEY", "PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_BASE_URL",
        "SECURE_COOKIES",
    }  # fmt: skip


def test_demo_starts_on_the_defaults() -> None:
    assert named_by(Settings()) == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret_key", DEMO_SECRET), ("secret_key", "k" * 31), ("secret_key", ""),
        ("twilio_account_sid", DEMO_ACCOUNT_SID), ("twilio_account_sid", ""), ("twilio_auth_token", DEMO_AUTH_TOKEN),
        ("twilio_base_url", "http://127.0.0.1:8001"), ("twilio_base_url", "http://localhost:8001"),
        ("twilio_base_url", "http://[::1]:8001"), ("public_url", "http://localhost:8000"), ("public_url", ""),
        ("public_url", "http://127.8.8.8"), ("public_url", "https://fire.localhost"), ("public_url", "http://0.0.0.0"),
        ("public_url", "fire.example"), ("public_url", "http://["), ("secure_cookies", False),
    ],
)  # fmt: skip
def test_each_thing_of_the_demo_is_refused(name: str, value: object) -> None:
    assert named_by(Settings(**{**OWN, name: value})) == {name.upper()}


def test_proxies_are_addresses_and_networks() -> None:
    assert Settings(trusted_proxies="10.0.0.5, 192.168.7.0/24,2001:db8::1").proxies == [
        "10.0.0.5", "192.168.7.0/24", "2001:db8::1",
    ]  # fmt: skip
    assert Settings().proxies == []
    with pytest.raises(ValidationError):
        Settings(trusted_proxies="the-proxy")
