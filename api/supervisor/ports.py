"""Looks at ports before anything is started, so that a taken one is a sentence and not a stack trace."""

from __future__ import annotations

import socket


def is_free(host: str, port: int) -> bool:
    """Tell whether we may listen there at this moment."""
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str, wanted: int) -> int:
    """Return `wanted` if it is free, else any free port."""
    if is_free(host, wanted):
        return wanted
    with socket.socket(_family(host)) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(host: str, port: int) -> bool:
    """Tell whether somebody accepts connections there (on this machine, so at once or not at all)."""
    with socket.socket(_family(host)) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((reachable(host), port)) == 0


def name_for_others(host: str) -> str:
    """Return how a browser calls the machine that listens on `host`; for every address, one others can reach."""
    if host == "127.0.0.1":
        return "localhost"
    if host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: only asks by which of our addresses one would go there
        except OSError:
            return "localhost"
        address: str = probe.getsockname()[0]
        return address


def reachable(host: str) -> str:
    """Return where this machine itself reaches who listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def url_here(host: str, port: int) -> str:
    """Return the address under which this machine itself reaches who listens there."""
    name = reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
