"""The commands of `fireline` and their options. Heavy imports wait for the command that needs them."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import become

_BECOMES = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

app = typer.Typer(
    name="fireline",
    help="Fireline · 消防一条线: from the first report of a hazard to the last reply.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # its tables give a flag a type, <bool>
    pretty_exceptions_show_locals=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
demo = typer.Typer(help="The demo city.", no_args_is_help=True)
user = typer.Typer(help="People who sign in.", no_args_is_help=True)
token = typer.Typer(help="Programs that call the API.", no_args_is_help=True)
audit = typer.Typer(help="The record of what happened.", no_args_is_help=True)
vault = typer.Typer(help="What could say who reported, and its keys.", no_args_is_help=True)
report = typer.Typer(help="Reports for managers.", no_args_is_help=True)
edition = typer.Typer(help="Reports as they were made.", no_args_is_help=True)
measures = typer.Typer(help="What reports count.", no_args_is_help=True)
patrols = typer.Typer(help="Patrols.", no_args_is_help=True)
for name, group in (("db", db), ("demo", demo), ("user", user), ("token", token), ("audit", audit),
                    ("vault", vault), ("reports", measures), ("report", report), ("patrols", patrols)):  # fmt: skip
    app.add_typer(group, name=name)
report.add_typer(edition, name="edition")


@app.command(context_settings=_BECOMES)
def run(context: typer.Context) -> None:
    """Start everything on this machine, with the demo city. Ctrl-C stops it."""
    become("run", context.args)


@app.command(context_settings=_BECOMES)
def web(context: typer.Context) -> None:
    """Serve the pages and the JSON API."""
    become("web", context.args)


@app.command(context_settings=_BECOMES)
def worker(context: typer.Context) -> None:
    """Carry out what was promised: messages, deadlines, linked cases."""
    become("worker", context.args)


@app.command(context_settings=_BECOMES)
def exchange(context: typer.Context) -> None:
    """Run the telephone exchange of the embedded default. It speaks Twilio's API."""
    become("exchange", context.args)


@db.command()
def upgrade() -> None:
    """Bring the database to this version's schema; harmless when it is there."""
    from api import commands  # noqa: PLC0415 - see the module's first line

    _say(commands.upgrade())


@demo.command()
def load() -> None:
    """Put the demo city into an empty database; a second time changes nothing."""
    from api import commands  # noqa: PLC0415

    _say(commands.load_demo())


