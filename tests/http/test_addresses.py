"""Whose address counts: a caller is believed about it only through a proxy that was named."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from tests.http.conftest import ORIGIN

PROXY = "10.0.0.5"
WRONG = "ABCDEFGHJKMN"


@pytest.fixture
def answers_behind(db, world, settings):
    """Try twelve wrong receipts through the proxy, each for another caller, and return how they were answered."""

    def answers(trusted: str, forwarded: str = "203.0.113.{n}", proxy: str = PROXY) -> list[int]:
        app = create_app(db, settings.model_copy(update={"trusted_proxies": trusted}))
        app.state.clock = lambda: world.clock.now
        with TestClient(app, base_url=ORIGIN, client=(proxy, 4000)) as client:
            return [
                client.get(f"/r/{WRONG}", headers={"x-forwarded-for": forwarded.format(n=n)}).status_code
                for n in range(12)
            ]

    return answers


@pytest.mark.parametrize("trusted", ["", "10.0.0.6,192.168.0.0/16"])
def test_address_in_a_header_is_not_believed(answers_behind, trusted):
    assert answers_behind(trusted) == [404] * 11 + [429]


@pytest.mark.parametrize("trusted", [PROXY, "10.0.0.0/24"])
def test_callers_behind_a_named_proxy_count_for_themselves(answers_behind, trusted):
    assert answers_behind(trusted) == [404] * 12


def test_who_writes_more_into_the_header_is_still_known_by_the_address_the_proxy_saw(answers_behind):
    assert answers_behind(PROXY, "198.51.100.{n}, 203.0.113.9") == [404] * 11 + [429]
