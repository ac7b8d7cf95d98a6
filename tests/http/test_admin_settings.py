"""The settings' page: what it shows, the change that is looked at first, its history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.database import Database
from tests.staff_member import Office, form_of, hidden_fields, office_of, seen
from tests.world import World

AT = "/admin/settings/reveals_per_day"
CHANGE = f"{AT}/change"


@pytest.fixture
def office(db: Database, world: World) -> Iterator[Office]:
    with office_of(db, world) as opened:
        yield opened


def test_a_change_is_looked_at_first_then_made_then_taken_back(office: Office) -> None:
    admin = office.member("admin")
    looked = admin.sends(CHANGE, CHANGE, value="3", reason="旺季前收紧")
    before = seen(admin.opens(AT))

    made = admin.posts(CHANGE, **hidden_fields(form_of(looked.text, CHANGE)), confirmed="1")
    shown = seen(admin.opens(AT))
    default = f"{AT}/default"
    back = admin.sends(default, default, reason="旺季已过")
    admin.posts(default, **hidden_fields(form_of(back.text, default)), confirmed="1")

    form = admin.opens(CHANGE).text
    assert form.index('name="value"') < form.index('name="reason"')
    assert looked.status_code == 200
    assert "10 人" in seen(looked)
    assert "3 人" in seen(looked)
    assert "此项设置从未更改" in before
    assert made.status_code == 303
    assert "3 人 自" in shown
    assert "旺季前收紧" in shown
    assert "取值 10 人 → 3 人" in shown
    history = seen(office.member("auditor").opens(AT))
    assert "恢复默认" in history
    assert "取值 3 人 → 10 人" in history
    assert "每人每日可查看举报人" in seen(admin.opens("/admin/audit", kind="setting"))


def test_what_cannot_be_is_said_and_what_was_typed_stays(office: Office) -> None:
    admin = office.member("admin")

    wrong = admin.sends(CHANGE, CHANGE, value="101", reason="试试")
    bare = admin.sends(CHANGE, CHANGE, value="5")
    hours = admin.sends("/admin/settings/office_opens/change", "/admin/settings/office_opens/change", value="18:00",
                        reason="夜班")  # fmt: skip

    assert wrong.status_code == 422
    assert "可填 1 至 100" in seen(wrong)
    assert "试试" in wrong.text
    assert 'value="101"' in wrong.text
    assert bare.status_code == 422
    assert "请填写" in seen(bare)
    assert hours.status_code == 409
    assert "18:00 开始、17:30 结束" in seen(hours)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(office: Office) -> None:
    admin = office.member("admin")
    looked = [
        hidden_fields(form_of(admin.sends(CHANGE, CHANGE, value=value, reason="x").text, CHANGE)) for value in "35"
    ]

    first, second = (admin.posts(CHANGE, **hidden, confirmed="1") for hidden in looked)
    twice = admin.posts(CHANGE, **looked[0], confirmed="1")

    assert first.status_code == 303
    assert second.status_code == 409
    assert 'value="5"' in second.text
    assert twice.status_code == 303
    assert "3 人 自" in seen(admin.opens(AT))


def test_every_setting_is_described_in_the_readers_language(office: Office) -> None:
    auditor = office.member("auditor")

    page = seen(auditor.opens("/admin/settings"))

    assert "办公开始时间 09:00" in page
    assert "保险库的 AES-256 密钥" in page
    assert "AES-256 keys" not in page
    assert auditor.opens(CHANGE).status_code == 403
    assert auditor.opens("/admin/settings/secret_key").status_code == 404
    assert office.member("admin").opens("/admin/settings/secret_key/change").status_code == 404
