"""Every limit of the catalogue: its article, who counts by it, what was set here instead, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import Request
from pydantic import Field
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from api import forms
from api.access import Router, needs, proven
from api.deps import CurrentStaff, Db, Now, Posted
from api.pages import register_forms
from api.pages.admin_frame import admin_page
from api.pages.register_forms import RegisterForm
from api.pages.staff_forms import Option, Pickers
from domain import articles, catalogue, limits_register, register_lock, rulebooks
from domain.access import OutOfReach, may
from domain.accounts import Identity
from domain.actors import Place
from domain.articles import UNITS, Basis, limit_words
from domain.cases import FieldRefused
from domain.catalogue import TimeLimit
from domain.clocks import Limit, Unit
from domain.forms import Form, select_field, text_field
from domain.language import N_, Label, Sentence
from domain.limits_register import LimitRefused
from domain.models import OwnLimitRow
from domain.processes import WORKFLOWS
from domain.queries import record_words
from domain.queries.record_words import BadCursor, Wanted
from domain.rights import Right
from domain.rulebook import UNSPECIFIED, Rulebook
from domain.workflow import FieldRefusal

router = Router(include_in_schema=False)
HERE = "limits"
ADDRESS = "/admin/limits"
USED = "used"
PROVENANCES = {
    "quoted": Label("见原文", "text seen"),
    "secondary": Label("见转述", "seen as others restate it"),
    "memory": Label("凭记忆，待核对", "from memory, to be checked"),
    "practice": Label("实践做法", "practice"),
}
ROW_KINDS = {
    "statutory": Label("法定", "set by law"),
    "constraint": Label("法定要求", "a demand of the law"),
    "local_plan": Label("地方计划", "local plan"),
    "local_practice": Label("地方做法", "local practice"),
    "practice": Label("实践做法", "practice"),
}
OTHER_UNITS = {
    "promptly": Label("及时", "promptly"),
    "immediately": Label("立即", "immediately"),
    "always": Label("始终", "always"),
    "set_by_inspector": Label("由监督员确定", "set by the inspector"),
    "limit": Label("金额，见条文", "an amount; see the article"),
}
DEMANDS = {
    "per_day_min": Label("每日至少 {} 次", "at least {} × a day"),
    "per_month_min": Label("每月至少 {} 次", "at least {} × a month"),
    "per_quarter_min": Label("每季度至少 {} 次", "at least {} × a quarter"),
    "per_half_year_min": Label("每半年至少 {} 次", "at least {} × every half-year"),
    "per_year_min": Label("每年至少 {} 次", "at least {} × a year"),
    "year_min": Label("至少 {} 年", "at least {} year(s)"),
    "person_min": Label("至少 {} 人", "at least {} persons"),
    "share_min": Label("至少 {:.0%}", "at least {:.0%}"),
    "elapsed_hour_max": Label("至多 {} 小时", "at most {} hours"),
    UNSPECIFIED: Label("{} 日（原文未写明工作日或自然日）", "{} days (the text does not say which)"),
}
"""Unit of the file → in words, with the number."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the catalogue, or a target of ours, as the list shows it."""

    rule: str
    stage: Label
    basis: Basis
    says: Label | None
    """What the row says; None where it gives no number."""
    target: Label | None
    """Our own number where the law has none."""
    own: Label | None
    """What was set here and holds now."""
    row: TimeLimit | None
    provenance: Label
    kind: Label
    used_by: tuple[Label, ...]
    """The clocks that count by it."""
    applies: bool
    """It holds in this region, today."""


