"""Who acts on cases: the roles of the field, and the actor a request or a clock speaks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from domain.language import Label


class Role(StrEnum):
    """Who may act; see `processes.md`, Roles."""

    REPORTER = "reporter"
    OFFICER = "officer"
    MANAGER = "manager"
    OWNER = "owner"
    WARDEN = "warden"
    HANDLER = "handler"
    INSPECTOR = "inspector"
    OPERATOR = "operator"
    CREW = "crew"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    APPLICANT = "applicant"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role and where it holds: an area with all below it, one venue, or the venues of one industry there."""

    role: Role
    area_path: str | None = None
    """The area's `path`; None: everywhere."""
    venue_id: UUID | None = None
    industry: str | None = None

    def covers(self, place: Place) -> bool:
        """Return whether the grant holds at `place`."""
        if self.venue_id is not None:
            return place.venue_id == self.venue_id
        if self.industry is not None and place.industry != self.industry:
            return False
        if self.area_path is None:
            return True
        if place.area_path is None:  # nobody knows where it is: those at the root of the areas look after it
            return self.area_path.count("/") == 1
        return place.area_path.startswith(self.area_path)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is, as far as grants ask."""

    area_path: str | None = None
    venue_id: UUID | None = None
    industry: str | None = None


@dataclass(frozen=True, slots=True)
class Covered:
    """A colleague's post that somebody covers for some days."""

    person_id: UUID
    role: Role
    venue_id: UUID | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person with roles, the reporter or applicant who holds the receipt, or the system."""

    roles: frozenset[Role]
    person_id: UUID | None = None
    name: str = ""
    receipt_for: UUID | None = None
    """The case whose receipt code this reporter showed."""
    phone_marks: frozenset[str] = frozenset()
    """Keyed marks of the actor's own phone, one per key of the vault: the same phone has a mark in common, and
    the phone cannot be read from it."""
    venue_ids: frozenset[UUID] = frozenset()
    """Venues at which the actor holds a post of the venue's side now."""
    grants: tuple[Grant, ...] | None = None
    """Where each role holds. None: the actor is nobody of the register (the system, a reporter with their receipt),
    whose limits are the guards of each step."""
    covers: frozenset[Covered] = frozenset()
    """Whose posts, and which, the actor covers today: also what is given to those colleagues by name."""

    def at(self, place: Place, *, besides: frozenset[Role] = frozenset()) -> Actor:
        """Return the actor with those roles only that hold at `place`, and of `besides` all they have.

        At a venue where somebody answers for fire safety they are nothing else, whatever posts they hold over its area:
        nobody investigates their own place.
        """
        if self.grants is None:
            return self
        held = frozenset(grant.role for grant in self.grants if grant.role in besides or grant.covers(place))
        if place.venue_id in self.venue_ids:
            held &= VENUE_SIDE
        return self if held == self.roles else replace(self, roles=held)

    def plays(self, *roles: Role) -> bool:
        """Return whether the actor has one of `roles`."""
        return not self.roles.isdisjoint(roles)


SYSTEM = Actor(frozenset({Role.SYSTEM}), name="system")
ANYBODY = Actor(frozenset({Role.REPORTER}))
"""Who reports without a name, and has no receipt code yet."""
ANY_APPLICANT = Actor(frozenset({Role.APPLICANT}))
"""Who applies for a place's code, and has no receipt code yet."""


RECEIPT_HOLDERS = frozenset({Role.REPORTER, Role.APPLICANT})
"""Whoever has no account: they act through the receipt code of their own case, and what they write is sealed."""

VENUE_SIDE = frozenset({Role.OFFICER, Role.MANAGER, Role.OWNER})
"""Posts at a venue."""

ROLE_LABELS: dict[Role, Label] = {
    Role.REPORTER: Label("举报人", "Reporter"),
    Role.OFFICER: Label("消防巡查人", "Patrol officer"),
    Role.MANAGER: Label("消防安全管理人", "Fire safety manager"),
    Role.OWNER: Label("消防安全责任人", "Responsible person"),
    Role.WARDEN: Label("片区消防专管员", "Area warden"),
    Role.HANDLER: Label("举报受理员", "Report handler"),
    Role.INSPECTOR: Label("消防监督员", "Fire inspector"),
    Role.OPERATOR: Label("值班员", "Duty operator"),
    Role.CREW: Label("出警队员", "Crew"),
    Role.SUPERVISOR: Label("主管", "Supervisor"),
    Role.LEADER: Label("负责人", "Leader"),
    Role.ADMINISTRATOR: Label("管理员", "Administrator"),
    Role.AUDITOR: Label("审计员", "Auditor"),
    Role.APPLICANT: Label("申请人", "Applicant"),
    Role.SYSTEM: Label("系统", "System"),
}
