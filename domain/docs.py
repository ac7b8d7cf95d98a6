"""Writes the pages that follow from the code: `python -m domain.docs [--check]`. It explains; it decides nothing.

`docs/processes/<name>.md` comes from a process's table, `docs/settings.md` from the settings' own descriptions,
`docs/import-columns.md` from the columns of the tables that can be imported.
With `--check` nothing is written; a stale page is named and the exit code is 1.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import domain.companions
import domain.patrols.decisions  # noqa: F401 - both register the companions whose rules are told here
from domain import cases, catalogue
from domain.actors import ROLE_LABELS, Role
from domain.adjustable import ADJUSTABLE
from domain.imports.columns_page import columns_page
from domain.language import CHINESE, translate
from domain.processes import WORKFLOWS, enrolment, hazard_report
from domain.settings import OF_THE_DEMO, SECRETS, Settings
from domain.timing import Snapshot
from domain.workflow import Clock, State, Transition, Workflow

DOCS = Path(__file__).resolve().parent.parent / "docs"
GENERATED = "<!-- Written by `python -m domain.docs` from the code; change it there. -->"
PUBLIC = {"hazard_report": hazard_report.PUBLIC_STATES, "enrolment": enrolment.PUBLIC_STATES}
OUTSIDERS = {"hazard_report": "reporter", "enrolment": "applicant"}
"""Who follows a case of the process by a receipt code."""
UNITS = {
    "elapsed_minute": "minutes",
    "elapsed_hour": "hours",
    "calendar_day": "calendar days",
    "working_day": "working days",
}


def pages() -> dict[Path, str]:
    """Return every generated page by its path below `docs/`."""
    found = {Path("processes") / f"{name}.md": process_page(workflow) for name, workflow in WORKFLOWS.items()}
    columns = {Path("import-columns.md"): columns_page(GENERATED)}
    return {**found, **columns, Path("settings.md"): settings_page()}


def stale(folder: Path = DOCS) -> list[Path]:
    """Return the pages in `folder` that are missing or say something else than the code."""
    return [path for path, text in pages().items() if _read(folder / path) != text]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def process_page(workflow: Workflow) -> str:
    """Return a process's page: diagram, states, who may do what, each step, the clocks."""
    parts = [
        f"# {workflow.zh} · {workflow.en} · `{workflow.prefix}`",
        GENERATED,
        f"```mermaid\n{mermaid(workflow)}\n```",
        "## States",
        _states(workflow),
        "## Who may do what",
        _matrix(workflow),
        "## Steps",
        _opening(workflow),
        *(_step(workflow, step) for step in workflow.transitions),
        "## Clocks",
        *(_clock(clock) for clock in workflow.clocks),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def mermaid(workflow: Workflow) -> str:
    """Return a Mermaid state diagram with Chinese labels; steps that stay where they are are left out."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state.zh}" as {state.name}' for state in workflow.states]
    lines.append(f"    [*] --> {workflow.opening.target.name}: {workflow.opening.zh}")
    for step in workflow.transitions:
        for source in _ordered(workflow, step.sources):
            if step.target is not None and step.target is not source:
                lines.append(f"    {source.name} --> {step.target.name}: {step.zh}")
    lines += [f"    {state.name} --> [*]" for state in workflow.states if state.final]
    return "\n".join(lines)


def _ordered(workflow: Workflow, states: Iterable[State]) -> list[State]:
    wanted = set(states)
    return [state for state in workflow.states if state in wanted]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _states(workflow: Workflow) -> str:
    public = PUBLIC.get(workflow.name, {})
    head = ["state", "zh", "en", "ends the case", *([f"the {OUTSIDERS[workflow.name]} reads"] if public else [])]
    rows = []
    for state in workflow.states:
        shown = [f"{public[state.name].zh} · {public[state.name].en}"] if public else []
        rows.append([f"`{state.name}`", state.zh, state.en, "yes" if state.final else "", *shown])
    return _table(head, rows)


def _matrix(workflow: Workflow) -> str:
    acting = [role for role in Role if any(role in step.roles for step in workflow.transitions)]
    rows = []
    for step in workflow.transitions:
        marks = ["●" if role in step.roles else "" for role in acting]
        rows.append([f"`{step.name}` {step.zh}", _sources(workflow, step), *marks])
    return _table(["step", "in", *(ROLE_LABELS[role].zh for role in acting)], rows)


def _sources(workflow: Workflow, step: Transition) -> str:
    here = set(step.sources)
    if here == set(workflow.states):
        return "any state"
    if here == {state for state in workflow.states if not state.final}:
        return "any open state"
    return ", ".join(f"`{state.name}`" for state in _ordered(workflow, here))


def _roles(roles: Iterable[Role]) -> str:
    wanted = set(roles)
    return ", ".join(f"{ROLE_LABELS[role].zh} ({role.value})" for role in Role if role in wanted)


def _opening(workflow: Workflow) -> str:
    opening = workflow.opening
    lines = [f"### `{opening.name}` {opening.zh} · {opening.en}", "", f"- opens the case in `{opening.target.name}`"]
    lines.append(f"- by {_roles(opening.roles)}")
    return "\n".join([*lines, *_effects(workflow, opening.effects)])


def _step(workflow: Workflow, step: Transition) -> str:
    where = f"`{step.target.name}`" if step.target else "stays where it is"
    lines = [f"### `{step.name}` {step.zh} · {step.en}", ""]
    lines.append(f"- from {_sources(workflow, step)} → {where}")
    lines.append(f"- by {_roles(step.roles)}" + ("; not among the offers" if step.quiet else ""))
    lines += [f"- guard `{guard.__name__}`: {_rule(guard)}" for guard in step.guards]
    lines += [f"- check `{check.__name__}`: {_rule(check)}" for check in step.checks]
    lines += [f"- with it `{name}`: {_rule(_companion(name))}" for name in step.companions]
    lines += _effects(workflow, step.effects)
    fields = list(_fields(step))
    if fields:
        lines += ["", _table(["field", "zh", "en", "required", "control"], fields)]
    return "\n".join(lines)


def _effects(workflow: Workflow, effects: Iterable[str]) -> list[str]:
    return [f"- promises `{name}` {workflow.effects[name].zh} · {workflow.effects[name].en}" for name in effects]


def _companion(name: str) -> Callable[..., Any]:
    return cases.BEFORE.get(name) or cases.AFTER[name]


def _rule(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")


def _fields(step: Transition) -> Iterator[list[str]]:
    for name, info in (step.form.model_fields if step.form else {}).items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        title = info.title or name
        required = "yes" if info.is_required() else ""
        yield [f"`{name}`", translate(title, CHINESE), title, required, str(extra.get("widget", "line"))]


def _clock(clock: Clock) -> str:
    kinds = {
        "statutory": "statutory: only the catalogue changes it",
        "target": "a target",
        "timer": "a timer, no breach",
    }
    lines = [f"### `{clock.name}` {clock.zh} · {clock.en}", "", f"- {kinds[clock.kind]}"]
    lines.append(f"- limit: {_limit(clock)}")
    lines.append("- runs in " + ", ".join(sorted(f"`{state.name}`" for state in clock.runs_in)))
    lines.append(
        "- is fulfilled by arriving in " + ", ".join(sorted(f"`{state.name}`" for state in clock.fulfilled_in))
    )
    if clock.restarts_in:
        lines.append("- starts anew on entering " + ", ".join(sorted(f"`{state.name}`" for state in clock.restarts_in)))
    if clock.warn_at is not None:
        lines.append(f"- at {clock.warn_at:.0%} fires `{clock.on_warn}`")
    lines.append(f"- when over fires `{clock.on_breach}`")
    if clock.kind != "timer":
        lines.append(f"- a quarter of its length later fires `{clock.on_handed_up}`")
    return "\n".join([*lines, *_basis(clock)])


def _limit(clock: Clock) -> str:
    if told := _rule(clock.limit):
        return told
    blank = Snapshot(UUID(int=0), "", (), {}, datetime(2026, 1, 1, tzinfo=UTC))
    limit = clock.limit(blank)
    if limit is None:
        msg = f"clock {clock.name}: a limit that depends on the case needs a docstring"
        raise ValueError(msg)
    unit = UNITS[limit.unit.value]
    return f"{limit.amount} {unit if limit.amount > 1 else unit.removesuffix('s')}"


def _basis(clock: Clock) -> list[str]:
    if clock.basis == "PRACTICE":
        return ["- basis: our own practice; no law sets it"]
    named = clock.basis.split("/")
    ours = [catalogue.targets()[row] for row in named if row not in catalogue.limits()]
    rows = [catalogue.limit(row) for row in named if row in catalogue.limits()]
    return [f"- basis {target.id} ({target.provenance}): our own target; {target.note}" for target in ours] + [
        f"- basis {row.id} ({row.provenance}): {citation}, {catalogue.source_of(citation).title.zh}"
        for row in rows
        for citation in row.legal_basis
    ]


READ_ONCE = (
    "Read once at the start from the environment. What an administrator may change while Fireline runs stands at the "
    "end, and at `/admin/settings`; some of it begins with what the environment says."
)
CHANGED = (
    "Each change asks for a reason and stands in the audit log; every process goes by it from its next unit of work on "
    "(`domain.product_settings`)."
)


def _adjustable() -> str:
    delivered = Settings.model_construct()
    rows = ["| setting | is | can be | default |", "| --- | --- | --- | --- |"]
    for key, known in ADJUSTABLE.items():
        default = known.said(known.default(delivered))
        bounds = f"{known.bounds.zh}<br>{known.bounds.en}"
        rows.append(f"| `{key}` | {known.words.zh}<br>{known.words.en}: {known.about.en} | {bounds} | {default.en} |")
    return "\n".join(rows)


def settings_page() -> str:
    """Return the page of the settings: a heading for each."""
    parts = [
        "# Settings",
        GENERATED,
        READ_ONCE,
    ]
    for name, info in Settings.model_fields.items():
        default = "a published demo value" if name.endswith(SECRETS) else f"`{info.default}`"
        if info.default in ("", None):
            default = "empty"
        if name in OF_THE_DEMO:
            default += f"; for production set it to {OF_THE_DEMO[name][0]}"
        parts.append(f"## FIRELINE_{name.upper()}\n\n{info.description}\n\nDefault: {default}")
    parts += [
        "## Changed while it runs",
        CHANGED,
        _adjustable(),
    ]
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str], folder: Path = DOCS) -> int:
    """Write the pages, or with `--check` name the stale ones; return the exit code."""
    if arguments == ["--check"]:
        wrong = stale(folder)
        sys.stdout.writelines(f"stale: docs/{path}; run python -m domain.docs\n" for path in wrong)
        return 1 if wrong else 0
    for path, text in pages().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
