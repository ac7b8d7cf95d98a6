"""What a reporter wrote and photographed reaches the reported venue when a handler has released it, and not before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from domain import cases, rectifications, uploads
from domain.database import Database
from domain.settings import get_settings
from tests.pictures import jpeg
from tests.staff_member import SEED, Office, office_of, seen
from tests.world import World

CLEANED = "楼层多处烟感不工作"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def photo(office: Office) -> str:
    kept = uploads.keep(office.db, jpeg(), "a.jpg", at=office.world.clock.now, directory=get_settings().photos)
    return str(kept.id)


class Found:
    """A report whose check led to a rectification of the venue."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.picture, self.other_picture = photo(office), photo(office)
        self.report = office.report(triaged=True, photos=[self.picture, self.other_picture])
        office.to_checked(self.report)
        with office.db.write() as session:
            case = cases.by_number(session, self.report)
            opened = rectifications.open_from_finding(session, case.id, case.version, at=office.world.clock.now)
            self.number = opened[0].number
        office.fires(self.number, "inspector1", "serve", correct_by="2026-09-30", served_to="蒋责任")

    def release(self, **fields: object) -> None:
        said = {"text": CLEANED, "released_photos": [self.picture], **fields}
        self.office.fires(self.report, "handler", "release_words", **said)

    def addresses(self) -> tuple[str, ...]:
        """Return where the venue's side finds the rectification."""
        return f"/cases/{self.number}", f"/tasks/{self.number}"

    def pictures(self, who: str) -> list[int]:
        member = self.office.member(who)
        return [member.opens(f"/photos/{p}/full").status_code for p in (self.picture, self.other_picture)]


@pytest.fixture
def found(office: Office) -> Found:
    return Found(office)


@pytest.mark.parametrize("who", ["owner", "manager", "officer"])
def test_venue_sees_nothing_before_and_only_what_was_released_after(office: Office, found: Found, who: str) -> None:
    member = office.member(who)
    before = [seen(member.opens(address)) for address in found.addresses()]
    pictures_before = found.pictures(who)

    found.release()

    after = [seen(member.opens(address)) for address in found.addresses()]
    assert all(CLEANED not in page and SEED not in page for page in before)
    assert all(CLEANED in page and SEED not in page for page in after)
    assert (pictures_before, found.pictures(who)) == ([404, 404], [200, 404])
    assert all(f"/photos/{found.picture}/thumbnail" in member.opens(address).text for address in found.addresses())


def test_withdrawn_release_shows_the_venue_nothing_any_more(office: Office, found: Found) -> None:
    found.release()

    handler = office.member("handler")
    answer = handler.takes(found.report, "withdraw_release", reason="公开有误")

    assert answer.status_code == 303
    owner = office.member("owner")
    assert all(CLEANED not in owner.opens(address).text for address in found.addresses())
    assert found.pictures("owner") == [404, 404]


def test_form_starts_from_the_reporters_words_and_photos(office: Office, found: Found) -> None:
    page = office.member("handler").opens(f"/cases/{found.report}").text

    assert f">{SEED}</textarea>" in page
    assert page.count('name="released_photos"') == 2
    assert "请删去可能暴露举报人的内容" in page


def test_handler_takes_out_words_and_chooses_photos_on_the_page(office: Office, found: Found) -> None:
    answer = office.member("handler").takes(
        found.report, "release_words", text=CLEANED, released_photos=[found.picture]
    )

    assert answer.status_code == 303
    assert CLEANED in seen(office.member("owner").opens(f"/cases/{found.number}"))


def test_empty_release_and_foreign_photos_are_refused_with_what_was_typed(office: Office, found: Found) -> None:
    handler = office.member("handler")
    of_another = photo(office)

    empty = handler.takes(found.report, "release_words", text="")
    foreign = handler.takes(found.report, "release_words", text=CLEANED, released_photos=[of_another])

    assert (empty.status_code, foreign.status_code) == (422, 422)
    assert "请填写向场所公开的文字，或选择照片" in seen(empty)
    assert f">{CLEANED}</textarea>" in foreign.text


@pytest.mark.parametrize("who", ["auditor", "operator", "admin", "crew"])
def test_others_see_as_little_as_before(office: Office, found: Found, who: str) -> None:
    found.release()

    page = office.member(who).opens(f"/cases/{found.number}")

    assert CLEANED not in page.text
    assert found.pictures(who) == [404, 404]


def test_timeline_shows_colleagues_what_was_released_and_keeps_it_sealed(office: Office, found: Found) -> None:
    found.release()

    case = office.case(found.report)
    page = seen(office.member("handler").opens(f"/cases/{found.report}"))
    outside = seen(office.member("auditor").opens(f"/cases/{found.report}"))

    assert CLEANED in page
    assert CLEANED not in outside
    assert CLEANED not in str(case.facts)


def test_programs_of_the_venue_read_the_same(
    found: Found, anybody: TestClient, program: Callable[[str], dict[str, str]]
) -> None:
    owner, address = program("owner"), f"/api/v1/cases/{found.number}"
    before = anybody.get(address, headers=owner).json()

    found.release()

    after = anybody.get(address, headers=owner).json()
    assert before["released"] is None
    assert (after["released"]["words"], after["released"]["photos"]) == (CLEANED, [f"/photos/{found.picture}/full"])
    assert after["reporter"] is None
    assert SEED not in anybody.get(f"{address}/timeline", headers=owner).text
