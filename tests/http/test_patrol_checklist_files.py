"""Checklists as files on the pages: taken out, looked at, entered once; what cannot be taken is named by its cell."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from sqlalchemy import func, select

from documents import xlsform_check
from domain import people, register_log
from domain.actors import Role
from domain.models import ChecklistTemplate, ChecklistVersion
from domain.patrols import checklists, templates
from domain.patrols.items import Item
from tests.reach import Stage
from tests.staff_member import form_of, hidden_fields, seen

LOOK, IMPORT = "/patrols/checklists/import/look", "/patrols/checklists/import"
HEADER = ["type", "name", "label", "constraint", "relevant"]
FIRST = Item("A1", "出口畅通", "Exit clear", hazard="EVA-01", evidence="photo_on_fail")


@pytest.fixture(autouse=True)
def within_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pyxform judge here: the process of its own has a test among the documents."""
    monkeypatch.setattr(xlsform_check, "complaint", xlsform_check.judged)


def form(folder: Path, *rows: list[object]) -> bytes:
    path = folder / "form.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("survey")
        for place, row in enumerate([HEADER, *rows]):
            sheet.write_row(place, 0, row)
        book.add_worksheet("choices").write_row(0, 0, ["list_name", "name", "label"])
        book.add_worksheet("settings").write_row(0, 0, ["form_title"])
    return path.read_bytes()


def looks(client: Any, content: bytes, **fields: str) -> Any:
    return client.post(LOOK, data=fields, files={"file": ("自查表.xlsx", content)})


def confirms(client: Any, looked: Any, **fields: str) -> Any:
    assert looked.status_code == 200, seen(looked)
    return client.post(IMPORT, data={**hidden_fields(form_of(looked.text, IMPORT)), **fields})


def own_checklist(stage: Stage) -> Any:
    with stage.db.write() as session:
        scope = checklists.Scope.model_validate({"zh": "灭火器自查", "frequency": "weekly", "area": "chengyang"})
        actor = stage.world.actor(session, "supervisor")
        made = checklists.create(
            session, scope, checklists.Asked((FIRST,)), checklists.VersionFacts(), actor=actor,
            at=stage.world.clock.now,
        )  # fmt: skip
        return made.id


def count(stage: Stage, model: Any) -> int:
    with stage.db.read() as session:
        return session.execute(select(func.count()).select_from(model)).scalar_one()


def test_a_form_becomes_a_checklist_once_and_nothing_typed_is_lost(site, stage: Stage, tmp_path: Path) -> None:
    chief = stage.client(site, Role.SUPERVISOR)
    there = count(stage, ChecklistTemplate)

    looked = looks(chief, form(tmp_path, ["start", "s", "", "", ""], ["text", "what", "巡查情况", "", ""],
                               ["integer", "kg", "灭火器重量", ". >= 2 and . <= 8", ""]))  # fmt: skip
    assert count(stage, ChecklistTemplate) == there
    assert "灭火器重量" in seen(looked)
    assert "≤ 8" in seen(looked)
    nameless = confirms(chief, looked, zh="", frequency="weekly", reason="市局统一下发")
    assert nameless.status_code == 422
    assert "市局统一下发" in nameless.text
    assert "灭火器重量" in seen(nameless)
    filled = {"zh": "灭火器", "frequency": "weekly", "reason": "市局统一下发"}
    everywhere = confirms(chief, looked, **filled)
    assert everywhere.status_code == 422  # a district's supervisor does not write for the city
    assert 'id="area-error"' in everywhere.text
    entered = confirms(chief, looked, **filled, area="chengyang")
    again = confirms(chief, looked, **filled, area="chengyang")

    assert entered.status_code == again.status_code == 303
    assert entered.headers["location"] == again.headers["location"]
    assert count(stage, ChecklistTemplate) == there + 1
    with stage.db.read() as session:
        made = session.execute(select(ChecklistTemplate).where(ChecklistTemplate.zh == "灭火器")).scalar_one()
        items = templates.items_of(templates.versions_of(session, made.id)[0])
        assert [(item.code, item.answer, item.low, item.high) for item in items] == [
            ("what", "text", None, None), ("kg", "number", 2, 8),
        ]  # fmt: skip
        assert [entry.action for entry in register_log.of(session, made.id)] == ["create"]


