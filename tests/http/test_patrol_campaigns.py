"""The pages of special campaigns: drafted without JavaScript, looked at, published once, ended with a reason."""

from __future__ import annotations

from uuid import UUID

from domain.actors import Role
from tests import chores, patrols
from tests.reach import Stage


def test_a_campaign_is_looked_at_before_it_is_published_and_followed_afterwards(site, stage: Stage) -> None:
    with stage.db.write() as session:
        template, _ = patrols.make_template(session, at=stage.world.clock.now)
        code = template.code
    chief, warden = stage.client(site, Role.SUPERVISOR), stage.client(site, Role.WARDEN)
    filled = {"title": "冬防专项", "checklist": code, "due_on": "2026-09-10", "classes": ["V09"],
              "key": "0197f1f2-0000-7000-8000-000000000001"}  # fmt: skip

    assert chief.get("/patrols/campaigns/new").status_code == 200
    wrong = chief.post("/patrols/campaigns/new", data={**filled, "due_on": "2026-01-01"})
    drafted = chief.post("/patrols/campaigns/new", data=filled)
    again = chief.post("/patrols/campaigns/new", data=filled)
    address = drafted.headers["location"]
    looked_at = chief.get(address)
    published = chief.post(f"{address}/publish")
    twice = chief.post(f"{address}/publish")

    assert wrong.status_code == 422
    assert 'value="冬防专项"' in wrong.text
    assert 'value="V09" checked' in wrong.text
    assert 'id="due_on-error"' in wrong.text
    assert again.headers["location"] == address
    assert "将向 1 家场所派发任务" in looked_at.text
    assert warden.get(address).status_code == 404  # nothing of it is theirs yet
    assert published.headers["location"] == twice.headers["location"]
    chores.do(stage.db, UUID(published.headers["location"].removeprefix("/errands/")), at=stage.world.clock.now)
    assert "冬防专项" in warden.get("/patrols/campaigns").text
    assert warden.get(address).status_code == 200
    assert warden.post(f"{address}/end", data={"reason": "不做了"}).status_code == 403
    assert chief.get(f"{address}?lang=en").status_code == 200

    silent = chief.post(f"{address}/end", data={"reason": ""})
    ended = chief.post(f"{address}/end", data={"reason": "改为抽查"})

    assert silent.status_code == 422
    assert ended.status_code == 303
    assert "改为抽查" in chief.get(address).text
