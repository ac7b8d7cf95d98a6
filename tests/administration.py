"""People of the administration for tests: a second administrator, addresses of what is done to a person."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pyotp
from sqlmodel import select

from domain import accounts, second_factors
from domain.account_register import ReasonForm
from domain.identifiers import new_id
from domain.models import Account, Person, Post
from tests.staff_member import Member, Office

PASSWORD = "fireline-demo"
REASON = ReasonForm(reason="本人申请")


def second_admin(office: Office, area: str | None = None) -> UUID:
    """Enter another administrator, of everything or of one area, with an account."""
    person = Person(id=new_id(), name="韩管理", phone="+8613800000099")
    area_id = office.world.areas[area] if area else None
    with office.db.write() as session:
        session.add(person)
        session.flush()
        session.add(Post(id=new_id(), person_id=person.id, role="administrator", area_id=area_id,
                         from_on=date(2020, 1, 1)))  # fmt: skip
        session.flush()
        accounts.add_account(session, username=f"admin2-{area or 'all'}", password=PASSWORD, person_id=person.id)
    office.world.people[f"admin2-{area or 'all'}"] = person.id
    return person.id


def post_of(office: Office, who: str) -> UUID:
    with office.db.read() as session:
        return session.exec(select(Post).where(Post.person_id == office.world.people[who])).one().id


def account_of(office: Office, who: str) -> Account:
    with office.db.read() as session:
        return session.exec(select(Account).where(Account.username == who)).one()


def address(office: Office, who: str, part: str = "") -> str:
    return f"/admin/users/{office.world.people[who]}{part}"


def deed(office: Office, who: str, what: str) -> str:
    return address(office, who, f"/accounts/{account_of(office, who).id}/{what}")


def enters(member: Member, **fields: str) -> object:
    given = {"name": "新同事", "phone": "13900000001", "language": "zh_CN", "role": "inspector", "area": "*"}
    return member.sends("/admin/users/new", "/admin/users/new", **{**given, **fields})


def with_app(office: Office, who: str) -> None:
    with office.db.write() as session:
        account = accounts.by_username(session, who)
        enrolment = second_factors.begin(session, account, at=office.world.clock.now)
        second_factors.confirm(session, account, pyotp.TOTP(enrolment.secret).at(office.world.clock.now),
                               actor=accounts.owner_of(session, account), at=office.world.clock.now)  # fmt: skip
