"""What the API says: resources, pages and errors in the JSON shapes of Twilio's API 2010-04-01.

Sources: https://www.twilio.com/docs/messaging/api/message-resource, …/voice/api/call-resource,
…/usage/twilios-response, …/api/errors.
"""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from notifications.exchange.records import Call, Message

VERSION = "2010-04-01"

ERROR_MESSAGES = {
    30003: "Unreachable destination handset",
    30008: "Unknown error",
}
GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
"""Characters of GSM 03.38; a message with any other goes out as UCS-2 in shorter segments."""


class TwilioJSON(JSONResponse):
    """JSON as Twilio sends it: characters as they are, not escaped."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - starlette's signature
        """Return the body."""
        return json.dumps(content, ensure_ascii=False).encode()


class ApiError(Exception):
    """A request the API refuses, with Twilio's own code and HTTP status."""

    def __init__(self, *, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> Response:
        """Return Twilio's error body."""
        body = {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if self.status == 401 else None  # noqa: PLR2004
        return TwilioJSON(body, status_code=self.status, headers=headers)


def not_found(path: str) -> ApiError:
    """Return the error for a resource that is not there."""
    return ApiError(status=404, code=20404, message=f"The requested resource {path} was not found")


def resource(record: Message | Call) -> dict[str, Any]:
    """Return the record as Twilio's Message or Call resource."""
    return _message(record) if isinstance(record, Message) else _call(record)


def _message(message: Message) -> dict[str, Any]:
    uri = f"/{VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"
    return {
        "account_sid": message.account_sid,
        "api_version": VERSION,
        "body": message.body,
        "date_created": _date(message.created_at),
        "date_sent": _date(message.sent_at),
        "date_updated": _date(message.updated_at),
        "direction": "outbound-api",
        "error_code": message.error_code,
        "error_message": ERROR_MESSAGES.get(message.error_code or 0),
        "from": message.from_,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(segments(message.body)),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "tags": None,
        "to": message.to,
        "uri": f"{uri}.json",
    }


def _call(call: Call) -> dict[str, Any]:
    uri = f"/{VERSION}/Accounts/{call.account_sid}/Calls/{call.sid}"
    return {
        "account_sid": call.account_sid,
        "annotation": None,
        "answered_by": call.answered_by,
        "api_version": VERSION,
        "caller_name": None,
        "date_created": _date(call.created_at),
        "date_updated": _date(call.updated_at),
        "direction": "outbound-api",
        "duration": str(call.duration_seconds) if call.ended else None,
        "end_time": _date(call.ended_at),
        "forwarded_from": None,
        "from": call.from_,
        "from_formatted": call.from_,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": _date(call.started_at),
        "status": call.status,
        "subresource_uris": {"events": f"{uri}/Events.json"},
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }


def segments(body: str) -> int:
    """Return how many SMS the body needs: 160 (153 when split) GSM or 70 (67) UCS-2 characters each."""
    if set(body) <= GSM_7:
        length, single, split = len(body) + sum(body.count(c) for c in "^{}\\[~]|€"), 160, 153
    else:
        length, single, split = len(body.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= single else -(-length // split)


def _date(at: datetime | None) -> str | None:
    """Return RFC 2822 with second precision in UTC, the form the official client parses."""
    return format_datetime(at) if at else None
