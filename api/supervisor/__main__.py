"""`python -m api.supervisor`: what `fireline run` becomes."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from api.supervisor import plan as planning
from api.supervisor.output import Terminal
from api.supervisor.supervisor import supervise


class AlreadyRunning(Exception):
    """Another supervisor works on the same data folder."""


class Refused(Exception):
    """The parts would not start with these settings."""


def main() -> int:
    """Run everything and return the exit status; 1 when nothing could be started."""
    given = planning.options(sys.argv[1:])
    terminal = Terminal()
    environment = planning.environment_of_this_process()
    try:
        folder = _data_dir(environment)
        lock = _only_one(folder)
        plan = planning.make(given, environment, qr=terminal.is_tty)
        _refuse_demo_in_production(plan)
    except (planning.PortTaken, AlreadyRunning, Refused, OSError) as error:
        print(f"fireline: {error}", file=sys.stderr)  # noqa: T201 - a command's own message
        return 1
    try:
        return supervise(plan, terminal)
    finally:
        os.close(lock)


def _refuse_demo_in_production(plan: planning.Plan) -> None:
    """Say once, before anything is started, what every part would say again and again. Raises `Refused`."""
    if plan.web.environment.get("FIRELINE_MODE") != "production":
        return
    # Only here: the demo's first page does not wait for it.
    from domain.settings import NotForProduction, Settings  # noqa: PLC0415

    os.environ.update(plan.web.environment)
    try:
        Settings().refuse_demo_in_production()
    except NotForProduction as error:
        raise Refused(str(error)) from error


def _data_dir(environment: dict[str, str]) -> Path:
    folder = Path(environment.get("FIRELINE_DATA_DIR") or "var").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _only_one(folder: Path) -> int:
    """Return the open lock file of the folder; it is free again when we end, however that is."""
    lock = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.read(lock, 20).decode(errors="replace").strip()
        os.close(lock)
        msg = f"Fireline runs on {folder} already (process {who}). Set FIRELINE_DATA_DIR to run another one."
        raise AlreadyRunning(msg) from None
    os.truncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


if __name__ == "__main__":
    sys.exit(main())
