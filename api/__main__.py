"""Runs the web part: `python -m api [--host H] [--port N]`."""

from __future__ import annotations

import argparse

import uvicorn


def main() -> None:
    """Serve until told to stop. Uvicorn's own access log is off: it would write receipts and venue codes."""
    parser = argparse.ArgumentParser(prog="python -m api", description="Fireline's web part")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        host=given.host,
        port=given.port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
