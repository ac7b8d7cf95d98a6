"""The phones as a page: what a browser gets, with and without its script."""

import json
import re
from html.parser import HTMLParser

import pytest

from notifications.exchange.behaviour import Mode
from notifications.exchange.words import LANGUAGES, say
from tests.telephony import FROM, eventually, running_exchange, running_receiver

PHONE = "+8613800138000"
STRANGER = "+8613900139000"
GATHER = """<Response><Gather numDigits="1" timeout="60">
<Say language="zh-CN">火警 &lt;出动&gt;</Say></Gather></Response>"""
VOID = {"meta", "link", "input", "br"}


class Outline(HTMLParser):
    """Checks that tags nest, and collects what the tests ask for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def values(self, tag: str, attribute: str) -> list[str | None]:
        return [attributes[attribute] for name, attributes in self.tags if name == tag and attribute in attributes]


def page(exchange, query: str = "") -> str:
    return exchange.http.get(f"/{query}").raise_for_status().text


def events_of(lines):
    """Yield (id, event, data) from the lines of a stream."""
    fields = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


def test_empty_page_says_what_to_do_in_both_languages(exchange):
    chinese, english = page(exchange), page(exchange, "?lang=en")

    assert "还没有电话" in chinese
    assert "No phones yet" in english
    assert Outline(chinese).values("html", "lang") == ["zh-CN"]
    assert Outline(english).values("html", "lang") == ["en"]


def test_page_allows_no_inline_script_or_style_and_has_none(exchange):
    answer = exchange.http.get("/")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    outline = Outline(answer.text)
    assert outline.values("script", "src") == ["/page/phones.js"]
    assert not [attributes for _, attributes in outline.tags if any(name.startswith("on") for name in attributes)]
    assert not [attributes for _, attributes in outline.tags if "style" in attributes]
    for address in ("/page/phones.js", "/page/phones.css"):
        assert exchange.http.get(address).status_code == 200
    assert exchange.http.get("/page/phones.html").status_code == 404


def test_card_shows_person_and_message_with_link_and_nothing_unescaped(exchange, client):
    exchange.http.put("/control/phones", json=[{"number": PHONE, "person": "<李卫民>", "post": "专管员"}])
    client.messages.create(to=PHONE, from_=FROM, body='查看 https://x.cn/t/1?a=1&b=2。<script>alert("1")</script>')
    client.messages.create(to=STRANGER, from_=FROM, body="javascript:alert(1)")

    html = page(exchange)

    outline = Outline(html)
    assert "&lt;李卫民&gt;" in html
    assert "138 0013 8000" in html
    assert "<script>alert" not in html
    assert "https://x.cn/t/1?a=1&b=2" in outline.values("a", "href")
    assert not [link for link in outline.values("a", "href") if link.startswith("javascript")]
    assert outline.values("article", "data-number") == [STRANGER, PHONE]


def test_ringing_phone_can_be_answered_and_keys_pressed_without_script(exchange, client):
    with running_receiver() as receiver:
        receiver.answers = {"/voice": GATHER}
        sid = client.calls.create(to=PHONE, from_=FROM, url=f"{receiver.url}/voice").sid
        exchange.when(sid, status="ringing")
        ringing = Outline(page(exchange, "?lang=en"))
        headers = {"Accept": "text/html", "Referer": f"{exchange.url}/?lang=en"}

        answer = exchange.http.post(f"/control/calls/{sid}/answer", headers=headers)
        exchange.when(sid, listening=True)
        talking = page(exchange, "?lang=en")

    assert f"/control/calls/{sid}/answer" in ringing.values("form", "action")
    assert f"/control/calls/{sid}/reject" in ringing.values("form", "action")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=en")
    forms = Outline(talking).values("form", "action")
    pressed = {form.rpartition("/")[2] for form in forms if "/press/" in form}
    assert pressed == {*"0123456789", "star", "hash"}
    assert "火警 &lt;出动&gt;" in talking
    assert "Waiting for a key" in talking


def test_stream_replays_what_was_missed_and_then_follows(exchange, client):
    after = re.search('data-after="([^"]+)"', page(exchange))[1]
    client.messages.create(to=PHONE, from_=FROM, body="missed")
    eventually(lambda: exchange.messages()[0]["status"] == "delivered")

    with exchange.http.stream("GET", "/events", params={"after": after, "lang": "en"}) as stream:
        events = events_of(stream.iter_lines())
        last, _, missed = next(events)
        client.messages.create(to=STRANGER, from_=FROM, body="now")
        _, kind, follows = next(events)
    with exchange.http.stream("GET", "/events", headers={"Last-Event-ID": last}) as stream:
        _, _, replayed = next(events_of(stream.iter_lines()))

    assert missed["number"] == PHONE
    assert "missed" in missed["html"]
    assert "Delivered" in missed["html"]
    Outline(missed["html"])
    assert (kind, follows["number"], replayed["number"]) == ("phone", STRANGER, STRANGER)


def test_stream_of_one_phone_is_silent_about_others(exchange, client):
    after = re.search('data-after="([^"]+)"', page(exchange))[1]
    client.messages.create(to=STRANGER, from_=FROM, body="other")
    client.messages.create(to=PHONE, from_=FROM, body="mine")

    with exchange.http.stream("GET", "/events", params={"after": after, "number": PHONE}) as stream:
        _, _, first = next(events_of(stream.iter_lines()))
    only = Outline(page(exchange, f"?number=%2B{PHONE[1:]}"))

    assert first["number"] == PHONE
    assert only.values("article", "data-number") == [PHONE]


def test_page_of_an_earlier_run_is_told_to_load_again(exchange):
    with exchange.http.stream("GET", "/events", headers={"Last-Event-ID": "another-7"}) as stream:
        assert [kind for _, kind, _ in events_of(stream.iter_lines())] == ["reload"]


@pytest.mark.parametrize("phones", [{}, [1], [{"person": "x"}], [{"number": 1}]])
def test_bad_directory_is_refused_and_the_old_one_kept(exchange, phones):
    exchange.http.put("/control/phones", json=[{"number": PHONE}])

    answer = exchange.http.put("/control/phones", json=phones)

    assert answer.status_code == 422
    assert [phone["number"] for phone in exchange.http.get("/control/phones").json()] == [PHONE]


def test_directory_is_read_from_a_file(tmp_path):
    path = tmp_path / "phones.json"
    path.write_text(json.dumps([{"number": PHONE, "person": "李卫民", "post": "专管员"}]), encoding="utf-8")

    with running_exchange("--phones", str(path)) as exchange:
        assert "李卫民" in page(exchange)


def test_phones_with_traffic_stand_first_the_last_on_top_and_the_quiet_ones_are_folded(exchange, client):
    quiet, other = "+8613700137000", "+8613700137001"
    exchange.http.put("/control/phones", json=[{"number": number} for number in (quiet, PHONE, other, STRANGER)])
    before = page(exchange, "?lang=en")
    for number in (PHONE, STRANGER):
        client.messages.create(to=number, from_=FROM, body="x")

    html = page(exchange)

    assert "No messages or calls yet" in before
    assert Outline(html).values("article", "data-number") == [STRANGER, PHONE, quiet, other]
    shown, _, folded = html.partition('<details id="quiet"')
    assert Outline(shown.partition("<main>")[2]).values("article", "data-number") == [STRANGER, PHONE]
    assert "显示全部电话 (2)" in folded


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_behaviour_is_set_from_the_page_for_one_phone_and_for_all(exchange, accept):
    exchange.http.put("/control/phones", json=[{"number": PHONE}, {"number": STRANGER}])
    headers = {"Accept": accept, "Referer": f"{exchange.url}/?lang=en"}

    one = exchange.http.post("/control/behaviour", data={"mode": "busy", "number": PHONE}, headers=headers)
    after_one = exchange.http.get("/control/behaviour").json()
    html = page(exchange, "?lang=en")
    everybody = exchange.http.post("/control/behaviour", data={"mode": "timeout"}, headers=headers)
    after_all = exchange.http.get("/control/behaviour").json()
    wrong = exchange.http.post("/control/behaviour", data={"mode": "nonsense"}, headers=headers)

    assert one.status_code == everybody.status_code == (303 if accept == "text/html" else 200)
    assert (after_one["mode"], after_one["numbers"]) == ("manual", {PHONE: "busy"})
    assert (after_all["mode"], after_all["numbers"]) == ("timeout", {})
    assert "Behaviour: Busy" in html
    assert wrong.status_code == 422


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_behaviour_has_words(language):
    assert len({say(f"mode.{mode}", language) for mode in Mode}) == len(Mode)
