"""The limits' pages: each with its article; a stricter one or a target of ours is set, dated, taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain import catalogue, limits_register, rulebooks
from domain.clocks import Unit
from domain.database import Database
from tests.journeys import report
from tests.staff_member import Office, office_of, seen
from tests.world import World

AT = "/admin/limits"
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


@ONLY_SQLITE
def test_every_row_stands_there_with_its_article_and_who_counts_by_it(office: Office) -> None:
    used = seen(office.member("supervisor").opens(AT))
    every = seen(office.member("auditor").opens(AT, view="all"))
    row = seen(office.member("auditor").opens(f"{AT}/REC-11"))

    assert "《消防监督检查规定》第十八条第一款第二项" in used
    assert "隐患举报：现场核查" in used
    assert "30 分钟" in used
    assert "PEN-10" not in used
    assert "90 个自然日" in every
    assert "尚无流程" in every
    assert "末日逢休息日顺延" in row
    assert "《民事诉讼法》第八十五条" in row.replace("中华人民共和国", "")
    assert "凭记忆，待核对" in row
    assert "2024-01-01" in row


@ONLY_SQLITE
def test_every_demand_of_the_law_is_in_words_of_the_reader(office: Office) -> None:
    auditor = office.member("auditor")
    zh = seen(auditor.opens(AT, view="all"))
    auditor.client.cookies.set("lang", "en")
    en = seen(auditor.opens(AT, view="all"))

    for words in ("每年至少 1 次", "每半年至少 1 次", "至少 10%", "至少 5%", "至少 2 人", "至多 8 小时", "至少 3 年",
                  "双随机抽查 · 其他重点单位月抽查比例(济宁2024示例)"):  # fmt: skip
        assert words in zh
    assert not re.search(r"_(min|max|day|hour)\b|complaint|re-inspection", zh)
    for words in ("at least 1 × a year", "at least 10%", "double random · monthly share of other key units"):
        assert words in en
    for row in catalogue.limits().values():
        assert row.words.zh != row.words.en
        assert not re.search(r"[\u4e00-\u9fff]", row.words.en), row.id


def test_a_stricter_limit_is_set_holds_for_new_cases_and_is_taken_back(office: Office, db: Database) -> None:
    admin = office.member("admin")
    with db.read() as session:
        before = rulebooks.load(session)

    assert "数值" in seen(admin.opens(f"{AT}/CMP-21/set"))
    done = admin.sends(f"{AT}/CMP-21/set", f"{AT}/CMP-21/set", amount="2", unit="working_day", reason="市里要求两日")
    shown = seen(admin.opens(f"{AT}/CMP-21"))
    with db.read() as session:
        book = rulebooks.load(session)
    row = book.own[0]
    back = admin.sends(f"{AT}/CMP-21/take-back", f"{AT}/CMP-21/take-back", reason="不再要求")

    assert before.own == ()
    assert done.status_code == 303
    assert "市里要求两日" in shown
    assert "2 个工作日" in shown
    assert (row.rule, row.amount, row.unit) == ("CMP-21", 2, Unit.WORKING_DAY)
    assert book.at(row.from_at).limit("CMP-21").amount == 2
    assert book.at(row.from_at - timedelta(seconds=1)).limit("CMP-21").amount == 3
    assert back.status_code == 303
    with db.read() as session:
        after = rulebooks.load(session)
    assert after.at(row.from_at + timedelta(days=1)).limit("CMP-21").amount == 3
    assert "CMP-21" in seen(admin.opens("/admin/audit", kind="limit"))


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("rule", "amount", "unit", "why"),
    [
        ("CMP-21", "4", "working_day", "《消防监督检查规定》第十八条第一款第二项规定为3 个工作日，本地设定只能更短"),
        ("CMP-21", "3", "working_day", "本地设定只能更短"),
        ("CMP-21", "7", "calendar_day", "本地设定只能更短"),
        ("CMP-20", "25", "elapsed_hour", "《消防监督检查规定》第十八条第一款第一项规定为24 小时"),
        ("CMP-10", "0", "elapsed_minute", "可填 1 至"),
        ("CMP-10", "999999", "elapsed_minute", "可填 1 至"),
        ("CMP-10", "bald", "elapsed_minute", "数字"),
        ("CMP-10", "5", "fortnight", "选择"),
    ],
)
def test_a_looser_limit_is_refused_with_the_article(
    office: Office, rule: str, amount: str, unit: str, why: str
) -> None:
    where = f"{AT}/{rule}/set"

    answer = office.member("admin").sends(where, where, amount=amount, unit=unit, reason="为了方便")

    assert answer.status_code == 422
    assert why in seen(answer)
    assert "为了方便" in answer.text


@ONLY_SQLITE
def test_reason_is_obligatory_and_a_day_that_is_over_is_refused(office: Office) -> None:
    admin, where = office.member("admin"), f"{AT}/CMP-10/set"

    bare = admin.sends(where, where, amount="20", unit="elapsed_minute", reason="")
    past = admin.sends(where, where, amount="20", unit="elapsed_minute", reason="x", from_on="2020-01-01")
    far = admin.sends(where, where, amount="20", unit="elapsed_minute", reason="x", from_on="9999-12-31")

    assert [answer.status_code for answer in (bare, past, far)] == [422, 422, 422]
    assert "日期已过" in seen(past) or "过去" in seen(past)
    assert "日期太远" in seen(far)


@ONLY_SQLITE
def test_limit_may_begin_on_a_later_day_and_running_deadlines_keep_theirs(db: Database, world: World) -> None:
    with db.write() as session:
        running = report(session, world).clocks["accept"]["due_at"]
        later = (world.clock.now + timedelta(days=3)).date()
        actor = world.actor(session, "admin")
        limits_register.set_limit(
            session,
            "CMP-10",
            amount=10,
            unit=Unit.MINUTE,
            reason="旺季",
            actor=actor,
            at=world.clock.now,
            from_on=later,
        )
    world.clock.advance(days=2)
    with db.write() as session:
        before = report(session, world)
        assert before.clocks["accept"]["limit"]["amount"] == 30
    world.clock.advance(days=2)

    with db.write() as session:
        after = report(session, world)

    assert after.clocks["accept"]["limit"] == {"rule": "CMP-10", "amount": 10, "unit": "elapsed_minute", "own": True}
    assert running == (world.clock.now - timedelta(days=4) + timedelta(minutes=30)).isoformat()


@ONLY_SQLITE
@pytest.mark.parametrize("path", ["CMP-99", "CMP-99/set", "COR-30/set", "INS-20/set", "CMP-10/loosen"])
def test_row_there_is_none_of_or_that_gives_no_time_cannot_be_set(office: Office, path: str) -> None:
    assert office.member("admin").opens(f"{AT}/{path}").status_code == 404


@ONLY_SQLITE
def test_what_somebody_else_set_meanwhile_is_not_overwritten(office: Office) -> None:
    admin, where = office.member("admin"), f"{AT}/CMP-10/set"
    admin.sends(where, where, amount="20", unit="elapsed_minute", reason="x")

    late = admin.sends(where, where, amount="15", unit="elapsed_minute", reason="y", version="0")

    assert late.status_code == 409
    assert 'value="15"' in late.text
