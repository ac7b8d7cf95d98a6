"""Publishes special campaigns and ends them early, in parts: begun again it goes on where it stopped."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from domain import people
from domain.actors import SYSTEM, Actor
from domain.language import N_
from domain.models import PatrolCampaign, Person
from domain.patrols import campaigns
from flows.chores import Chore

PUBLISHED = N_("%(count)s venues have a task, %(told)s wardens were told.")
ENDED = N_("%(count)s tasks that nobody had begun were cancelled.")


def publish(chore: Chore) -> None:
    """Plan a task at every venue that was picked, then tell each warden once."""
    with chore.database.read() as session:
        campaign, actor = _campaign(session, chore), _maker(session, chore)
        parts = list(campaigns.parts(session, campaign, actor=actor))
    total, done = sum(map(len, parts)), 0
    for part in parts:
        with chore.database.write() as session:
            held = _campaign(session, chore)
            campaigns.assign(session, held, part, actor=actor, at=chore.now())
        done += len(part)
        chore.progress(done, total)
    with chore.database.write() as session:
        held = _campaign(session, chore)
        told = campaigns.tell(session, held, at=chore.now()) if held.ended_at is None else 0
        link = f"/patrols/campaigns/{held.id}"
        chore.settle(session, {"said": PUBLISHED, "said_params": {"count": total, "told": told}, "link": link})


def end(chore: Chore) -> None:
    """Cancel what nobody has begun."""
    with chore.database.read() as session:
        actor = _maker(session, chore)
    count = 0
    while True:
        with chore.database.read() as session:
            waiting = campaigns.untouched(session, _campaign(session, chore))
        if not waiting:
            break
        with chore.database.write() as session:
            held = _campaign(session, chore)
            for case_id in waiting:
                campaigns.cancel(session, held, case_id, actor=actor, at=chore.now())
        count += len(waiting)
        chore.progress(count, count)
    with chore.database.write() as session:
        link = f"/patrols/campaigns/{chore.row.data['campaign']}"
        chore.settle(session, {"said": ENDED, "said_params": {"count": count}, "link": link})


def _campaign(session: Session, chore: Chore) -> PatrolCampaign:
    return session.get_one(PatrolCampaign, UUID(chore.row.data["campaign"]))


def _maker(session: Session, chore: Chore) -> Actor:
    """Return who published it, with their reach of now; of a leader the tasks are cancelled by the system."""
    person = session.get_one(Person, chore.row.made_by)
    actor = people.actor_of(session, person, at=chore.now())
    return SYSTEM if chore.row.kind == campaigns.ENDING else actor
