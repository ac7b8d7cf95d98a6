"""The phones' page in Chromium: it rings, is answered and hears keys without a reload."""

import uuid

import pytest
from playwright.sync_api import expect

from notifications.providers.twilio import TwilioProvider
from tests.telephony import ACCOUNT_SID, AUTH_TOKEN, FROM, running_exchange, running_receiver

pytestmark = pytest.mark.browser

PHONE = "+8613800138000"
SMALLEST_TARGETS = """
    [...document.querySelectorAll("a, button, summary")]
        .map((element) => [element.innerText, element.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
        .map(([text]) => text)
"""


@pytest.fixture
def exchange():
    with running_exchange() as exchange:
        exchange.http.put("/control/phones", json=[{"number": PHONE, "person": "周勇", "post": "微型消防站"}])
        yield exchange


@pytest.fixture
def receiver():
    gather = '<Gather numDigits="1" timeout="600" action="/keys"><Say language="zh-CN">出动请按 1</Say></Gather>'
    with running_receiver() as receiver:
        receiver.answers = {
            "/voice": f"<Response>{gather}</Response>",
            "/keys": "<Response><Say>已记录出动</Say></Response>",
        }
        yield receiver


@pytest.fixture
def provider(exchange):
    provider = TwilioProvider(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, from_number=FROM, base_url=exchange.url)
    yield provider
    provider.close()


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    page.close()


def ring(provider, receiver) -> str:
    return provider.place_call(
        to=PHONE,
        answer_url=f"{receiver.url}/voice",
        status_callback=f"{receiver.url}/status",
        attempt_id=uuid.uuid4(),
        ring_seconds=600,
    ).provider_id


def test_phone_rings_live_is_answered_and_hears_the_key(exchange, page, provider, receiver):
    page.goto(exchange.url)
    expect(page.get_by_text("实时")).to_be_visible()

    sid = ring(provider, receiver)
    page.get_by_role("button", name="接听").click()
    page.get_by_text("出动请按 1").wait_for()
    page.locator(".quick").get_by_role("button", name="按键 1").click()
    page.get_by_text("以往通话").click()

    expect(page.get_by_text("已记录出动")).to_be_visible()
    assert receiver.field("/keys", "Digits") == ["1"]
    assert exchange.call(sid)["status"] == "completed"
    assert page.complaints == []


def test_open_keypad_and_focus_survive_a_change(exchange, page, provider, receiver):
    page.goto(f"{exchange.url}/?lang=en")
    sid = ring(provider, receiver)
    page.get_by_role("button", name="Answer").click()
    page.get_by_text("Waiting for a key").wait_for()
    page.get_by_text("Whole keypad").click()
    page.locator(".pad").get_by_role("button", name="Key 7").focus()

    provider.send_sms(to=PHONE, body="meanwhile", status_callback=f"{receiver.url}/sms", attempt_id=uuid.uuid4())
    expect(page.get_by_text("Delivered")).to_be_visible()

    expect(page.locator(".pad")).to_be_visible()
    expect(page.get_by_role("button", name="Key 7")).to_be_focused()
    assert exchange.call(sid)["status"] == "in-progress"


def test_quiet_phone_comes_up_with_its_first_message_above_the_older_ones(exchange, page, provider, receiver):
    other = "+8613700137000"
    exchange.http.put("/control/phones", json=[{"number": PHONE}, {"number": other}])
    page.goto(f"{exchange.url}/?lang=en")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("Show all phones (2)")).to_be_visible()
    expect(page.locator(".phone:visible")).to_have_count(0)

    for number, left in ((other, 1), (PHONE, 0)):
        provider.send_sms(to=number, body="hello", status_callback=f"{receiver.url}/s", attempt_id=uuid.uuid4())
        expect(page.locator(f'#phones .phone[data-number="{number}"]')).to_be_visible()
        expect(page.locator("#quiet summary").first).to_have_text(f"Show all phones ({left})")

    cards = page.locator("#phones .phone")
    expect(cards.first).to_have_attribute("data-number", PHONE)
    expect(cards).to_have_count(2)
    expect(page.locator("#quiet")).to_be_hidden()
    assert page.complaints == []


def test_behaviour_of_one_phone_and_of_all_is_chosen_on_the_page(exchange, page, provider, receiver):
    provider.send_sms(to=PHONE, body="hello", status_callback=f"{receiver.url}/s", attempt_id=uuid.uuid4())
    page.goto(f"{exchange.url}/?lang=en")
    card = page.locator(".phone")
    card.locator("summary", has_text="Behaviour: By hand").click()

    card.get_by_label("Behaviour").select_option(label="Busy")
    card.get_by_role("button", name="Set").click()
    expect(card.locator("summary", has_text="Behaviour: Busy")).to_be_visible()
    one = exchange.http.get("/control/behaviour").json()
    page.locator("summary", has_text="Behaviour of all phones: By hand").click()
    page.locator("#mode-all").select_option("voicemail")
    page.locator(".all").get_by_role("button", name="Set").click()
    expect(page.locator("summary", has_text="Behaviour of all phones: Voicemail")).to_be_visible()

    assert (one["mode"], one["numbers"]) == ("manual", {PHONE: "busy"})
    assert exchange.http.get("/control/behaviour").json()["mode"] == "voicemail"
    assert page.complaints == []


def test_lost_connection_is_said_and_a_new_run_of_the_exchange_is_joined(exchange, page):
    page.goto(f"{exchange.url}/?lang=en")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    port = exchange.url.rpartition(":")[2]
    exchange.kill()
    expect(page.get_by_text("Connection lost")).to_be_visible()

    with running_exchange("--port", port) as again:
        again.http.put("/control/phones", json=[{"number": PHONE, "person": "new run", "post": ""}])

        expect(page.get_by_text("new run")).to_be_attached(timeout=20_000)


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_page_fits_and_its_targets_are_large_enough(exchange, page, provider, receiver, *, width, language):
    long_link = "http://localhost:8000/r/" + "7KQ2M9XD4RTA" * 8
    provider.send_sms(to=PHONE, body=long_link, status_callback=f"{receiver.url}/s", attempt_id=uuid.uuid4())
    sid = ring(provider, receiver)
    exchange.when(sid, status="ringing")
    page.set_viewport_size({"width": width, "height": 800})

    page.goto(f"{exchange.url}/?lang={language}")

    page.locator(f'form[action$="{sid}/answer"]').wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(SMALLEST_TARGETS) == []
    buttons = page.locator("button:visible")
    assert min(button.bounding_box()["height"] for button in buttons.all()) >= 44
