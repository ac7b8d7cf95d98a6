"""The telephone provider of this deployment, from its settings."""

from __future__ import annotations

from domain.settings import Settings
from notifications.providers import Provider
from notifications.providers.twilio import TwilioProvider


def provider_of(settings: Settings) -> Provider:
    """Return Twilio, or what answers its API at `twilio_base_url`."""
    return TwilioProvider(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token,
        from_number=settings.twilio_from,
        base_url=settings.twilio_base_url,
        connect_seconds=settings.provider_connect_seconds,
        read_seconds=settings.provider_read_seconds,
    )
