"""The hunt for canaries finds them in every form they could leak in; so what it does not find is not there."""

from __future__ import annotations

import base64
import io
import json
import sqlite3
import zipfile
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.canaries import Hunt, ways_to_write

NAME, PHONE, WORDS = "欧阳金丝雀", "13912340987", "地下室第七根立柱旁堆了烟花"
HUNT = Hunt({"name": (NAME,), "phone": ways_to_write(PHONE), "words": (WORDS,)})

PLANTED = {
    "plain": f"… {NAME} …".encode(),
    "utf-16": f"… {WORDS} …".encode("utf-16"),
    "json": json.dumps({"who": NAME}).encode(),
    "json in json": json.dumps(json.dumps({"who": NAME})).encode(),
    "json, capitals": json.dumps({"who": NAME}).upper().replace("\\U", "\\u").encode(),
    "address": f"/cases?q={quote(NAME)}".encode(),
    "form": urlencode({"description": f"我说：{WORDS}！"}).encode(),
    "gbk": f"姓名,{NAME}\n".encode("gbk"),
    "hex dump of a database": f"\\\\x{(b'..' + NAME.encode() + b'..').hex()}".encode(),
    "phone as people write it": b"call 139 1234 0987 now",
    "phone with its country": b'"to": "+8613912340987"',
    "phone in base64": base64.b64encode(b"to=+8613912340987;"),
    "html entities": "".join(f"&#{ord(c)};" for c in NAME).encode(),
    **{f"base64 at {n}": base64.b64encode(b"x" * n + WORDS.encode() + b"yyyy") for n in range(4)},
    **{f"base64url at {n}": base64.urlsafe_b64encode(b"x" * n + NAME.encode() + b"yyyy") for n in range(4)},
}


@pytest.mark.parametrize("how", PLANTED)
def test_planted_canary_is_found(how: str) -> None:
    assert HUNT.in_bytes(PLANTED[how], how) != []


def test_masked_and_sealed_are_no_leaks() -> None:
    data = json.dumps({"name": "欧*", "phone": "139 **** 0987", "box": "AbCdEf"}, ensure_ascii=False).encode()

    assert HUNT.in_bytes(data, "") == []


def test_canary_in_a_file_its_name_a_workbook_or_a_database_is_found(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "web.log").write_text(f"POST {PHONE}")
    (tmp_path / f"{NAME}.txt").write_text("empty")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst><si><t>楼道堆放杂物</t></si><t>{WORDS}</t></sst>" * 9)
    (tmp_path / "cases.xlsx").write_bytes(packed.getvalue())
    database = sqlite3.connect(tmp_path / "fireline.db")
    database.execute("CREATE TABLE cases (place TEXT)")
    database.execute("INSERT INTO cases VALUES (?)", (WORDS,))
    database.commit()
    database.close()

    found = {
        leak.where.removeprefix(str(tmp_path)).removeprefix("name of " + str(tmp_path))
        for leak in HUNT.in_files(tmp_path)
    }

    packed_too = {"/deep/er/web.log", f"/{NAME}.txt", "/cases.xlsx!xl/sharedStrings.xml", "/fireline.db"}
    assert packed_too <= found


def test_left_out_file_and_canary_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"{NAME} {PHONE}")

    assert HUNT.in_files(tmp_path, besides=[tmp_path / "a"]) == []
    assert {leak.canary for leak in HUNT.besides("name").in_files(tmp_path)} == {"phone"}
    assert {leak.canary for leak in HUNT.only("name").in_files(tmp_path)} == {"name"}
