"""What administrators set while the product runs: reading it, changing it, going back to how it was delivered.

Nothing is remembered beyond a unit of work: one statement by the first who asks in a session reads all of them, so that
every process goes by a change from the transaction after it on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select, text
from sqlmodel import Session

from domain import access, register_lock, register_log
from domain.actors import Actor
from domain.adjustable import ADJUSTABLE, Adjustable, NotAValue, Value
from domain.language import Sentence
from domain.models import ProductSetting
from domain.register_lock import NotNow
from domain.rights import Right
from domain.settings import Settings, get_settings

KNOWN = "product_settings"
"""Key of `Session.info` under which a unit of work remembers what it has read."""

_ROWS: Any = ProductSetting.__table__  # type: ignore[attr-defined]


class UnknownSetting(LookupError):
    """There is no such setting that could be changed here."""


def value(session: Session, key: str, *, settings: Settings | None = None) -> Any:  # noqa: ANN401 - each has its type
    """Return what a setting is now: a `time`, an `int` or one of its answers. Raises `UnknownSetting`.

    `settings`: where the defaults come from, this process's own unless given.
    """
    known = _known(key)
    stored = _stored(session)
    if key in stored:
        try:
            return known.read(stored[key])
        except NotAValue:  # an earlier version took it: its bounds were others
            pass
    return known.default(settings or get_settings())


def default(key: str, *, settings: Settings | None = None) -> Value:
    """Return what a setting is while nobody changes it. Raises `UnknownSetting`."""
    return _known(key).default(settings or get_settings())


def read(key: str, kept: object) -> Any:  # noqa: ANN401 - each has its type
    """Return what a value that the record keeps meant, the delivered one where it is none any more."""
    known = _known(key)
    try:
        return known.read(kept)
    except NotAValue:
        return known.default(get_settings())


def is_changed(session: Session, key: str) -> bool:
    """Return whether somebody set it."""
    return key in _stored(session)


def subject_of(key: str) -> UUID:
    """Return under which id the changes of a setting are recorded."""
    return uuid5(NAMESPACE_URL, f"fireline:setting:{key}")


SUBJECTS = {subject_of(key): key for key in ADJUSTABLE}


def change(
    session: Session, key: str, given: object, *, reason: str, actor: Actor, at: datetime, version: int | None = None
) -> bool:
    """Set it and write down who did, and why; False when it is so already.

    `version` is how many entries its record had when the change was looked at. Raises `UnknownSetting`, `NotAValue`,
    `NotNow`, `RegisterChanged`, and what `access.require` does.
    """
    access.require(session, actor, Right.CHANGE_SETTINGS)
    known = _known(key)
    new = known.read(given)
    _alone(session)
    before = value(session, key)
    if before == new:
        return False
    register_lock.expect(session, subject_of(key), version)
    check(session, key, new)
    row = {"value": known.kept(new), "reason": reason, "changed_at": at, "changed_by": actor.person_id}
    moved: Any = session.execute(_ROWS.update().where(_ROWS.c.key == key).values(**row))
    if not moved.rowcount:
        session.execute(_ROWS.insert().values(key=key, **row))
    session.info.pop(KNOWN, None)
    data = {"value": [known.kept(before), known.kept(new)], "reason": reason}
    register_log.record(session, "setting", subject_of(key), "change", actor=actor, at=at, data=data)
    return True


def back_to_default(
    session: Session, key: str, *, reason: str, actor: Actor, at: datetime, version: int | None = None
) -> bool:
    """Let the default hold again, also when that is another one later; False when it holds already. Raises as `change`.

    The default may follow an environment variable.
    """
    access.require(session, actor, Right.CHANGE_SETTINGS)
    known = _known(key)
    _alone(session)
    if not is_changed(session, key):
        return False
    register_lock.expect(session, subject_of(key), version)
    before = value(session, key)
    check(session, key, default(key))
    session.execute(_ROWS.delete().where(_ROWS.c.key == key))
    session.info.pop(KNOWN, None)
    data = {"value": [known.kept(before), known.kept(default(key))], "reason": reason}
    register_log.record(session, "setting", subject_of(key), "to_default", actor=actor, at=at, data=data)
    return True


def check(session: Session, key: str, new: Value) -> None:
    """Raise `NotNow` for a value that does not go with the other settings."""
    if key not in ("office_opens", "office_closes"):
        return
    hours = {"office_opens": value(session, "office_opens"), "office_closes": value(session, "office_closes"), key: new}
    if hours["office_opens"] >= hours["office_closes"]:
        opens, closes = (hours[name].isoformat("minutes") for name in ("office_opens", "office_closes"))
        raise NotNow(
            Sentence("The office would open at %(opens)s and close at %(closes)s.", opens=opens, closes=closes)
        )


def _alone(session: Session) -> None:
    """Let nobody else change any setting until the end of the transaction (some are looked at together)."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE product_setting IN SHARE ROW EXCLUSIVE MODE"))
    session.info.pop(KNOWN, None)


def _known(key: str) -> Adjustable:
    if key not in ADJUSTABLE:
        raise UnknownSetting(key)
    return ADJUSTABLE[key]


def _stored(session: Session) -> dict[str, Any]:
    if KNOWN not in session.info:
        session.info[KNOWN] = dict(session.execute(select(_ROWS.c.key, _ROWS.c.value)).tuples().all())
    stored: dict[str, Any] = session.info[KNOWN]
    return stored
