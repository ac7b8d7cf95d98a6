"""Who works and answers in the demo city: names, posts, telephones, accounts and venue codes, as plain data.

The telephone numbers are of the form 138 0000 xxxx; the demo city is never loaded where messages would leave
the machine, so nobody's telephone rings.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from domain.actors import ROLE_LABELS, Role
from domain.demo import city
from domain.identifiers import ALPHABET, VENUE_CODE_LENGTH, with_check_character

PASSWORD = "fireline-demo"  # noqa: S105 - published with the demo accounts, refused in production
_SEED = "fireline demo city"
_SURNAMES = "赵钱孙周吴郑王冯陈沈韩杨朱秦许何吕施张孔曹严华金魏陶姜戚谢邹"
_GIVEN = (
    "知远",
    "小满",
    "青禾",
    "向东",
    "立春",
    "文舟",
    "念安",
    "可心",
    "大山",
    "晓雨",
    "同舟",
    "亦凡",
    "秋实",
)


@dataclass(frozen=True, slots=True)
class DemoPost:
    """A role a person holds over an area or a venue."""

    role: Role
    area: str | None = None
    venue: str | None = None


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One invented person. `key` is unique; for those with an account it is the user name."""

    key: str
    name: str
    phone: str
    posts: tuple[DemoPost, ...]
    has_account: bool = False


def venue_code(name: str) -> str:
    """Return the code of a demo venue: always the same for the same name, valid like any other."""
    number = int.from_bytes(hashlib.sha256(f"{_SEED}:{name}".encode()).digest(), "big")
    body = ""
    for _ in range(VENUE_CODE_LENGTH - 1):
        number, digit = divmod(number, len(ALPHABET))
        body += ALPHABET[digit]
    return with_check_character(body)


def _phone(last: int) -> str:
    return f"+861380000{last:04d}"


def _staff() -> list[DemoPerson]:
    def one(
        key: str, name: str, number: int, role: Role, *, area: str = city.CITY, account: bool = False
    ) -> DemoPerson:
        return DemoPerson(key, name, _phone(number), (DemoPost(role, area=area),), has_account=account)

    wardens = ("李庚", "罗平川", "毕云", "郝晨", "安晓峰", "常乐", "乐天", "于和", "时雨", "傅山")
    return [
        one("handler", "赵知秋", 1, Role.HANDLER, account=True),
        one("handler-2", "钱思源", 2, Role.HANDLER),
        one("inspector1", "孙正言", 3, Role.INSPECTOR, account=True),
        one("inspector2", "周明理", 4, Role.INSPECTOR, account=True),
        one("inspector-3", "吴守规", 5, Role.INSPECTOR),
        one("inspector-4", "郑如铁", 6, Role.INSPECTOR),
        one("operator", "冯夜白", 7, Role.OPERATOR, account=True),
        one("operator-2", "卞长明", 8, Role.OPERATOR),
        one("crew", "陈破浪", 9, Role.CREW, area="chengyang", account=True),
        one("crew-2", "雷震", 10, Role.CREW, area="wanglan"),
        one("crew-3", "贺小舟", 11, Role.CREW, area="guanglong-st"),
        one("supervisor", "沈持衡", 12, Role.SUPERVISOR, area="chengyang", account=True),
        one("supervisor-2", "倪望", 13, Role.SUPERVISOR, area="wanglan"),
        one("leader", "韩镇山", 14, Role.LEADER, account=True),
        one("admin", "汤序", 15, Role.ADMINISTRATOR, account=True),
        one("auditor", "黎镜", 16, Role.AUDITOR, account=True),
        *(
            one(
                "warden" if number == 0 else f"warden-{grid}",
                wardens[number],
                21 + number,
                Role.WARDEN,
                area=grid,
                account=number == 0,
            )
            for number, grid in enumerate(city.GRIDS)
        ),
    ]


def _of_venues() -> list[DemoPerson]:
    """Return the venues' people: a responsible person each, in staffed ones a manager and an officer too."""
    found: list[DemoPerson] = []
    for number, venue in enumerate(city.VENUES):
        seed = venue.name == city.SEED_VENUE
        owner_posts = [DemoPost(Role.OWNER, venue=venue.name)] if venue.name != city.SMALL_PLACE else []
        if seed:
            owner_posts.append(DemoPost(Role.OWNER, venue=city.SMALL_PLACE))
        if venue.staffed:
            manager, officer = (DemoPost(role, venue=venue.name) for role in (Role.MANAGER, Role.OFFICER))
            found += [
                DemoPerson(f"manager-{number}", _name(number + 100), _phone(2001 + number), (manager,)),
                DemoPerson(
                    "officer" if seed else f"officer-{number}",
                    _name(number + 200),
                    _phone(3001 + number),
                    (officer,),
                    has_account=seed,
                ),
            ]
        else:
            owner_posts.append(DemoPost(Role.OFFICER, venue=venue.name))
        key = "owner" if seed else f"owner-{number}"
        found.append(DemoPerson(key, _name(number), _phone(1001 + number), tuple(owner_posts), has_account=seed))
    return found


def _name(number: int) -> str:
    return _SURNAMES[number * 7 % len(_SURNAMES)] + _GIVEN[number * 5 % len(_GIVEN)]


@cache
def people() -> tuple[DemoPerson, ...]:
    """Return everybody of the demo city: those who work for it first, then the venues' people."""
    return (*_staff(), *_of_venues())


def person(key: str) -> DemoPerson:
    """Return the person with that key; KeyError when there is none."""
    for found in people():
        if found.key == key:
            return found
    raise KeyError(key)


def warden_of(grid: str) -> DemoPerson:
    """Return the warden of a grid."""
    return next(found for found in people() if found.posts[0] == DemoPost(Role.WARDEN, area=grid))


def phones() -> list[dict[str, str]]:
    """Return the telephones of the city as the exchange takes them: number, person, post."""
    return [{"number": one.phone, "person": one.name, "post": _post_in_words(one)} for one in people()]


def _post_in_words(one: DemoPerson) -> str:
    areas = {area.code: area.name for area in city.AREAS}
    first = one.posts[0]
    where = first.venue or areas.get(first.area or "", "")
    return f"{where} {ROLE_LABELS[first.role].zh}".strip()


def info() -> dict[str, list[dict[str, Any]]]:
    """Return what `fireline demo info --json` prints. The keys are a contract (docs: interface)."""
    return {
        "venues": [{"code": venue_code(v.name), "name": v.name, "class": v.class_code} for v in city.VENUES],
        "accounts": [{"username": one.key, "role": one.posts[0].role.value} for one in people() if one.has_account],
        "devices": [],
        "phones": phones(),
    }
