"""Whether a webhook really came from the provider: its signature, checked by the official validator."""

from __future__ import annotations

from collections.abc import Mapping

from twilio.request_validator import RequestValidator

HEADER = "X-Twilio-Signature"


def is_genuine(*, auth_token: str, url: str, parameters: Mapping[str, str], signature: str | None) -> bool:
    """Return whether the holder of `auth_token` signed this request.

    `url` is the address the provider was given, with its query: behind a proxy build it from
    `FIRELINE_PUBLIC_URL`, not from what the proxy asked for. `parameters` are the form fields of a POST (a
    multi-dictionary with `getlist` is understood), empty for GET.
    """
    if not signature or not auth_token:
        return False
    return bool(RequestValidator(auth_token).validate(url, parameters, signature))