def test_what_was_taken_out_and_changed_becomes_a_version_from_a_day_on(site, stage: Stage) -> None:
    chief, template_id = stage.client(site, Role.SUPERVISOR), own_checklist(stage)
    taken = chief.get(f"/patrols/checklists/{template_id}/versions/1.xlsx")
    assert taken.status_code == 200
    assert "attachment" in taken.headers["content-disposition"]
    same = looks(chief, taken.content, checklist=str(template_id))
    assert "检查表现在就是这样" in seen(same)
    book = openpyxl.load_workbook(io.BytesIO(taken.content))
    for cell in next(book["survey"].iter_rows(min_row=2, max_row=2)):
        if cell.value == FIRST.zh:
            cell.value = "安全出口畅通"
    changed = io.BytesIO()
    book.save(changed)

    looked = looks(chief, changed.getvalue(), checklist=str(template_id))
    urgent = confirms(chief, looked, from_on=people.local_day(stage.world.clock.now).isoformat())
    entered = confirms(chief, looked, reason="改用规范用语")
    again = confirms(chief, looked, reason="改用规范用语")

    assert "安全出口畅通" in seen(looked)
    assert urgent.status_code == 422
    assert entered.status_code == again.status_code == 303
    with stage.db.read() as session:
        newest, first = templates.versions_of(session, template_id)
        assert templates.items_of(first) == (FIRST,)
        assert [item.zh for item in templates.items_of(newest)] == ["安全出口畅通"]
    assert chief.get(f"/patrols/checklists/{template_id}/versions/3.xlsx").status_code == 404


def test_two_people_with_the_same_file_open_do_not_overwrite_each_other(site, stage: Stage, tmp_path: Path) -> None:
    chief, template_id = stage.client(site, Role.SUPERVISOR), own_checklist(stage)
    mine = looks(chief, form(tmp_path, ["text", "A1", "甲", "", ""]), checklist=str(template_id))
    theirs = looks(chief, form(tmp_path, ["text", "A1", "乙", "", ""]), checklist=str(template_id))
    assert confirms(chief, theirs).status_code == 303

    late = confirms(chief, mine, reason="我的修改")

    assert late.status_code == 409
    assert "我的修改" in late.text
    assert count(stage, ChecklistVersion) >= 2
    assert client_sends_again(chief, late).status_code == 303


def client_sends_again(client: Any, page: Any) -> Any:
    return client.post(IMPORT, data={**hidden_fields(form_of(page.text, IMPORT)), "reason": "我的修改"})


def test_every_cell_that_cannot_be_taken_is_named_and_nothing_is_written(site, stage: Stage, tmp_path: Path) -> None:
    chief, there = stage.client(site, Role.SUPERVISOR), count(stage, ChecklistVersion)
    wrong = form(tmp_path, ["geopoint", "where", "位置", "", ""], ["integer", "n", "数", ". >= NaN", ""],
                 ["text", "t", "字", "", "${nobody} = 'x'"])  # fmt: skip

    refused = looks(chief, wrong)

    assert refused.status_code == 422
    assert re.findall(r"survey!\w\d", seen(refused)) == ["survey!A2", "survey!D3", "survey!E4"]
    assert looks(chief, b"no workbook").status_code == 422
    assert chief.post(LOOK, data={}).status_code == 422
    assert looks(chief, wrong, checklist="nothing").status_code == 404
    for items in ("", "[", '[{"code": 5, "zh": "x"}]', "null"):
        assert chief.post(IMPORT, data={"items": items, "zh": "x", "frequency": "daily"}).status_code == 422
    assert "目录" in seen(chief.post(
        IMPORT, data={"items": '[{"code": "a", "zh": "x", "basis": ["没有"]}]', "zh": "x", "frequency": "daily",
                      "area": "chengyang"}
    ))  # fmt: skip
    assert count(stage, ChecklistVersion) == there


def test_only_who_writes_checklists_imports_them(site, stage: Stage, tmp_path: Path) -> None:
    template_id, content = own_checklist(stage), form(tmp_path, ["text", "a", "甲", "", ""])
    officer = stage.client(site, Role.OFFICER)

    assert officer.get(IMPORT).status_code == 403
    assert looks(officer, content).status_code == 403
    assert stage.client(site, Role.WARDEN).get(f"{IMPORT}?checklist={template_id}").status_code in {403, 404}
    assert stage.client(site, Role.SUPERVISOR).get(f"{IMPORT}?checklist={template_id}&lang=en").status_code == 200