@demo.command()
def info(*, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show the demo city's venues, accounts, devices and telephones."""
    from domain.demo import roster  # noqa: PLC0415

    known = roster.info()
    _say(json.dumps(known, ensure_ascii=False, indent=2) if as_json else _table(known))


@user.command("add")
def add_user(
    *,
    username: Annotated[str, typer.Option(help="What the person signs in with.")],
    person: Annotated[str, typer.Option("--name", help="The person's real name.")],
    role: Annotated[str, typer.Option(help="handler, inspector, warden, supervisor, administrator, …")],
    area: Annotated[str, typer.Option(help="Code of the area the role is for; default: everywhere.")] = "",
    phone: Annotated[str, typer.Option(help="Where messages go.")] = "",
    password_from_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Enter a person with a role and an account."""
    from api import commands  # noqa: PLC0415

    password = sys.stdin.readline().rstrip("\n") if password_from_stdin else _asked_password()
    newcomer = commands.Newcomer(username=username, name=person, role=role, area=area, phone=phone, password=password)
    _say(commands.add_user(newcomer))


@token.command("add")
def add_token(
    *,
    username: Annotated[str, typer.Option("--user", help="User name of the account the program acts for.")],
    label: Annotated[str, typer.Option(help="What the token is for.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What the program may do, such as cases:read; may be repeated. Default: all its account may."
        ),
    ] = None,
    days: Annotated[int, typer.Option(help="How long it lasts; 0: until it is revoked.")] = 0,
) -> None:
    """Make a token for `Authorization: Bearer` and print it alone; it cannot be shown again."""
    from api import commands  # noqa: PLC0415

    _say(commands.add_token(username, label=label, scopes=scope or None, days=days))


@audit.command()
def verify() -> None:
    """Recompute every chain and every anchor; exit 1 and name the first entry that does not hold."""
    from api import commands  # noqa: PLC0415

    is_whole, text = commands.verify_audit()
    _say(text)
    raise typer.Exit(0 if is_whole else 1)


@vault.command("status")
def vault_status() -> None:
    """Say how much needs which key; exit 1 when some of it opens with none."""
    from api import vault_commands  # noqa: PLC0415

    is_well, text = vault_commands.status()
    _say(text)
    raise typer.Exit(0 if is_well else 1)


@vault.command("rotate")
def rotate_keys() -> None:
    """Seal everything anew under the first key of the setting; work goes on meanwhile."""
    from api import vault_commands  # noqa: PLC0415

    _say(vault_commands.rotate(show=_over))


@vault.command("new-key")
def new_key(*, name: Annotated[str, typer.Option("--id", help="What to call it; default: of today.")] = "") -> None:
    """Make a key and print it alone, ready for FIRELINE_VAULT_KEY."""
    from api import vault_commands  # noqa: PLC0415

    _say(vault_commands.new_key(name))


@measures.command("rebuild")
def rebuild_measures(
    *,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only cases opened since that day.")
    ] = None,
) -> None:
    """Make what reports count anew from the timelines; work goes on meanwhile."""
    from api import measure_commands  # noqa: PLC0415

    _say(measure_commands.rebuild(since=since.date() if since else None, show=_over))


@measures.command("verify")
def verify_measures() -> None:
    """Compare what reports count with the timelines; exit 1 when something differs."""
    from api import measure_commands  # noqa: PLC0415

    is_whole, text = measure_commands.verify()
    _say(text)
    raise typer.Exit(0 if is_whole else 1)


@app.command("import")
def import_table(
    table: Annotated[str, typer.Argument(help="venues, people or facilities; calendar: the working days of a year.")],
    file: Annotated[
        Path, typer.Argument(help="An .xlsx or .csv table; /admin/import has templates. For a calendar .json or .csv.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Allow changes to what is in the register.")] = False,
    username: Annotated[str, typer.Option("--as", help="Account to act for; default: whoever keeps the machine.")] = "",
) -> None:
    """Enter a table into the register: all rows, or none.

    Every error is named with its cell, and the exit status is 1 when there is one.
    """
    from api import calendar_commands, table_commands  # noqa: PLC0415

    if table == "calendar":
        done = calendar_commands.import_calendar(file, dry_run=dry_run, username=username)
    else:
        done = table_commands.import_table(table, file, dry_run=dry_run, update=update, username=username)
    for line in done.lines:
        typer.echo(line, err=not done.is_well)
    raise typer.Exit(0 if done.is_well else 1)


@app.command("export")
def export_table(
    table: Annotated[str, typer.Argument(help="venues, facilities or cases.")],
    file: Annotated[Path, typer.Argument(help="Where to; .xlsx or .csv.")],
    *,
    username: Annotated[str, typer.Option("--as", help="Account whose reach it has; the record names it.")],
) -> None:
    """Write a list into a file, within what an account may export. It is recorded."""
    from api import table_commands  # noqa: PLC0415

    _say(table_commands.export_table(table, file, username=username))


@report.command("sla")
def report_sla(  # noqa: PLR0913 - one per filter
    *,
    begins: Annotated[str, typer.Option("--from", help="First day, such as 2026-11-01.")],
    until: Annotated[str, typer.Option("--to", help="Last day; it belongs to the period.")],
    form: Annotated[str, typer.Option("--format", help="pdf, xlsx or json.")],
    area: Annotated[str, typer.Option(help="Code of an area, with all below it; default: all.")] = "",
    process: Annotated[str, typer.Option(help="hazard_report, rectification, …; default: all.")] = "",
    organisation: Annotated[str, typer.Option(help="Code of an organisation; default: all.")] = "",
    hazard: Annotated[str, typer.Option(help="Code of a hazard, such as EVA-01, or of a kind, such as EVA.")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="As it stood at the end of that day, or at that moment.")] = "",
    output: Annotated[str, typer.Option(help="File to write; default: standard output.")] = "-",
    username: Annotated[str, typer.Option("--as", help="Account whose reach it has; default: everything.")] = "",
    language: Annotated[str, typer.Option(help="zh_CN or en; default: that of the installation.")] = "",
) -> None:
    """Make the report of deadlines in one form, keep it as an edition, and write its file.

    What is wrong with the request is said on standard error, with exit status 1.
    """
    from api import report_commands  # noqa: PLC0415

    fields = {"from": begins, "until": until, "area": area, "process": process, "organisation": organisation,
              "hazard": hazard, "as_of": as_of}  # fmt: skip
    done = report_commands.sla(fields, form=form, output=output, username=username, language=language)
    typer.echo(done.line, err=True)


@edition.command("verify")
def verify_edition(edition_id: Annotated[str, typer.Argument(metavar="ID", help="Of the edition.")]) -> None:
    """Make an edition again and compare every file; exit 1 when one has other bytes."""
    from api import report_commands  # noqa: PLC0415

    is_same, text = report_commands.compare(edition_id)
    typer.echo(text, err=not is_same)
    raise typer.Exit(0 if is_same else 1)


edition.command("recompute")(verify_edition)


@patrols.command("plan")
def plan_patrols(*, day: Annotated[str, typer.Option("--date", help="The day to plan, such as 2026-11-20.")]) -> None:
    """Plan the tasks of a day, as the timetable does; done again, it adds only what is not there."""
    from api import patrol_commands  # noqa: PLC0415

    _say(patrol_commands.plan(day, show=_over))


@app.command()
def doctor() -> None:
    """Say what is wrong on this machine, and how to mend it. Exit 1 when something is."""
    from api import doctor as examination  # noqa: PLC0415

    findings = examination.examine()
    for finding in findings:
        _say(finding.line)
    raise typer.Exit(1 if any(finding.is_fault for finding in findings) else 0)


def _asked_password() -> str:
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _table(known: dict[str, list[dict[str, Any]]]) -> str:
    lines = []
    for title, rows in known.items():
        lines.append(f"{title} ({len(rows)})")
        lines += ["  " + "  ".join(str(value) for value in row.values()) for row in rows]
    return "\n".join(lines)


def _over(text: str) -> None:
    """Show how far something is, in one line that writes over itself; nothing where nobody looks."""
    if sys.stderr.isatty():
        typer.echo(f"\r{text}", nl=False, err=True)


def _say(text: str) -> None:
    typer.echo(text)
