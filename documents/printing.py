"""HTML to PDF by WeasyPrint, which is loaded at the first page printed and fetches nothing from anywhere."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import ImageFile

from domain.language import CHINESE, ENGLISH, Sentence

if TYPE_CHECKING:
    from weasyprint import Document

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "documents"
LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
"""What WeasyPrint opens, with the Debian package that brings it."""


class CannotPrint(Exception):
    """This machine cannot make PDFs; `reason` says what to install."""

    def __init__(self, packages: Iterable[str]) -> None:
        self.reason = Sentence(
            "PDFs cannot be made on this machine. The administrator has to install: %(packages)s",
            packages=" ".join(packages),
        )
        super().__init__(str(self.reason))


def missing_packages() -> list[str]:
    """Return the Debian packages whose libraries cannot be opened here."""
    return [package for library, package in LIBRARIES.items() if not _opens(library)]


def pdf(template: str, parts: Iterable[dict[str, Any]], *, progress: Callable[[int], None] | None = None) -> bytes:
    """Return one PDF with the pages of `templates/documents/{template}`, rendered once for each of `parts`.

    Parts keep the memory of long files in bounds and let `progress` be told how many are laid out. CannotPrint when
    the machine lacks a library.
    """
    if packages := missing_packages():
        raise CannotPrint(packages)
    from weasyprint import HTML  # noqa: PLC0415 - half a second that no page should wait for
    from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    # WeasyPrint has Pillow take half a picture for a whole one, in all of this process: photos would pass damaged.
    ImageFile.LOAD_TRUNCATED_IMAGES = False

    page, fonts = environment().get_template(template), FontConfiguration()
    # Documents carry what people typed: nothing in them may make this machine open an address or a file.
    nothing = URLFetcher(allowed_protocols=())
    laid_out: list[Document] = []
    for context in parts:
        html = HTML(string=page.render(context), url_fetcher=nothing)
        laid_out.append(html.render(font_config=fonts))
        if progress is not None:
            progress(len(laid_out))
    if not laid_out:
        raise ValueError("a PDF without pages was asked for")
    pages = [page for document in laid_out for page in document.pages]
    written: bytes = laid_out[0].copy(pages).write_pdf()
    return written


@cache
def environment() -> Environment:
    """Return the templates of documents."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # A sheet on a wall is read in both languages, so it asks for each by name.
    made.filters.update(
        zh=lambda words: words.in_language(CHINESE),
        en=lambda words: words.in_language(ENGLISH),
        zh_day=lambda day: f"{day.year}年{day.month}月{day.day}日",
    )
    return made


@cache
def _opens(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
