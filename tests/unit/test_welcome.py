"""What `fireline run` says when the first page answers."""

from __future__ import annotations

from api.preparation import welcome
from domain.demo import city, roster
from domain.settings import Settings

SEED_PATH = f"/v/{roster.venue_code(city.SEED_VENUE)}"


def test_welcome_names_the_addresses_and_accounts() -> None:
    settings = Settings(public_url="http://localhost:8123", exchange_url="http://127.0.0.1:8124")

    said = welcome(settings, is_demo=True, qr=False)

    for words in (f"http://localhost:8123{SEED_PATH}", "http://localhost:8123/login", "http://127.0.0.1:8124",
                  "inspector1", "fireline-demo"):  # fmt: skip
        assert words in said
    assert "█" not in said


def test_a_square_code_is_drawn_for_an_address_telephones_can_reach() -> None:
    assert "█" in welcome(Settings(public_url="http://10.1.2.3:8000"), is_demo=True, qr=True)

    here_only = welcome(Settings(public_url="http://localhost:8000"), is_demo=True, qr=True)

    assert "█" not in here_only
    assert "--host 0.0.0.0" in here_only


def test_an_empty_city_says_how_to_add_the_first_user() -> None:
    said = welcome(Settings(database_url="postgresql://me:secret@db/fire"), is_demo=False, qr=True)

    assert "fireline user add" in said
    assert "FIRELINE_DATABASE_URL" in said
    assert "secret" not in said
    assert roster.PASSWORD not in said
