"""Takes over the cases of an older product after an upgrade, while everything else goes on."""

from __future__ import annotations

from domain import adoption
from domain.language import N_
from flows.chores import Chore

TAKEN_OVER = N_("%(count)s cases of before the upgrade were taken over into the reports.")


def take_over(chore: Chore) -> None:
    """Write down how every case of before stands; begun again it goes on with what is left."""
    taken = chore.row.done
    for count in adoption.passes(chore.database, now=chore.now):
        taken += count
        chore.progress(taken, taken)
    with chore.database.write() as session:
        chore.settle(session, {"said": TAKEN_OVER, "said_params": {"count": taken}})
