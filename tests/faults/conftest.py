"""What the fault tests share with those of the flows."""

from tests.flows.conftest import desk, exchange, no_quiet_hours, one_exchange, receiver, telephony

__all__ = ["desk", "exchange", "no_quiet_hours", "one_exchange", "receiver", "telephony"]
