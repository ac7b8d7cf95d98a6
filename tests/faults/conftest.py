"""What the fault tests share with those of the flows."""

from tests.flows.conftest import desk, exchange, one_exchange, receiver, telephony

__all__ = ["desk", "exchange", "one_exchange", "receiver", "telephony"]
