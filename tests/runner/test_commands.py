"""The commands of `fireline` as people and programs call them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from domain.identifiers import is_venue_code

FIRELINE = str(Path(sys.executable).with_name("fireline"))


def fireline(folder: Path, *words: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FIRELINE_", "PREFECT_"))}
    told = {**inherited, "FIRELINE_DATA_DIR": str(folder), "NO_COLOR": "1", "COLUMNS": "200", **environment}
    return subprocess.run(
        [FIRELINE, *words], env=told, input=typed, capture_output=True, text=True, check=False, cwd=folder, timeout=120
    )


def test_help_lists_every_command(tmp_path: Path) -> None:
    said = fireline(tmp_path, "--help", COLUMNS="80").stdout
    assert "..." not in said.partition("Commands:")[2], "every command's line is whole"
    assert "<bool>" not in said

    groups = ("db", "demo", "user", "token", "audit", "vault")
    for command in ("run", "web", "worker", "exchange", "import", "export", "doctor", *groups):
        assert f" {command} " in said


def test_help_loads_nothing_heavy() -> None:
    heavy = "{'sqlalchemy', 'pydantic', 'fastapi', 'PIL', 'babel'}"
    code = f"import sys, api.command_line; print(sorted({heavy} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("command", "says"),
    [("run", "--exchange-port"), ("web", "--port"), ("exchange", "--journal"), ("worker", "until SIGTERM")],
)
def test_commands_that_become_another_program_show_its_options(tmp_path: Path, command: str, says: str) -> None:
    shown = fireline(tmp_path, command, "--help")

    assert shown.returncode == 0
    assert says in shown.stdout


def test_an_unknown_command_is_refused(tmp_path: Path) -> None:
    assert fireline(tmp_path, "fly").returncode == 2


def test_demo_info_is_what_the_contract_says(tmp_path: Path) -> None:
    shown = fireline(tmp_path, "demo", "info", "--json")

    known = json.loads(shown.stdout)
    assert set(known) == {"venues", "accounts", "devices", "phones"}
    assert len(known["venues"]) == 60
    assert all(set(venue) == {"code", "name", "class"} and is_venue_code(venue["code"]) for venue in known["venues"])
    assert {"username": "handler", "role": "handler"} in known["accounts"]
    assert all(set(phone) == {"number", "person", "post"} for phone in known["phones"])
    assert list(tmp_path.iterdir()) == []


def test_a_database_is_made_filled_and_its_breach_found(tmp_path: Path) -> None:
    for words in (("db", "upgrade"), ("demo", "load")):
        assert fireline(tmp_path, *words).returncode == 0

    token = fireline(tmp_path, "token", "add", "--user", "handler")
    new = ("user", "add", "--username", "chief", "--name", "新来", "--role", "leader", "--password-stdin")
    user = fireline(tmp_path, *new, typed="a-long-password\n")
    with sqlite3.connect(tmp_path / "fireline.db") as database:
        reports = "SELECT id FROM cases WHERE process = 'hazard_report'"
        database.execute(f"UPDATE timeline_entry SET actor_name = 'nobody' WHERE seq = 3 AND case_id IN ({reports})")
    database.close()
    verified = fireline(tmp_path, "audit", "verify")

    assert (len(token.stdout.split()), len(token.stdout.splitlines())) == (1, 1)
    assert user.stdout == "新来 signs in as chief, with the role leader.\n"
    assert verified.returncode == 1
    assert verified.stdout.startswith("The record is broken at JB-")


def test_a_database_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    missing = fireline(tmp_path, "audit", "verify")

    assert missing.returncode == 1
    assert "fireline db upgrade" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_doctor_tells_a_dead_database_by_its_exit_status_and_shows_no_password(tmp_path: Path) -> None:
    url = "postgresql://me:verysecret@127.0.0.1:9/nothing"

    seen = fireline(tmp_path, "doctor", FIRELINE_DATABASE_URL=url)

    assert seen.returncode == 1
    assert "correct FIRELINE_DATABASE_URL" in seen.stdout
    assert "verysecret" not in seen.stdout
