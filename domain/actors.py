"""Who acts on cases: the roles of the field, and the actor a request or a clock speaks for."""

from __future__ import annotations

from dataclasses import dataclass
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
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person with roles, the reporter who holds the receipt, or the system."""

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

    def plays(self, *roles: Role) -> bool:
        """Return whether the actor has one of `roles`."""
        return not self.roles.isdisjoint(roles)


SYSTEM = Actor(frozenset({Role.SYSTEM}), name="system")
ANYBODY = Actor(frozenset({Role.REPORTER}))
"""Who reports without a name, and has no receipt code yet."""


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
    Role.SYSTEM: Label("系统", "System"),
}
