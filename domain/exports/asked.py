"""Which table somebody asks for, by which filters; kept as plain data while it waits to be made."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from domain import errands, register_log, sealed
from domain.actors import Actor
from domain.language import Label
from domain.models import Errand
from domain.patrols import asked as patrol_asked
from domain.queries import case_list, venue_list
from domain.rights import Right

ERRAND = "export"
SEALED_FOR = "export:q"
"""What words searched for are sealed for while the export waits: they may well be somebody's name."""
Wanted = venue_list.Wanted | case_list.Wanted | patrol_asked.Asked

TABLES: Mapping[str, Label] = {
    "venues": Label("场所", "Venues"),
    "facilities": Label("消防设施", "Facilities"),
    "cases": Label("案件", "Cases"),
    "patrols": Label("巡查任务", "Patrols"),
}
"""What can be asked for. Facilities are chosen by their venues."""


class UnknownTable(LookupError):
    """There is no such table."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A table that was asked for, and in which language."""

    table: str
    wanted: Wanted
    locale: str

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        if isinstance(self.wanted, patrol_asked.Asked):
            return {"table": self.table, "wanted": self.wanted.as_data(), "locale": self.locale}
        # Not "what is true": nothing to wait for and not open are filters as well.
        left_alone = asdict(type(self.wanted)())
        given = {
            name: register_log.plain(value) for name, value in asdict(self.wanted).items() if value != left_alone[name]
        }
        return {"table": self.table, "wanted": given, "locale": self.locale}


def from_data(data: Mapping[str, Any]) -> Asked:
    """Return what `as_data` wrote down; raises UnknownTable."""
    table = str(data["table"])
    given = dict(data["wanted"])
    if "q" in data:
        given["q"] = sealed.keyring().unseal_text(base64.b64decode(data["q"]), context=SEALED_FOR)
    if table == "patrols":
        return Asked(table, patrol_asked.Asked.of(given), str(data["locale"]))
    if table == "cases":
        return Asked(table, _cases(given), str(data["locale"]))
    if table not in TABLES:
        raise UnknownTable(table)
    known = {one.name for one in fields(venue_list.Wanted)}
    return Asked(table, venue_list.Wanted(**{name: value for name, value in given.items() if name in known}),
                 str(data["locale"]))  # fmt: skip


def _cases(given: dict[str, Any]) -> case_list.Wanted:
    for name in ("assignee_id", "venue_id"):
        if given.get(name):
            given[name] = UUID(given[name])
    for name in ("due_before", "opened_from", "opened_before"):
        if given.get(name):
            given[name] = datetime.fromisoformat(given[name])
    given["states"] = tuple(given.get("states", ()))
    if given.get("waiting") is not None:
        given["waiting"] = tuple(
            case_list.WaitsFor(
                one["process"], tuple(one["states"]), UUID(one["assignee_id"]) if one["assignee_id"] else None
            )
            for one in given["waiting"]
        )
    known = {one.name for one in fields(case_list.Wanted)}
    return case_list.Wanted(**{name: value for name, value in given.items() if name in known})


def promise(session: Session, asked: Asked, *, actor: Actor, at: datetime, key: str) -> Errand:
    """Have the table made in the background; asked twice under one `key`, it is made once."""
    data = asked.as_data()
    if words := data["wanted"].pop("q", None):
        data["q"] = base64.b64encode(sealed.keyring().seal(words, context=SEALED_FOR)).decode()
    return errands.promise(
        session, ERRAND, key=f"{ERRAND}:{actor.person_id}:{key}", at=at, made_by=actor.person_id,
        data=data, needs=Right.EXPORT.value,
    )  # fmt: skip


def note(
    session: Session, asked: Asked, *, export_id: UUID, rows: int, sha256: str, actor: Actor, at: datetime
) -> None:
    """Record that somebody took a table out: which one, by which filters, how much, and which file exactly.

    The record is for ever: of the words searched for it keeps a mark only.
    """
    data = {**asked.as_data(), "rows": rows, "sha256": sha256}
    if "q" in data["wanted"]:
        data["wanted"]["q"] = sealed.mark(data["wanted"]["q"])
    register_log.record(session, "export", export_id, "export", actor=actor, at=at, data=data)
