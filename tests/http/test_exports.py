"""Exports from the lists: by the filters of the page, within reach, once when pressed twice."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import update
from sqlmodel import col

from domain import accounts, tokens
from domain.database import Database
from domain.models import Post
from domain.tokens import Scope
from tests import chores
from tests.staff_member import Member, Office, form_of, hidden_fields, office_of
from tests.world import World


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def made(office: Office, member: Member, page: str, table: str) -> str:
    """Press a page's export button, have it done, and return the errand's address."""
    html = member.opens(page).text
    form = next(part for part in html.split("<form")[1:] if f'name="table" value="{table}"' in part)
    answer = member.posts("/exports", **hidden_fields(f"<form{form}"))
    assert answer.status_code == 303
    address = answer.headers["location"]
    done = chores.do(office.db, UUID(address.rpartition("/")[2]), at=office.world.clock.now)
    assert done.state == "done", done.outcome
    return address


def exported(office: Office, member: Member, page: str, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of the file that a page's export button makes."""
    address = made(office, member, page, table)
    sheet = openpyxl.load_workbook(io.BytesIO(member.opens(f"{address}/file").content)).active
    return list(sheet.iter_rows(min_row=2, values_only=True))


def test_venues_are_exported_as_the_page_shows_them(office: Office) -> None:
    admin = office.member("admin")

    assert len(exported(office, admin, "/venues", "venues")) == 3
    assert [row[2] for row in exported(office, admin, "/venues?area=fuxian", "venues")] == ["岚山农贸市场"]
    assert [row[2] for row in exported(office, admin, "/venues?state=closed", "venues")] == ["已歇业饭店"]


def test_cases_are_exported_as_the_page_shows_them(office: Office) -> None:
    handler = office.member("handler")
    first, _ = office.report(), office.report(place="老街口", triaged=True)

    assert len(exported(office, handler, "/cases?view=open", "cases")) == 2
    assert [row[0] for row in exported(office, handler, f"/cases?view=open&q={first}", "cases")] == [first]
    english = exported(office, handler, "/cases?view=open&lang=en", "cases")
    assert {row[1] for row in english} == {"Hazard report"}


def test_pressed_twice_it_is_one_export(office: Office) -> None:
    admin = office.member("admin")
    fields = {"table": "venues", "address": "/venues", "csrf": admin.csrf("/venues")}

    first, second = admin.posts("/exports", **fields), admin.posts("/exports", **fields)
    office.world.clock.advance(minutes=1)
    later = admin.posts("/exports", **fields)

    assert first.headers["location"] == second.headers["location"] != later.headers["location"]


def test_there_is_a_button_only_for_whoever_may_export(office: Office) -> None:
    office.report()
    inspector = office.member("inspector1")

    assert 'action="/exports"' not in inspector.opens("/cases?view=open").text
    assert inspector.posts("/exports", table="cases", address="/cases", csrf=inspector.csrf()).status_code == 403


def test_what_is_no_table_is_not_there(office: Office) -> None:
    admin = office.member("admin")

    assert admin.posts("/exports", table="vault", address="", csrf=admin.csrf("/venues")).status_code == 404


def test_the_form_of_an_export_is_none_within_another(office: Office) -> None:
    office.report()

    html = office.member("handler").opens("/cases?view=open").text

    assert form_of(html, "/exports").count("<form") == 1
    before = html.partition('action="/exports"')[0]
    assert before.count("<form") == before.count("</form>") + 1


def test_whoever_reaches_elsewhere_now_does_not_fetch_what_they_reached_before(office: Office) -> None:
    handler = office.member("handler")
    office.report()
    address = made(office, handler, "/cases?view=open", "cases")
    assert handler.opens(f"{address}/file").status_code == 200

    with office.db.write() as session:
        mine = col(Post.person_id) == office.world.people["handler"]
        session.execute(update(Post).where(mine).values(area_id=office.world.areas["fuxian"]))

    assert handler.opens(f"{address}/file").status_code == 403


@pytest.mark.parametrize("table", ["cases", "venues"])
def test_program_fetches_an_export_only_with_the_scope_of_its_table(
    office: Office, anybody, account, table: str
) -> None:
    who = "handler" if table == "cases" else "admin"
    page = "/cases?view=open" if table == "cases" else "/venues"
    office.report()
    address = made(office, office.member(who), page, table)
    needed, other = Scope.CASES_READ, Scope.REGISTER_READ
    if table == "venues":
        needed, other = other, needed

    username = account(who)

    def status(*scopes: Scope) -> int:
        with office.db.write() as session:
            mine = accounts.by_username(session, username)
            token = tokens.make(session, mine, at=office.world.clock.now, scopes=scopes).text
        return anybody.get(f"/api/v1{address}/file", headers={"authorization": f"Bearer {token}"}).status_code

    assert status(Scope.ERRANDS_READ) == 403
    assert status(Scope.ERRANDS_READ, other) == 403
    assert status(Scope.ERRANDS_READ, needed) == 200
