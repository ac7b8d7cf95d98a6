"""What the commands of `fireline` do. A refusal ends the process with one clear line and exit status 1."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from domain import accounts, people, recounted, register_log, schema, tokens
from domain.actors import ROLE_LABELS, SYSTEM, Role
from domain.database import Database, open_database
from domain.demo import loading, roster
from domain.identifiers import NotAPhoneNumber, clean_phone, new_id
from domain.models import Area, Person, Post
from domain.passwords import PasswordRefused
from domain.patrols import proof
from domain.settings import NotForProduction, get_settings

HELD = sorted(role.value for role in ROLE_LABELS if role not in (Role.REPORTER, Role.APPLICANT, Role.SYSTEM))

P = ParamSpec("P")
R = TypeVar("R")


class CommandRefused(Exception):
    """The command cannot be carried out; the message says why and what to do."""


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what may go wrong into one line on standard error and exit status 1."""

    @functools.wraps(command)
    def refusing(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (CommandRefused, loading.DemoRefused, NotForProduction) as refused:
            text = str(refused)
        except (PasswordRefused, NotAPhoneNumber) as refused:
            text = str(refused.reason)
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            text = f"the database cannot be used: {cause}. Check FIRELINE_DATABASE_URL with `fireline doctor`."
        print(f"fireline: {text}", file=sys.stderr)  # noqa: T201 - a command's own message
        raise SystemExit(1)

    return refusing


@contextmanager
def database_in_use(*, is_new: bool = False) -> Iterator[Database]:
    """Give this deployment's database; refuses one of another schema unless it is about to be made."""
    settings = get_settings()
    if is_new:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.url)
    try:
        if not is_new:
            _refuse_other_schema(database)
        yield database
    finally:
        database.dispose()


def _refuse_other_schema(database: Database) -> None:
    path = database.engine.url.database
    if database.is_sqlite and path and not Path(path).exists():
        msg = f"there is no database at {path}. `fireline db upgrade` makes one."
        raise CommandRefused(msg)
    revision = schema.current(database)
    if revision != schema.newest():
        msg = f"the database is at revision {revision}, this program needs {schema.newest()}: `fireline db upgrade`."
        raise CommandRefused(msg)


@plainly
def upgrade() -> str:
    """Bring the database to the newest schema and return what was done."""
    with database_in_use(is_new=True) as database:
        before = schema.current(database)
        schema.upgrade(database)
        after = schema.newest()
    return (
        f"The database is at revision {after} already." if before == after else f"The database is at revision {after}."
    )


@plainly
def load_demo() -> str:
    """Load the demo city and return what was done."""
    with database_in_use() as database:
        loaded = loading.load(database, settings=get_settings(), at=datetime.now(UTC))
    if not (loaded.register or loaded.cases):
        return "The demo city is there already."
    return f"The demo city is there, with {loaded.cases} reports. Its accounts' password is {roster.PASSWORD}."


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person to be entered, as typed."""

    username: str
    name: str
    role: str
    area: str
    phone: str
    password: str


@plainly
def add_user(newcomer: Newcomer) -> str:
    """Enter a person with one post and an account, and return what was done."""
    if newcomer.role not in HELD:
        msg = f"there is no role {newcomer.role!r}; choose one of {', '.join(HELD)}."
        raise CommandRefused(msg)
    phone = clean_phone(newcomer.phone) if newcomer.phone else None
    with database_in_use() as database, database.write() as session:
        area_id = None
        if newcomer.area:
            area_id = session.execute(select(col(Area.id)).where(col(Area.code) == newcomer.area)).scalar()
            if area_id is None:
                msg = f"there is no area with the code {newcomer.area!r}."
                raise CommandRefused(msg)
        at = datetime.now(UTC)
        person = Person(id=new_id(), name=newcomer.name, phone=phone)
        session.add(person)
        session.flush()
        post = Post(id=new_id(), person_id=person.id, role=newcomer.role, area_id=area_id, from_on=people.local_day(at))
        session.add(post)
        session.flush()
        register_log.record(session, "person", person.id, "enter", actor=SYSTEM, at=at, data={"name": person.name})
        data = {"person": person.name, "role": post.role, "area": newcomer.area, "from_on": post.from_on}
        register_log.record(session, "post", post.id, "appoint", actor=SYSTEM, at=at, data=data)
        try:
            account = accounts.add_account(
                session, username=newcomer.username, password=newcomer.password, person_id=person.id
            )
        except accounts.AccountExists:
            msg = f"the user name {newcomer.username!r} is taken."
            raise CommandRefused(msg) from None
        register_log.record(
            session, "account", account.id, "add", actor=SYSTEM, at=at, data={"username": account.username}
        )
        return f"{newcomer.name} signs in as {account.username}, with the role {newcomer.role}."


@plainly
def add_token(username: str, *, label: str, scopes: list[str] | None = None, days: int = 0) -> str:
    """Make an API token and return it; without scopes it may do whatever its account may."""
    lasts = timedelta(days=days) if days else None
    with database_in_use() as database, database.write() as session:
        try:
            account = accounts.by_username(session, username)
            return tokens.make(session, account, at=datetime.now(UTC), label=label, scopes=scopes, lasts=lasts).text
        except tokens.ScopeRefused as refused:
            known = ", ".join(tokens.Scope)
            msg = f"{refused.reason} Scopes: {known}."
            raise CommandRefused(msg) from None
        except accounts.UnknownAccount:
            msg = f"there is no account {username!r}. `fireline user add` makes one."
            raise CommandRefused(msg) from None


@plainly
def verify_audit() -> tuple[bool, str]:
    """Return whether the record holds, and what to say of it."""
    with database_in_use() as database, database.read() as session:
        found = register_log.verify_everything(session)
        found = replace(found, breaches=(*found.breaches, *recounted.verify(session), *proof.verify(session)))
    counts = [
        (found.cases, "case", "cases"),
        (found.records, "record", "records"),
        (found.entries, "entry", "entries"),
        (found.anchors, "anchor", "anchors"),
    ]
    looked = ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts)
    if found.whole:
        return True, f"The record is whole: {looked}."
    first = found.breaches[0]
    more = f" {len(found.breaches) - 1} more after it." if len(found.breaches) > 1 else ""
    return False, f"The record is broken at {first.where}: {first.reason}{more} Looked at {looked}."
