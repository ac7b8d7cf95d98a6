"""Applying for a code by program: documents, idempotency, following, changing."""

from __future__ import annotations

import pytest

from domain import accounts, cases, enrolments, tokens
from domain.tokens import Scope
from domain.workflow import TransitionRefused
from tests.http.conftest import PASSWORD

PDF = b"%PDF-1.7\n%%EOF\n"
SHOP = {"name": "广龙小卖部", "class_code": "V06", "address": "广龙路 8 号", "area": "guanglong", "person": "马掌柜",
        "phone": "13912340000"}  # fmt: skip
URL = "/api/v1/enrolments"


def test_application_is_made_returned_changed_and_followed(anybody, db, world):
    paper = anybody.post(f"{URL}/documents", files={"file": ("执照.pdf", PDF, "application/pdf")})
    assert (paper.status_code, paper.json()["name"]) == (201, "执照.pdf")

    made = anybody.post(URL, json={**SHOP, "documents": [paper.json()["id"]]})

    assert made.status_code == 201, made.json()
    receipt = made.json()["receipt"]
    assert set(made.json()) == {"number", "receipt", "state", "due_at"}
    with db.write() as session:
        case = enrolments.by_receipt(session, receipt)
        handler = world.actor(session, "handler")
        cases.fire(session, case, "start_review", actor=handler, at=world.clock.now)
        told = {"text": "请补执照", "hint_documents": "看不清"}
        cases.fire(session, case, "return_to_applicant", actor=handler, at=world.clock.now, data=told)
    shown = anybody.get(f"{URL}/{receipt}").json()
    assert (shown["state"], shown["returned"]["hints"]) == ("returned", {"documents": "看不清"})
    assert [offer["name"] for offer in shown["offers"]] == ["resubmit", "withdraw"]
    assert "马掌柜" not in repr(shown)
    assert "139" not in repr(shown)
    changed = anybody.post(f"{URL}/{receipt}/transitions/resubmit", json={**SHOP, "address": "广龙路 9 号"})
    assert changed.json()["state"] == "submitted"
    assert anybody.get(f"{URL}/{receipt}").json()["address"] == "广龙路 9 号"
    withdrawn = anybody.post(f"{URL}/{receipt}/transitions/withdraw", json={})
    assert withdrawn.json()["state"] == "withdrawn"


def test_same_key_gives_the_same_answer_and_opens_nothing(anybody):
    headers = {"idempotency-key": "0123456789abcdef"}

    first = anybody.post(URL, json=SHOP, headers=headers)
    again = anybody.post(URL, json=SHOP, headers=headers)
    other = anybody.post(URL, json={**SHOP, "name": "别的店"}, headers=headers)

    assert first.json() == again.json()
    assert other.status_code == 422


def test_all_that_is_wrong_is_named_at_once(anybody):
    answer = anybody.post(URL, json={**SHOP, "class_code": "V99", "credit_code": "1", "phone": "x", "surprise": 1})

    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"class_code", "credit_code", "phone", "surprise"}


def test_a_hotline_is_nobodys_own_number(anybody):
    answer = anybody.post(URL, json={**SHOP, "phone": "12345"}, headers={"accept-language": "zh-CN"})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["phone"]
    assert "热线" in answer.text


def test_report_is_no_application_and_approving_is_not_for_applicants(anybody, world):
    said = {"venue_code": world.codes["kuancheng"], "hazard": "escape"}
    report = anybody.post("/api/v1/hazard-reports", json=said).json()["receipt"]
    receipt = anybody.post(URL, json=SHOP).json()["receipt"]

    assert anybody.get(f"{URL}/{report}").status_code == 404
    assert anybody.get(f"/api/v1/hazard-reports/{receipt}").status_code == 404
    assert anybody.post(f"{URL}/{receipt}/transitions/approve", json={}).status_code == 403


def test_document_that_is_none_is_refused(anybody):
    answer = anybody.post(f"{URL}/documents", files={"file": ("a.pdf", b"MZ", "application/pdf")})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")
    assert anybody.post(f"{URL}/documents", data={}).status_code == 422


def test_colleague_who_sends_one_cannot_approve_it(anybody, program, db, world):
    made = anybody.post(URL, json=SHOP, headers=program("handler"))

    with db.write() as session:
        case = enrolments.by_receipt(session, made.json()["receipt"])
        handler = world.actor(session, "handler")
        cases.fire(session, case, "start_review", actor=handler, at=world.clock.now)
        with pytest.raises(TransitionRefused, match="entered"):
            cases.fire(session, case, "approve", actor=handler, at=world.clock.now, data={})
    assert case.facts["entered_by"] == str(world.people["handler"])


def test_token_for_reading_sends_no_application(anybody, db, world):
    with db.write() as session:
        account = accounts.add_account(session, username="wall", password=PASSWORD, person_id=world.people["handler"])
        token = tokens.make(session, account, at=world.clock.now, scopes=[Scope.CASES_READ]).text
    headers = {"authorization": f"Bearer {token}"}

    assert anybody.post(URL, json=SHOP, headers=headers).status_code == 403
    sent = anybody.post(f"{URL}/documents", headers=headers, files={"file": ("执照.pdf", PDF, "application/pdf")})
    assert sent.status_code == 403
