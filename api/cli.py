"""The command `fireline`: becomes the program behind a command, or reads the command line."""

from __future__ import annotations

import os
import sys

MODULES = {
    "run": "api.supervisor",
    "web": "api",
    "worker": "flows.worker",
    "exchange": "notifications.exchange",
}
"""Commands that become another program: each reads its own arguments, and no layer imports another for it."""


def main() -> None:
    """Run the command line."""
    if len(sys.argv) > 1 and sys.argv[1] in MODULES:
        become(sys.argv[1], sys.argv[2:])
    # Only now: what is started often and has to be there soon does not wait for it.
    from api.command_line import app  # noqa: PLC0415

    app()


def become(command: str, arguments: list[str]) -> None:
    """Replace this process by the program behind a command; it keeps the process id, for supervisors."""
    # -P: a folder called `api` where somebody happens to stand is not ours.
    words = [sys.executable, "-P", "-m", MODULES[command], *arguments]
    os.execv(sys.executable, words)  # noqa: S606 - our own interpreter and module
