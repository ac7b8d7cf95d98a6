"""Runs the web part: `python -m api [--host H] [--port N]`."""

from __future__ import annotations

import argparse

import uvicorn

from api import single_sign_on
from domain.settings import NotForProduction, get_settings

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "fireline": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
"""`fireline.access` has a line per request; uvicorn's own would write receipts and venue codes, and is off."""
GRACE_SECONDS = 5
"""How long requests under way may take to end when the part is told to stop."""


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m api", description="Fireline's web part")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    try:
        get_settings().refuse_demo_in_production()
        single_sign_on.refuse_unusable(get_settings())
    except NotForProduction as refused:
        parser.exit(2, f"fireline web: {refused}\n")
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        host=given.host,
        port=given.port,
        access_log=False,
        log_config=LOGGING,
        server_header=False,
        proxy_headers=False,  # the app itself believes those it is told to (FIRELINE_TRUSTED_PROXIES)
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
