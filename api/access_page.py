"""Writes `docs/access.md` from the tables that decide: `python -m api.access_page [--check]`. It decides nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from api.access import Access, access_of, asks_for_proof, is_needed_everywhere, right_of, scope_of
from api.app import create_app
from api.routes import Endpoint, endpoints
from domain.actors import ROLE_LABELS, VENUE_SIDE, Role
from domain.database import open_database
from domain.processes import WORKFLOWS
from domain.rights import FIELDS, RIGHT_LABELS, RIGHTS, Right
from domain.workflow import Workflow

PAGE = Path(__file__).resolve().parent.parent / "docs" / "access.md"
GENERATED = "<!-- Written by `python -m api.access_page` from the code; change it there. -->"
STAFF_ROLES = tuple(role for role in Role if role not in (Role.REPORTER, Role.APPLICANT, Role.SYSTEM))

HEAD = """
A role comes from a post, never from an account. A post is over an area with all below it, over one venue, or over the
venues of one industry; outside of it the role does not hold. What lies out of reach does not exist: its address
answers 404, lists and numbers leave it out. What somebody may know of but not do answers 403 with the reason.

- **Areas.** A post for no area, or for the root of the areas, holds for what nobody has placed yet, too.
- **Sent there.** A warden or inspector goes on with a case assigned to them wherever it is.
- **Cover.** Whoever covers for a colleague holds that colleague's posts for those days, except administrators' and
  auditors'; cover is not passed on. The record names who acted.
- **Two persons.** Nobody handles a report they made (told by a keyed mark of the phone), approves their own
  application or request, re-checks what they submitted, or checks a reopened report they had a part in; a legal check
  needs two inspectors; who a reporter is needs the consent of a second person.
- **Programs.** A token acts for its account and only where the address names a scope the token has. A fresh proof is
  asked of people only; where a program is taken all the same, the scope is one that `*` does not include.
"""


ADDRESSES = """
An address without a line here cannot be made (`api/access.py`). “Right” is needed somewhere; where, the service
behind it asks for the object at hand.
"""


def page() -> str:
    """Return the whole page."""
    parts = [
        "# Who may do what",
        GENERATED,
        HEAD.strip(),
        "## Rights",
        _table(["right", *_heads(STAFF_ROLES)], _rights()),
        "## What of a case is read by whom",
        _table(["", "roles", "besides"], _fields()),
        "## Steps",
        *(part for flow in WORKFLOWS.values() for part in _steps(flow)),
        "## Addresses",
        ADDRESSES.strip(),
        _table(["method", "address", "who", "right", "token scope", "fresh proof"], _addresses()),
    ]
    return "\n\n".join(parts) + "\n"


def _heads(roles: Iterable[Role]) -> list[str]:
    return [f"{ROLE_LABELS[role].zh}<br>{role.value}" for role in roles]


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _rights() -> Iterator[list[str]]:
    for right in Right:
        holds = ["own" if role in VENUE_SIDE else "✓" if role in RIGHTS[right] else "" for role in STAFF_ROLES]
        shown = [mark if role in RIGHTS[right] else "" for role, mark in zip(STAFF_ROLES, holds, strict=True)]
        yield [f"{RIGHT_LABELS[right].zh}<br>{RIGHT_LABELS[right].en}<br>`{right}`", *shown]


def _fields() -> Iterator[list[str]]:
    for rule in FIELDS.values():
        roles = ", ".join(role.value for role in Role if role in rule.roles) or "nobody by role"
        besides = f"{rule.besides.zh}<br>{rule.besides.en}" if rule.besides else ""
        yield [f"{rule.words.zh}<br>{rule.words.en}", roles, besides]


def _steps(flow: Workflow) -> Iterator[str]:
    roles = [
        role for role in Role if any(role in step.roles for step in flow.transitions) or role in flow.opening.roles
    ]
    yield f"### {flow.zh} · {flow.en} · `{flow.prefix}`"
    rows = [[f"{flow.opening.zh} `{flow.opening.name}`", "", *_marks(roles, flow.opening.roles)]]
    for step in flow.transitions:
        sources = ", ".join(f"`{state.name}`" for state in flow.states if state in step.sources)
        rows.append([f"{step.zh} `{step.name}`", sources, *_marks(roles, step.roles)])
    yield _table(["step", "in the states", *_heads(roles)], rows)


def _marks(roles: Iterable[Role], allowed: Iterable[Role]) -> list[str]:
    able = set(allowed)
    return ["✓" if role in able else "" for role in roles]


def _addresses() -> Iterator[list[str]]:
    for one in sorted(_routes(), key=lambda one: (one.path, sorted(one.methods))):
        access = access_of(one.endpoint)
        right, scope = right_of(one.endpoint), scope_of(one.endpoint)
        yield [
            " ".join(sorted(one.methods - {"HEAD"})),
            f"`{one.path}`",
            (access or Access.PUBLIC).value if access else "static files",
            f"`{right}`{' everywhere' if is_needed_everywhere(one.endpoint) else ''}" if right else "",
            f"`{scope}`" if scope else "",
            "yes" if asks_for_proof(one.endpoint) else "",
        ]


def _routes() -> Iterator[Endpoint]:
    app = create_app(open_database("sqlite://"))
    try:
        yield from (one for one in endpoints(app) if one.path)
    finally:
        app.state.database.dispose()


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or with `--check` say whether it is what the code says; return the exit code."""
    check = "--check" in (sys.argv[1:] if arguments is None else arguments)
    text = page()
    if not check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stdout.write(f"{PAGE.name} does not say what the code says: run python -m api.access_page\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
