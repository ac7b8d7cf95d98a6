"""Turns templates into pages: one Jinja2 environment per language, compiled once, strict about every name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.deps import masked, preferences
from api.folding import FoldedWords, folds_into
from api.readable import readable
from api.static_files import StaticFiles
from domain.clocks import day_due, due_in_digits
from domain.identifiers import mask_name, mask_phone, show_phone
from domain.identifiers import show_receipt as grouped_receipt
from domain.language import CHINESE, LOCALES, N_, gettext_for, translate
from domain.settings import city_zone

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

STATIC = StaticFiles()


def render(
    request: Request,
    template: str,
    /,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,  # noqa: ANN401 - what the template names
) -> HTMLResponse:
    """Return the page made of `templates/{template}` in the reader's language.

    Besides `context` a template knows `locale`, `large`, `staff` (None when nobody is signed in), `csrf`, `path`,
    `url_with(**changes)`, `static_url(name)`, `_` and the filters of this file.
    """
    reader = preferences(request)
    staff = request.scope["state"].get("staff")
    page = environment(reader.locale).get_template(template)
    html = page.render(
        {
            "large": reader.large,
            "staff": staff,
            "csrf": masked(staff.csrf) if staff is not None else "",
            "path": request.scope["path"],
            "url_with": _addresses(request),
            **context,
        }
    )
    return HTMLResponse(html, status_code=status, headers=dict(headers) if headers else None)


def _addresses(request: Request) -> Any:  # noqa: ANN401 - a function of keywords
    def url_with(**changes: object) -> str:
        """Return this page's address with some of its query changed; None takes a value away."""
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        if request.method not in ("GET", "HEAD"):  # an address a form was posted to may not be one to open
            path, query = readable(request.app, path), ""
        values = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in changes]
        values += [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"{path}?{urlencode(values)}" if values else path

    return url_with


@cache
def environment(locale: str) -> Environment:
    """Return the environment of one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.i18n", FoldedWords],
    )
    folds_into(made, locale)
    words = gettext_for(locale)
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext, npgettext=words.npgettext
    )
    made.globals.update(
        locale=locale,
        locales=LOCALES,
        static_url=STATIC.url,
        html_lang="zh-CN" if locale == CHINESE else "en",
    )
    made.filters.update(
        local_time=local_time,
        local_due=local_due,
        local_day=local_day,
        moment=lambda moment: moment_in_words(moment, locale),
        due=lambda due_at: due_in_words(due_at, locale),
        day=lambda day: day_in_words(day, locale),
        label=lambda thing: in_words(thing, locale),
        phone=lambda text: show_phone(text) if text else "",
        masked_phone=lambda text: mask_phone(text) if text else "",
        masked_name=lambda text: mask_name(text) if text else "",
        receipt=grouped_receipt,
        since=lambda moment, at: length_in_words(at - moment, locale),
        until=lambda moment, at: length_in_words(moment - at, locale),
    )
    return made


def in_words(thing: Any, locale: str) -> str:  # noqa: ANN401 - whatever has words
    """Return a Label, State, Transition, Sentence or enum member in `locale`; text as it is; "" for None."""
    if thing is None:
        return ""
    if hasattr(thing, "in_language"):
        return thing.in_language(locale)
    if hasattr(thing, "zh"):  # `isinstance(thing, Labelled)` looks at a protocol's members anew each time
        return thing.zh if locale == CHINESE else thing.en
    return translate(str(thing), locale)


def local_time(moment: datetime | None) -> str:
    """Return `YYYY-MM-DD HH:mm` on the city's clock; "" for None."""
    return moment.astimezone(city_zone()).strftime("%Y-%m-%d %H:%M") if moment else ""


def local_due(due_at: datetime) -> str:
    """Return a deadline as `YYYY-MM-DD HH:mm` on the city's clock; at midnight `24:00` of the day that ends."""
    return f"{day_due(due_at, city_zone()).isoformat()} {due_in_digits(due_at, city_zone())}"


def local_day(moment: datetime | None) -> str:
    """Return `YYYY-MM-DD` on the city's calendar; "" for None."""
    return moment.astimezone(city_zone()).strftime("%Y-%m-%d") if moment else ""


def moment_in_words(moment: datetime, locale: str) -> str:
    """Return a moment on the city's clock as the public reads it: `2026年11月20日 15:06`, `2026-11-20 15:06`."""
    here = moment.astimezone(city_zone())
    return f"{day_in_words(here.date(), locale)} {here:%H:%M}"


def due_in_words(due_at: datetime, locale: str) -> str:
    """Return a deadline as the public reads it: `2026年11月20日 24:00` for the midnight that ends that day."""
    return f"{day_in_words(day_due(due_at, city_zone()), locale)} {due_in_digits(due_at, city_zone())}"


def day_in_words(day: date, locale: str) -> str:
    """Return a calendar day as the public reads it: `2026年11月20日`, `2026-11-20`."""
    return f"{day.year}年{day.month}月{day.day}日" if locale == CHINESE else day.isoformat()


UNITS = (
    (N_("%(count)s day"), N_("%(count)s days")),
    (N_("%(count)s hour"), N_("%(count)s hours")),
    (N_("%(count)s minute"), N_("%(count)s minutes")),
)


def length_in_words(length: timedelta, locale: str) -> str:
    """Return a length of time in its one or two largest units, without a sign: "2 days 3 hours"."""
    minutes = int(abs(length.total_seconds())) // 60
    days, rest = divmod(minutes, 24 * 60)
    counts = (days, rest // 60, 0 if days else rest % 60)
    said = [
        translate(one if count == 1 else many, locale, count=count)
        for count, (one, many) in zip(counts, UNITS, strict=True)
        if count
    ]
    return " ".join(said) or translate(N_("less than a minute"), locale)
