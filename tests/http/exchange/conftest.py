"""One exchange for the tests of this folder, emptied before each."""

import pytest
from twilio.rest import Client

from notifications.providers.twilio import AddressedHttpClient
from tests.telephony import ACCOUNT_SID, AUTH_TOKEN, running_exchange, running_receiver


@pytest.fixture(scope="session")
def running():
    with running_exchange() as exchange:
        yield exchange


@pytest.fixture
def exchange(running):
    running.http.put("/control/phones", json=[]).raise_for_status()
    running.http.post("/control/reset").raise_for_status()
    return running


@pytest.fixture
def receiver():
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def client(exchange):
    http = AddressedHttpClient(base_url=exchange.url, connect_seconds=3, read_seconds=1)
    yield Client(ACCOUNT_SID, AUTH_TOKEN, http_client=http)
    http.session.close()
