"""One application through a worker and a real exchange: the applicant and the desk hear of it, each once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain import cases, enrolments
from domain.actors import ANY_APPLICANT
from domain.enrolments import Opened
from domain.models import Attempt, Venue
from domain.processes.enrolment_forms import Application
from tests.flows.conftest import HANDLER, OWNER, Desk
from tests.journeys import APPLICANT_PHONE
from tests.telephony import Exchange

pytestmark = pytest.mark.usefixtures("at_work")
SHOP = {"name": "广龙小卖部", "class_code": "V06", "address": "广龙路 8 号", "area": "guanglong", "person": "马掌柜",
        "phone": APPLICANT_PHONE}  # fmt: skip


def applied(desk: Desk, **said: object) -> Opened:
    with desk.db.write() as session:
        application = Application.model_validate({**SHOP, **said})
        return enrolments.open_application(session, application, actor=ANY_APPLICANT, at=datetime.now(UTC))


def heard(exchange: Exchange, number: str) -> list[str]:
    return [message["body"] for message in reversed(exchange.messages(to=number))]


def test_applicant_hears_of_receipt_return_and_approval_with_the_links(desk: Desk, telephony: Exchange) -> None:
    opened = applied(desk)
    case_id = opened.case.id

    desk.settled(case_id, "acknowledge_applicant")
    desk.settled(case_id, "ask_reviewer")
    desk.fire(case_id, "start_review", "handler")
    desk.fire(case_id, "return_to_applicant", "handler", text="执照照片看不清，请重拍。", hint_documents="请重拍")
    desk.settled(case_id, "tell_applicant")
    with desk.db.write() as session:
        case = enrolments.by_receipt(session, opened.receipt)
        said = Application.model_validate(SHOP)
        cases.fire(session, case, "resubmit", actor=enrolments.applicant_of(case), at=datetime.now(UTC), data=said)
    desk.fire(case_id, "start_review", "supervisor")
    desk.fire(case_id, "approve", "supervisor")
    desk.settled(case_id, "tell_applicant")

    with desk.db.read() as session:
        code = session.get_one(Venue, enrolments.by_receipt(session, opened.receipt).venue_id).code
    received, returned, approved = heard(telephony, APPLICANT_PHONE)
    assert "入驻申请已收到" in received
    assert "执照照片看不清" in returned
    assert f"/v/{code}" in approved
    assert all(f"/enrol/{opened.receipt}" in body for body in (received, returned, approved))
    to_desk = heard(telephony, HANDLER)
    assert [("新的入驻申请" in body, "已补正" in body) for body in to_desk] == [(True, False), (False, True)]
    assert not any("马掌柜" in body or opened.receipt in body for body in to_desk)
    # Before a colleague has looked, no word that anybody may have typed goes out to any number.
    assert not any("广龙小卖部" in body for body in (received, *to_desk))


def test_english_applicant_reads_english_and_no_secret_is_kept_in_clear(desk: Desk, telephony: Exchange) -> None:
    opened = applied(desk, language="en")
    case_id = opened.case.id
    desk.settled(case_id, "acknowledge_applicant")
    desk.fire(case_id, "start_review", "handler")
    desk.fire(case_id, "reject", "handler", reason="not_a_venue", explanation="It is not a place we enrol.")
    desk.settled(case_id, "tell_applicant")

    received, rejected = heard(telephony, APPLICANT_PHONE)

    assert "was received" in received
    assert "was not approved: Not a place that is enrolled." in rejected
    made = [attempt for attempt in desk.attempts(case_id) if attempt.recipient_id is None]
    assert len(made) == 2
    for attempt in made:
        assert isinstance(attempt, Attempt)
        assert "••••" in attempt.body
        assert opened.receipt not in repr(attempt)
        assert APPLICANT_PHONE not in repr(attempt)


def test_known_owner_of_the_register_is_told_as_the_applicant_and_not_as_staff(desk: Desk, telephony: Exchange) -> None:
    opened = applied(desk, person="蒋责任", phone=OWNER)
    desk.settled(opened.case.id, "acknowledge_applicant")
    desk.fire(opened.case.id, "start_review", "handler")
    desk.fire(opened.case.id, "approve", "supervisor", owner=str(desk.world.people["owner"]))
    desk.settled(opened.case.id, "tell_applicant")

    assert [f"/enrol/{opened.receipt}" in body for body in heard(telephony, OWNER)] == [True, True]