@router.get(ADDRESS)
@needs(Right.SEE_RULES)
def show_limits(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show every row, or those that a process counts by."""
    with db.read() as session:
        book = rulebooks.load(session)
    used_only = request.query_params.get("view") != "all"
    every = [_line(rule, book, at) for rule in sorted({*catalogue.limits(), *catalogue.targets()})]
    shown = [line for line in every if line.used_by or not used_only]
    return admin_page(
        request, "pages/staff/admin/limits.html", staff=staff, at=at, here=HERE, lines=shown, used_only=used_only,
        total=len(every), region=book.region,
    )  # fmt: skip


def _line(rule: str, book: Rulebook, at: datetime) -> Line:
    row, target = catalogue.limits().get(rule), catalogue.targets().get(rule)
    rules = book.at(at)
    law, own = rules.law(rule), rules.own(rule)
    day = at.astimezone(book.zone).date()
    seen = row.provenance if row else target.provenance if target else ""
    return Line(
        rule=rule,
        stage=_stage(rule, row),
        basis=articles.of_rule(rule),
        says=limit_words(law) if law else _demand(row),
        target=limit_words(Limit(target.amount, Unit(target.unit))) if target else None,
        own=limit_words(own) if own else None,
        row=row,
        provenance=PROVENANCES.get(seen, Label(seen, seen)),
        kind=ROW_KINDS.get(row.kind, Label(row.kind, row.kind)) if row else articles.OWN_TARGET,
        used_by=used_by(rule),
        applies=row is None or (row.applies_in(book.region) and row.holds(day)),
    )  # fmt: skip


def _stage(rule: str, row: TimeLimit | None) -> Label:
    """Return what a row limits; of a target that no law asks for, the clock it is for."""
    if row is None:
        return next(iter(used_by(rule)), Label("", ""))
    return row.words


def _demand(row: TimeLimit | None) -> Label | None:
    """Return what a row demands that is no length of time."""
    if row is None:
        return None
    if row.unit in OTHER_UNITS:
        return OTHER_UNITS[row.unit]
    if row.limit is not None and row.unit in set(Unit):  # in another region, or not in force today
        return limit_words(Limit(row.limit, Unit(row.unit)))
    words, number = DEMANDS[row.unit], row.limit if row.limit is not None else row.share
    return Label(words.zh.format(number), words.en.format(number))


def used_by(rule: str) -> tuple[Label, ...]:
    """Return the clocks of our processes that count by a row, with their process."""
    row = catalogue.limits().get(rule)
    names = {rule, row.overlays} if row and row.overlays else {rule}
    return tuple(
        Label(f"{workflow.zh}：{clock.zh}", f"{workflow.en}: {clock.en}")
        for workflow in WORKFLOWS.values()
        for clock in workflow.clocks
        if names & set(clock.basis.split("/"))
    )


# One row.


def _known(rule: str) -> str:
    if rule not in catalogue.limits() and rule not in catalogue.targets():
        raise OutOfReach(rule)
    return rule


@router.get(ADDRESS + "/{rule}")
@needs(Right.SEE_RULES)
def show_limit(request: Request, rule: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show one row with everything that is known of it, and page by page what was set here."""
    _known(rule)
    with db.read() as session:
        book = rulebooks.load(session)
        set_here = limits_register.of(session, rule)
        try:
            wanted = Wanted(subject_id=limits_register.subject_of(rule))
            record = record_words.page(session, wanted, cursor=request.query_params.get("cursor"))
        except BadCursor:
            return RedirectResponse(f"{ADDRESS}/{rule}", status_code=303)
    return admin_page(
        request, "pages/staff/admin/limit.html", staff=staff, at=at, here=HERE, line=_line(rule, book, at),
        set_here=_worded(set_here), record=record, provenances=PROVENANCES, cited=catalogue.short_citation,
        changes=rule in limits_register.rules() and may(staff.actor, Right.KEEP_RULES, Place()),
        holds_later=any(row.until_at is None or row.until_at > at for row in set_here),
        done="done" in request.query_params,
    )  # fmt: skip


def _worded(rows: Sequence[OwnLimitRow]) -> list[tuple[Label, OwnLimitRow]]:
    """Return what was set, in words; what was taken back before it began is left to the record."""
    return [
        (limit_words(Limit(row.amount, Unit(row.unit))), row)
        for row in rows
        if row.until_at is None or row.until_at > row.from_at
    ]


class SetLimit(Form):
    """A limit of ours for a row."""

    amount: int = Field(..., title=N_("Amount"), json_schema_extra={"widget": "number"})
    unit: Unit = select_field(N_("Unit"), of="units")
    from_on: date | None = Field(
        None,
        title=N_("Holds from"),
        json_schema_extra={"widget": "date", "optional": True, "hint": N_("Left empty: for what begins from now on.")},
    )
    reason: str = text_field(N_("Reason"), limit=500)


class TakeBack(Form):
    """The catalogue's own limit holds again."""

    reason: str = text_field(N_("Reason"), limit=500)


UNIT_OPTIONS = Pickers(
    lists={
        "units": tuple(
            Option(unit.value, Label(words.zh.format("…"), words.en.format("…"))) for unit, words in UNITS.items()
        )
    }
)


def _page(rule: str, what: str) -> RegisterForm:
    line = articles.of_rule(rule)
    back = f"{ADDRESS}/{rule}"
    if what == "take-back":
        return RegisterForm(Sentence("Take the limit back"), f"{back}/{what}", back, Sentence("Take it back"),
                            part=HERE, about=rule, note=line.words)  # fmt: skip
    return RegisterForm(Sentence("Set a limit"), f"{back}/{what}", back, Sentence("Set it"), part=HERE, about=rule,
                        note=line.words)  # fmt: skip


def _model(rule: str, what: str) -> Any:  # noqa: ANN401 - one of the two forms
    models = {"set": SetLimit, "take-back": TakeBack}
    if what not in models or _known(rule) not in limits_register.rules():
        raise OutOfReach(what)
    return models[what]


@router.get(ADDRESS + "/{rule}/{what}")
@needs(Right.KEEP_RULES, everywhere=True)
@proven
def ask_limit(request: Request, rule: str, what: str, *, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Ask for the limit and why."""
    model = _model(rule, what)
    with db.read() as session:
        version = register_lock.version_of(session, limits_register.subject_of(rule))
        unit = _unit(rulebooks.load(session), rule)
    return register_forms.show(
        request, _page(rule, what), model, staff=staff, at=at, pickers=UNIT_OPTIONS, values={"unit": unit},
        version=version,
    )  # fmt: skip


def _unit(book: Rulebook, rule: str) -> str:
    """Return the unit a row counts in, as the form begins with."""
    row, target = catalogue.limits().get(rule), catalogue.targets().get(rule)
    if target:
        return target.unit
    unspecified = book.conventions[-1].day_unspecified.value
    return (unspecified if row.unit == UNSPECIFIED else row.unit) if row else ""


@router.post(ADDRESS + "/{rule}/{what}")
@needs(Right.KEEP_RULES, everywhere=True)
@proven
def set_limit(  # noqa: PLR0917 - what an endpoint is handed
    request: Request, rule: str, what: str, db: Db, at: Now, staff: CurrentStaff, form: Posted
) -> Response:
    """Set the limit, or take it back; a refusal shows the form again with what was typed."""
    model = _model(rule, what)

    def do(session: Session, filled: Any, _: int | None) -> str:  # noqa: ANN401 - one of the two forms
        _carry_out(session, rule, filled, staff=staff, at=at, version=forms.version(form))
        return f"{ADDRESS}/{rule}?done=1"

    sent = register_forms.send(db, model, form, do)
    if isinstance(sent, Response):
        return sent
    return register_forms.show(request, _page(rule, what), model, staff=staff, at=at, pickers=UNIT_OPTIONS, unsent=sent)


def _carry_out(
    session: Session, rule: str, filled: Any, *, staff: Identity, at: datetime, version: int  # noqa: ANN401
) -> None:  # fmt: skip
    how: dict[str, Any] = {"reason": filled.reason, "actor": staff.actor, "at": at, "version": version}
    if isinstance(filled, TakeBack):
        limits_register.take_back(session, rule, **how)
        return
    try:
        limits_register.set_limit(
            session, rule, amount=filled.amount, unit=filled.unit, from_on=filled.from_on, **how
        )  # fmt: skip
    except LimitRefused as refused:
        raise FieldRefused(FieldRefusal(refused.field, refused.reason)) from refused
