"""A photo comes in re-encoded and bare; what is no photo is refused by its name, and nothing of it is kept."""

from __future__ import annotations

import io
import json

import pytest
from PIL import ExifTags, Image
from sqlmodel import select

from domain import photos, reports, sealed
from domain.actors import Actor, Role
from domain.models import Photo, VaultItem
from domain.reports import Intake
from tests import looping
from tests.pictures import jpeg

MEGABYTE = 1024 * 1024


def upload(client, data, name="photo.jpg", *, field="file", lang="zh_CN"):
    return client.post(f"/api/v1/uploads?lang={lang}", files={field: (name, data, "image/jpeg")})


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def with_position() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera of Li Ming"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", (24.0, 40.0, 30.0)
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", (102.0, 54.0, 0.0)
    return jpeg(exif=exif)


def test_photo_is_stored_without_metadata_and_its_position_sealed(anybody, db, settings):
    answer = upload(anybody, with_position(), "现场.jpg")

    assert answer.status_code == 201
    body = answer.json()
    assert (body["width"], body["height"]) == (64, 48)
    with db.read() as session:
        photo = session.exec(select(Photo)).one()
        position = json.loads(sealed.get(session, photo.position_sealed))
    assert str(photo.id) == body["id"]
    assert position == {"lat": pytest.approx(24.675), "lon": pytest.approx(102.9)}
    stored = photos.read(photo.storage_key, settings.photos)
    assert b"Li Ming" not in stored
    assert not Image.open(io.BytesIO(stored)).getexif()


def truncated() -> bytes:
    whole = jpeg(width=400, height=300)
    return whole[: len(whole) // 2]


REFUSED = {
    "a PDF named .jpg": (b"%PDF-1.7\n" + b"0" * 5000, "合同.jpg", 422, "“合同.jpg”"),
    "a text": ("不是照片".encode(), "说明.png", 422, "“说明.png”"),
    "nothing": (b"", "empty.jpg", 422, "“empty.jpg”"),
    "half a JPEG": (truncated(), "half.jpg", 422, "“half.jpg”"),
    "a page with a script": (b"<svg onload=alert(1)>", "<script>.jpg", 422, "“<script>.jpg”"),
    "21 MB": (b"\xff\xd8\xff\xe0" + b"\0" * (21 * MEGABYTE), "大图.jpg", 413, "“大图.jpg”"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_photo_is_refused_by_name(anybody, db, settings, case):
    data, name, status, words = REFUSED[case]

    answer = upload(anybody, data, name)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["field"] == "file"
    assert words in error["message"]
    english = upload(anybody, data, name, lang="en").json()["errors"][0]["message"]
    assert words in english
    assert english != error["message"]
    assert files_in(settings.photos) == []
    with db.read() as session:
        assert session.exec(select(Photo)).all() == []
        assert session.exec(select(VaultItem)).all() == []


@pytest.mark.parametrize(
    "send",
    [
        {"files": {"other": ("a.jpg", jpeg(), "image/jpeg")}},
        {"files": [("file", ("a.jpg", jpeg(), "image/jpeg")), ("file", ("b.jpg", jpeg(), "image/jpeg"))]},
        {"data": {"file": "text"}},
        {"content": jpeg(), "headers": {"content-type": "image/jpeg"}},
    ],
)
def test_anything_but_one_file_is_refused(anybody, send):
    answer = anybody.post("/api/v1/uploads", **send)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", "multipart/form-data"), (b"\xff" * 50, "multipart/form-data; boundary=x")],
)
def test_form_that_is_none_is_refused(anybody, content, kind):
    answer = anybody.post("/api/v1/uploads?lang=en", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/unreadable-form")


def test_endless_body_is_cut_off_while_it_comes_in(app):
    """The announced length may be missing; the sending stops when it is too much, far before its end."""
    sent = 0

    async def receive():
        nonlocal sent
        sent += 8 * MEGABYTE
        return {"type": "http.request", "body": b"\0" * (8 * MEGABYTE), "more_body": True}

    messages = []

    async def send(message):
        messages.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/hazard-reports", "raw_path": b"/api/v1/hazard-reports",
        "query_string": b"", "headers": [(b"content-type", b"application/json"), (b"host", b"testserver")],
        "client": ("127.0.0.1", 5), "server": ("testserver", 80), "scheme": "http",
        "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    looping.run(app(scope, receive, send))

    assert messages[0]["status"] == 413
    assert (b"connection", b"close") in messages[0]["headers"]
    assert sent <= 16 * MEGABYTE


# Who sees a photo


@pytest.fixture
def reported(anybody, db, world):
    photo_id = upload(anybody, jpeg(seed=3)).json()["id"]
    with db.write() as session:
        intake = Intake(venue_code=world.codes["kuancheng"], hazard="equipment", photos=[photo_id])
        opened = reports.open_report(session, intake, actor=Actor(frozenset({Role.REPORTER})), at=world.clock.now)
        reports.triage(session, opened.case.id, at=world.clock.now)
    return opened.case, photo_id


def test_reporters_photo_is_for_those_who_read_the_report(anybody, program, reported):
    _, photo_id = reported
    seen = {
        who: anybody.get(f"/photos/{photo_id}/full", headers=program(who)).status_code
        for who in ("handler", "supervisor", "warden", "warden2", "operator", "admin", "manager", "crew")
    }
    assert seen == {"handler": 200, "supervisor": 200, "warden": 200, "warden2": 404, "operator": 404, "admin": 404,
                    "manager": 404, "crew": 404}  # fmt: skip


def test_photo_is_a_jpeg_that_nobody_keeps(anybody, program, reported):
    _, photo_id = reported
    for size in ("full", "thumbnail"):
        answer = anybody.get(f"/photos/{photo_id}/{size}", headers=program("handler"))
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-store"
        assert Image.open(io.BytesIO(answer.content)).size == (64, 48)


def test_photo_without_a_name_leads_to_the_sign_in(anybody, reported):
    _, photo_id = reported
    answer = anybody.get(f"/photos/{photo_id}/full")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next=/photos/{photo_id}/full")


def test_photo_that_is_not_there_and_photo_of_no_case_look_the_same(anybody, program):
    loose = upload(anybody, jpeg(seed=9)).json()["id"]
    headers = program("handler")
    pages = [
        anybody.get(f"/photos/{photo}/full", headers=headers)
        for photo in (loose, "0190b5a0-0000-7000-8000-000000000000")
    ]
    assert [page.status_code for page in pages] == [404, 404]
    assert anybody.get("/photos/../full", headers=headers).status_code == 404


def test_photo_goes_with_one_report_only(anybody, world, reported):
    _, photo_id = reported
    body = {"venue_code": world.codes["kuancheng"], "hazard": "equipment", "photos": [photo_id]}
    answer = anybody.post("/api/v1/hazard-reports", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "photos")
