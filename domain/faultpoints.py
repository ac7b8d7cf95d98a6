"""Named moments at which a test may end the process, to prove that nothing is lost or doubled there.

In production `reach` does nothing: only a test installs a hook, by code, never by a setting.
"""

from __future__ import annotations

from collections.abc import Callable

Hook = Callable[[str], None]

_hook: Hook | None = None


def reach(name: str) -> None:
    """Say that the moment `name` has come."""
    if _hook is not None:
        _hook(name)


def install(hook: Hook | None) -> None:
    """Let `hook` hear every moment from now on; None: nobody."""
    global _hook  # noqa: PLW0603 - one per process, like a signal handler
    _hook = hook
