"""Lists of messages and calls: Twilio's filters and paging.

A page token names the last record of the page before, so records that arrive between two pages shift nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from notifications.exchange.answers import ApiError, resource
from notifications.exchange.records import Call, Message

R = TypeVar("R", Message, Call)

PAGE_SIZE = 50
LARGEST_PAGE = 1000
PAGING = frozenset({"Page", "PageSize", "PageToken"})


def filtered(
    records: Sequence[R], query: Mapping[str, str], *, texts: Mapping[str, str], times: Mapping[str, str]
) -> list[R]:
    """Return the records that match the query.

    `texts` and `times` name the filters of the resource and the field each looks at. A time filter may end in
    `<` (at or before) or `>` (at or after) and holds a date (its whole UTC day) or an ISO 8601 time; a record
    without that time yet never matches.
    """
    tests: list[Callable[[R], bool]] = []
    for name, value in query.items():
        if not value or name in PAGING:
            continue
        if name in texts:
            tests.append(_text_test(texts[name], value))
        elif name.rstrip("<>") in times:
            tests.append(_time_test(times[name.rstrip("<>")], name[-1], value))
    return [record for record in records if all(test(record) for test in tests)]


def _text_test(attribute: str, value: str) -> Callable[[Message | Call], bool]:
    return lambda record: getattr(record, attribute) == value


def _time_test(attribute: str, relation: str, value: str) -> Callable[[Message | Call], bool]:
    first, last = _span(value)

    def test(record: Message | Call) -> bool:
        at = getattr(record, attribute)
        if at is None:
            return False
        at = at.replace(microsecond=0)
        return bool((relation == "<" or at >= first) and (relation == ">" or at <= last))

    return test


def _span(value: str) -> tuple[datetime, datetime]:
    """Return the first and last second that `value` names."""
    try:
        if "T" in value:
            at = datetime.fromisoformat(value)
            at = at.replace(tzinfo=at.tzinfo or UTC)
            return at, at
        first = datetime.combine(date.fromisoformat(value), time(), tzinfo=UTC)
    except ValueError as error:
        raise ApiError(status=400, code=20001, message=f"'{value}' is not a valid date") from error
    return first, first + timedelta(days=1, seconds=-1)


def page(records: Sequence[R], query: Mapping[str, str], *, key: str, path: str) -> dict[str, Any]:
    """Return one page of `records` (already filtered) under `key`, with the addresses of its neighbours."""
    size = _whole_number(query, "PageSize", PAGE_SIZE)
    if not 1 <= size <= LARGEST_PAGE:
        raise ApiError(status=400, code=20001, message=f"PageSize must be between 1 and {LARGEST_PAGE}")
    number = _whole_number(query, "Page", 0)
    first = _start(records, query.get("PageToken"), number * size)
    shown = records[first : first + size]
    filters = {name: value for name, value in query.items() if name not in PAGING}

    def address(**paging: str | int) -> str:
        return f"{path}?{urlencode({**filters, 'PageSize': size, **paging})}"

    more = first + size < len(records)
    before = records[first - size - 1].sid if first > size else None
    return {
        key: [resource(record) for record in shown],
        "end": first + len(shown) - 1 if shown else 0,
        "first_page_uri": address(Page=0),
        "next_page_uri": address(Page=number + 1, PageToken=f"PA{shown[-1].sid}") if more else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": _previous(address, number, before) if number else None,
        "start": first,
        "uri": address(Page=number),
    }


def _previous(address: Callable[..., str], number: int, before: str | None) -> str:
    return address(Page=number - 1, PageToken=f"PA{before}") if before else address(Page=0)


def _start(records: Sequence[R], token: str | None, otherwise: int) -> int:
    """Return the index after the record that the token names."""
    if token is None:
        return otherwise
    for index, record in enumerate(records):
        if record.sid == token.removeprefix("PA"):
            return index + 1
    raise ApiError(status=400, code=20001, message="Invalid PageToken")


def _whole_number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    raw = query.get(name) or str(otherwise)
    if not raw.isdecimal():
        raise ApiError(status=400, code=20001, message=f"{name} must be a whole number")
    return int(raw)
