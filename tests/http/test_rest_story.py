"""One report and its rectification through the JSON API alone, as a city's other systems would drive it."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain import rectifications, reports
from tests.pictures import jpeg

SEED = "楼层好多烟感报警不会亮,希望能看看是否会联动"


def report_body(world, **changes):
    body = {"venue_code": world.codes["kuancheng"], "hazard": "equipment", "description": SEED, "phone": "13912345678"}
    return {key: value for key, value in {**body, **changes}.items() if value is not None}


def step(client, number, name, headers, **fields):
    version = client.get(f"/api/v1/cases/{number}", headers=headers).json()["version"]
    url = f"/api/v1/cases/{number}/transitions/{name}"
    return client.post(url, json={"version": version, **fields}, headers=headers)


def test_report_is_checked_answered_rated_and_its_hazard_corrected(anybody, program, db, world):
    made = anybody.post("/api/v1/hazard-reports", json=report_body(world))
    assert made.status_code == 201
    report = made.json()
    assert set(report) == {"number", "receipt", "state", "due_at"}
    assert report["state"] == "reported"
    assert datetime.fromisoformat(report["due_at"]) == world.clock.now + timedelta(minutes=30)
    with db.write() as session:
        case = reports.by_receipt(session, report["receipt"])
        reports.triage(session, case.id, at=world.clock.now)
    number, warden, handler = report["number"], program("warden"), program("handler")

    world.clock.advance(hours=1)
    arrived = step(anybody, number, "start_check", warden, venue_code=world.codes["kuancheng"])
    assert arrived.status_code == 200, arrived.json()
    photo = anybody.post("/api/v1/uploads", files={"file": ("烟感.jpg", jpeg(), "image/jpeg")}).json()
    found = step(anybody, number, "record_finding", warden, outcome="substantiated", description="12 只烟感不亮",
                 hazards=["FAC-07"], photos=[photo["id"]])  # fmt: skip
    assert found.status_code == 200, found.json()
    replied = step(anybody, number, "reply", handler, text="经核查属实,已责令整改。")
    assert replied.json()["state"] == "replied"
    follow = anybody.get(f"/api/v1/hazard-reports/{report['receipt']}").json()
    assert (follow["state"], follow["reply"]) == ("replied", "经核查属实,已责令整改。")
    rated = anybody.post(f"/api/v1/hazard-reports/{report['receipt']}/transitions/rate", json={"rating": 5})
    assert rated.json()["state"] == "closed"

    with db.write() as session:
        (order,) = rectifications.open_from_finding(session, case.id, 5, at=world.clock.now)
    inspector, manager = program("inspector1"), program("manager")
    served = step(anybody, order.number, "serve", inspector, correct_by="2026-09-01", served_to="卫管理")
    assert served.json()["state"] == "correcting"
    proof = anybody.post("/api/v1/uploads", files={"file": ("整改.jpg", jpeg(), "image/jpeg")}).json()
    submitted = step(anybody, order.number, "submit", manager, description="已更换", photos=[proof["id"]])
    assert submitted.json()["state"] == "submitted", submitted.json()
    confirmed = step(anybody, order.number, "confirm", inspector, description="复查合格", no_photo_reason="电话确认")
    assert confirmed.json()["state"] == "closed"
    corrected = anybody.get(f"/api/v1/hazard-reports/{report['receipt']}").json()["found"]
    assert [(item["hazard"]["code"], item["corrected"]) for item in corrected] == [("FAC-07", True)]
    timeline = anybody.get(f"/api/v1/cases/{number}/timeline", headers=handler).json()["timeline"]
    assert [entry["transition"] for entry in timeline][:4] == ["report", "accept", "assign", "start_check"]


def test_the_reporter_reads_nothing_of_staff_and_nothing_they_wrote(anybody, program, db, world):
    report = anybody.post("/api/v1/hazard-reports", json=report_body(world)).json()
    with db.write() as session:
        case = reports.by_receipt(session, report["receipt"])
        reports.triage(session, case.id, at=world.clock.now)
    step(anybody, report["number"], "comment", program("handler"), text="内部备注")

    shown = anybody.get(f"/api/v1/hazard-reports/{report['receipt']}", headers={"accept-language": "zh-CN"})

    assert shown.status_code == 200
    for secret in ("李庚", "赵受理", "内部备注", SEED, "13912345678", "3912345678"):
        assert secret not in shown.text
    assert [line["label"] for line in shown.json()["timeline"]] == ["已收到", "已受理", "已派人核查"]
    english = anybody.get(f"/api/v1/hazard-reports/{report['receipt']}?lang=en").json()
    assert [line["label"] for line in english["timeline"]] == ["Received", "Taken up", "Somebody is on the way"]


def test_offers_carry_reasons_and_translated_forms(anybody, program, world):
    report = anybody.post("/api/v1/hazard-reports", json=report_body(world, hazard="other")).json()
    url = f"/api/v1/cases/{report['number']}/offers"

    chinese = {offer["name"]: offer for offer in anybody.get(f"{url}?lang=zh_CN", headers=program("handler")).json()}
    english = {offer["name"]: offer for offer in anybody.get(f"{url}?lang=en", headers=program("handler")).json()}

    assert chinese["reject"]["label"] == "不予受理"
    assert chinese["reject"]["form"]["properties"]["reason"]["title"] == "原因"
    reasons = chinese["reject"]["form"]["properties"]["reason"]["oneOf"]
    assert {"const": "not_fire", "title": "非消防事项"} in reasons
    assert english["reject"]["form"]["properties"]["reason"]["title"] == "Reason"
    assert set(chinese) == set(english) >= {"accept", "reject", "transfer", "merge"}
    assert chinese["accept"]["enabled"] is True
    assert english["accept"]["form"]["required"] == ["hazard_code"]


def test_own_report_is_offered_greyed_out_with_the_reason(anybody, program, world):
    report = anybody.post("/api/v1/hazard-reports", json=report_body(world, hazard="other", phone="13800000001")).json()
    offers = anybody.get(f"/api/v1/cases/{report['number']}/offers?lang=zh_CN", headers=program("handler")).json()
    accept = next(offer for offer in offers if offer["name"] == "accept")
    assert accept["enabled"] is False
    assert accept["reason"] == "这是您本人的举报，须由他人办理。"
