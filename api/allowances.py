"""How much callers without a name may send from one address in some minutes.

Whoever calls from this very machine is not counted: that is no stranger, or it is a proxy which was not named in
`FIRELINE_TRUSTED_PROXIES` and behind which everybody would have to wait for one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address

from sqlmodel import Session

from domain import throttles
from domain.throttles import Allowance

REPORTS = Allowance(most=20, within=timedelta(minutes=10))
"""A street's worth of people behind one address; a flood of invented reports is more."""
PHOTOS = Allowance(most=60, within=timedelta(minutes=10))
"""Each costs up to a second of decoding."""

OWN_IPV6 = "::/64"
"""What `::1` is counted as."""


def spend_report(session: Session, address: str, *, at: datetime) -> None:
    """Count a report from this address; raises `AllowanceSpent`."""
    if not _is_here(address):
        throttles.spend(session, f"reports:{address}", allowance=REPORTS, at=at)


def spend_photos(session: Session, address: str, count: int, *, at: datetime) -> None:
    """Count photos from this address, before they are looked at; raises `AllowanceSpent`."""
    if not _is_here(address):
        throttles.spend(session, f"photos:{address}", allowance=PHOTOS, at=at, count=count)


def _is_here(address: str) -> bool:
    try:
        return address == OWN_IPV6 or ip_address(address.partition("/")[0]).is_loopback
    except ValueError:
        return False
