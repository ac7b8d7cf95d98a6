"""Who is a second person: of administrators' and auditors' accounts, and where somebody asks who a reporter is.

Whoever could make or open such an account alone could give themselves any right; whoever chose who agrees has agreed
with themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain import access, people, register_log, second_factors
from domain.actors import Actor, Role
from domain.cases import FieldRefused
from domain.language import Sentence
from domain.models import Account, Case, Person, Post
from domain.processes.identity import GRANTERS
from domain.register_lock import NotNow
from domain.workflow import FieldRefusal

GUARDED = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
"""Whoever could open such an account alone could give themselves any right."""
FIRST_LOCK, SECOND_LOCK = "first", "second"
"""Of an account: the password with the phone codes go to, and the authenticator app."""
FIRST_LOCK_OPENED = frozenset({"initial_password_given", "provider_linked"})
SECOND_PERSON_WITHIN = timedelta(days=7)


def is_independent(session: Session, person_id: UUID, asker_id: UUID, case: Case, *, at: datetime) -> bool:
    """Return whether somebody may agree that `asker_id` sees the reporter of `case`, by a post of their own right.

    A post they hold only as the asker's stand-in, or by a cover the asker arranged, does not count, whenever it was
    arranged.
    """
    person = session.get_one(Person, person_id)
    actor = people.actor_of(session, person, at=at, apart_from=asker_id)
    return access.acting_on(session, actor, case).plays(*GRANTERS)


def ask(session: Session, person_id: UUID, lock: str, *, actor: Actor, at: datetime, agreed: bool = False) -> None:
    """Raise `NotNow` when one person alone would open an administrator's account: both its locks within a week.

    The one is the password and the phone that codes go to, the other is the authenticator app; without an app the first
    is all there is. `agreed`: the caller asks for a second person's consent itself.
    """
    if not is_guarded(session, person_id, day=people.local_day(at)):
        return
    if person_id == actor.person_id:
        raise NotNow(Sentence("For your own account another administrator does this."))
    if _locks_opened(session, person_id, actor=actor, at=at) - {lock}:
        raise NotNow(
            Sentence("You opened one of the two locks of this administrator's account this week; another does this.")
        )
    if lock == FIRST_LOCK and not agreed and opens_alone(session, person_id, day=people.local_day(at)):
        raise NotNow(
            Sentence("No authenticator app locks this administrator's account: this alone would open it to others.")
        )


def is_guarded(session: Session, person_id: UUID, *, day: date) -> bool:
    """Return whether a person holds, or will hold, a post whose account nobody opens alone."""
    query = select(col(Post.id)).where(
        col(Post.person_id) == person_id, col(Post.role).in_([role.value for role in GUARDED]),
        or_(col(Post.until_on).is_(None), col(Post.until_on) >= day),
    )  # fmt: skip
    return session.execute(query.limit(1)).first() is not None


def opens_alone(session: Session, person_id: UUID, *, day: date) -> bool:
    """Return whether a guarded person has an account that no authenticator app locks."""
    held = select(col(Account.id)).where(col(Account.person_id) == person_id)
    return is_guarded(session, person_id, day=day) and any(
        not second_factors.is_confirmed(session, account_id) for account_id in session.execute(held).scalars()
    )


def refuse_own_appointment(session: Session, person_id: UUID, *, actor: Actor, at: datetime) -> None:
    """Raise `FieldRefused` where whoever made an administrator of somebody also gives them their account."""
    query = select(col(Post.id)).where(
        col(Post.person_id) == person_id, col(Post.role).in_([role.value for role in GUARDED])
    )
    appointed = _did(session, session.execute(query).scalars().all(), {"appoint"}, actor)
    if appointed and another_administrator(session, actor, at=at):
        reason = Sentence("You gave this post yourself: another administrator gives the account that goes with it.")
        raise FieldRefused(FieldRefusal("username", reason))


def another_administrator(session: Session, actor: Actor, *, at: datetime) -> bool:
    """Return whether somebody else is an administrator with an account, or was this week.

    Who closed a colleague's account or ended their post a moment ago is not alone yet.
    """
    day = people.local_day(at)
    query = (
        select(col(Post.id))
        .join(Account, col(Account.person_id) == Post.person_id)
        .where(
            col(Post.role) == Role.ADMINISTRATOR.value, col(Post.person_id) != actor.person_id,
            col(Post.from_on) <= day,
            or_(col(Post.until_on).is_(None), col(Post.until_on) >= day - SECOND_PERSON_WITHIN),
        )
    )  # fmt: skip
    return session.execute(query.limit(1)).first() is not None


def refuse_own_creature(session: Session, person_id: UUID, *, actor: Actor, at: datetime) -> None:
    """Raise `FieldRefused` where whoever could sign in as somebody makes an administrator of them."""
    ids = session.execute(select(col(Account.id)).where(col(Account.person_id) == person_id)).scalars().all()
    opened = _did(session, ids, {"add"}, actor) or _locks_opened(session, person_id, actor=actor, at=at)
    if ids and opened and another_administrator(session, actor, at=at):
        reason = Sentence("You gave them their account, a password or a phone: another administrator gives this post.")
        raise FieldRefused(FieldRefusal("role", reason))


def _did(session: Session, subjects: Iterable[UUID], actions: set[str], actor: Actor) -> bool:
    entries = (entry for subject in subjects for entry in register_log.of(session, subject))
    return any(entry.action in actions and entry.actor_id == actor.person_id for entry in entries)


def _locks_opened(session: Session, person_id: UUID, *, actor: Actor, at: datetime) -> set[str]:
    ids = session.execute(select(col(Account.id)).where(col(Account.person_id) == person_id)).scalars().all()
    lately = [
        entry
        for subject in (person_id, *ids)
        for entry in register_log.of(session, subject)
        if entry.actor_id == actor.person_id and at - entry.at <= SECOND_PERSON_WITHIN
    ]
    first = any(entry.action in FIRST_LOCK_OPENED or "phone" in entry.data for entry in lately)
    second = any(entry.action == "second_factor_reset" for entry in lately)
    return {name for name, opened in ((FIRST_LOCK, first), (SECOND_LOCK, second)) if opened}
