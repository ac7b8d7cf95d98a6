"""Somebody of the staff at the web part, without a browser: signed in, opening pages, sending the forms on them."""

from __future__ import annotations

import hashlib
import html
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from starlette.testclient import TestClient

from api.app import create_app
from domain import accounts, cases, reports
from domain.actors import SYSTEM, Actor, Role
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Account, Case, SignIn
from domain.reports import Intake
from domain.settings import get_settings
from tests.world import World

SITE = "http://fireline.test"
SEED = "楼层好多烟感报警不会亮,希望能看看是否会联动"
REPORTER = Actor(frozenset({Role.REPORTER}))


class Member:
    """One person with one browser."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def opens(self, path: str, **query: str) -> Any:
        """Open a page; a redirect is not followed."""
        return self.client.get(path, params=query or None, follow_redirects=False)

    def sends(self, page: str, action: str, /, *, files: list[tuple[str, bytes]] | None = None, **fields: Any) -> Any:
        """Open `page` and send its form to `action`, hidden fields included, as a browser does."""
        form = form_of(self.opens(page).text, action)
        return self.posts(action, files=files, **{**hidden_fields(form), **fields})

    def takes(self, number: str, step: str, /, **fields: Any) -> Any:
        """Take a step on the case page."""
        return self.sends(f"/cases/{number}", f"/cases/{number}/steps/{step}", **fields)

    def posts(self, action: str, /, *, files: list[tuple[str, bytes]] | None = None, **fields: Any) -> Any:
        """Send a form."""
        sent = [("photos", (name, data, "image/jpeg")) for name, data in files or []]
        return self.client.post(action, data=fields, files=sent or None, follow_redirects=False)

    def csrf(self, page: str = "/cases") -> str:
        """Return a proof that a form came from our own page."""
        return hidden_fields(self.opens(page).text)["csrf"]


class Office:
    """The staff of the world, each with a browser of their own."""

    def __init__(self, db: Database, world: World, stack: ExitStack) -> None:
        self.db, self.world = db, world
        self.app = create_app(db, get_settings())
        self.app.state.clock = lambda: world.clock.now
        self._stack = stack

    def nobody(self) -> Member:
        """Return a browser nobody is signed in with."""
        return Member(self._stack.enter_context(TestClient(self.app, base_url=SITE)))

    def member(self, who: str) -> Member:
        """Return a person of the world, signed in; without the slow password."""
        token = secrets.token_urlsafe(16)
        with self.db.write() as session:
            account = Account(
                id=new_id(), person_id=self.world.people[who], username=f"{who}-{token[:6]}", password_hash="-"
            )
            session.add(account)
            session.flush()
            session.add(
                SignIn(token_hash=hashlib.sha256(token.encode()).digest(), account_id=account.id,
                       csrf=secrets.token_urlsafe(24), started_at=self.world.clock.now, seen_at=self.world.clock.now)
            )  # fmt: skip
        member = self.nobody()
        member.client.cookies.set("fireline", token)
        return member

    def account(self, who: str, password: str) -> None:
        """Make a real account of a person of the world."""
        with self.db.write() as session:
            accounts.add_account(session, username=who, password=password, person_id=self.world.people[who])

    def report(self, *, triaged: bool = False, **fields: Any) -> str:
        """Have a hazard reported and return its number."""
        intake = {"hazard": "equipment", "description": SEED, "phone": "13912345678", "name": "张三丰"}
        if "place" not in fields:
            intake["venue_code"] = self.world.codes["kuancheng"]
        with self.db.write() as session:
            opened = reports.open_report(
                session, Intake(**{**intake, **fields}), actor=REPORTER, at=self.world.clock.now, channel="qr"
            )
            case_id, number = opened.case.id, opened.case.number
        if triaged:
            with self.db.write() as session:
                reports.triage(session, case_id, at=self.world.clock.now)
        return number

    def fires(self, number: str, who: str, step: str, **data: Any) -> None:
        """Have somebody take a step without a page."""
        with self.db.write() as session:
            case = cases.by_number(session, number)
            actor = SYSTEM if who == "system" else self.world.actor(session, who)
            cases.fire(session, case, step, actor=actor, at=self.world.clock.now, data=data)

    def reporter_fires(self, number: str, step: str, **data: Any) -> None:
        """Have the reporter take a step by their receipt."""
        with self.db.write() as session:
            case = cases.by_number(session, number)
            actor = Actor(frozenset({Role.REPORTER}), receipt_for=case.id)
            cases.fire(session, case, step, actor=actor, at=self.world.clock.now, data=data)

    def case(self, number: str) -> Case:
        """Return a case as it stands."""
        with self.db.read() as session:
            return cases.by_number(session, number)

    def to_checked(self, number: str) -> None:
        """Have the warden check a triaged report."""
        self.fires(number, "warden", "start_check", venue_code=self.world.codes["kuancheng"])
        self.fires(number, "warden", "record_finding", outcome="substantiated", description="12 只烟感不亮",
                   hazards=["FAC-07"], no_photo_reason="测试")  # fmt: skip


@contextmanager
def office_of(db: Database, world: World) -> Iterator[Office]:
    """Open the office on this database; its clock is the world's."""
    with ExitStack() as stack:
        yield Office(db, world, stack)


def form_of(page: str, action: str) -> str:
    """Return the part of a page that is the form with this action; fails when there is none."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, flags=re.DOTALL)
    assert found, f"no form for {action}"
    return found.group(0)


def hidden_fields(form: str) -> dict[str, str]:
    """Return the hidden fields of a form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)"(?: id="[^"]*")? value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def seen(answer: Any) -> str:
    """Return the words of a page, without its tags."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))
