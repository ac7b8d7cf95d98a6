"""Keeps the Chinese catalogue in step with the source: `python -m api.translations [--check | --prune]`.

It reads the strings out of the Python packages and the templates; it translates nothing. How to add a string
stands at the top of `domain/language.py`.
"""

import argparse
import ast
import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from domain import language

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("domain", "flows", "api", "notifications", "documents", "gateways")
TEMPLATES = "templates"

# Calls whose first argument is a source string. Contexts and plurals are used in templates only.
MARKS = {"Sentence", "N_", "_", "gettext", "translate"}
TEMPLATE_MARKS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACE = re.compile(r"%\((\w+)\)")
NEVER_WRAP = 0
CHANGEABLE_HEADERS = re.compile(
    rb'^"(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team|Report-Msgid-Bugs-To):.*\n',
    re.MULTILINE,
)

Key = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A source string, the file it is in, and its plural and context if it has them."""

    text: str
    file: str
    plural: str | None = None
    context: str | None = None

    @property
    def key(self) -> Key:
        """Return what tells it from other strings in the catalogue."""
        return self.context, self.text


def python_strings(source: str, *, file: str) -> Iterator[Found]:
    """Yield every literal handed first to one of the marks, nested calls included."""
    for node in ast.walk(ast.parse(source, filename=file)):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        first = node.args[0]
        if called in MARKS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield Found(first.value, file)


def template_strings(source: bytes, *, file: str) -> Iterator[Found]:
    """Yield every string that jinja2's i18n extension would look up in the template."""
    # Trimmed as the application's environment trims (policy ext.i18n.trimmed), or the look-up at run time
    # would miss `{% trans %}` blocks.
    options = {"trimmed": "true", "silent": "false", "newstyle_gettext": "true"}
    found = extract("jinja2", io.BytesIO(source), keywords=TEMPLATE_MARKS, options=options)
    for _line, message, _comments, context in found:
        singular, plural = message if isinstance(message, tuple) else (message, None)
        yield Found(singular, file, plural, context)


def source_strings(root: Path = ROOT) -> Iterator[Found]:
    """Yield the source strings of all packages and templates under `root`."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            yield from python_strings(path.read_text("utf-8"), file=path.relative_to(root).as_posix())
    for path in sorted((root / TEMPLATES).rglob("*")):
        if path.is_file():
            yield from template_strings(path.read_bytes(), file=path.relative_to(root).as_posix())


def merged(catalogue: Catalog, found: list[Found]) -> Catalog:
    """Return a catalogue of the strings found, with the Chinese that `catalogue` has for them.

    Strings no longer in the source are kept as obsolete, and come back with their Chinese when the source has
    them again: another branch may still use them.
    """
    known = {_key(message): message for message in [*catalogue.obsolete.values(), *_messages(catalogue)]}
    result = Catalog(
        locale=language.CHINESE,
        project="Fireline",
        version="1",
        fuzzy=False,
        header_comment="# Chinese of Fireline's messages.",
    )
    for string in found:
        old = known.get(string.key)
        chinese = language.first_form(old.string) if old else ""
        identity = (string.text, string.plural) if string.plural else string.text
        forms = (chinese,) if string.plural else chinese
        result.add(identity, forms, locations=[(string.file, 0)], context=string.context)
    wanted = {string.key for string in found}
    for key, message in known.items():
        if key not in wanted and language.first_form(message.string):
            result.obsolete[key[1]] = message
    return result


def faults(catalogue: Catalog, found: list[Found]) -> list[str]:
    """Return a line for each string that is untranslated, obsolete, or has other places in Chinese."""
    lines = []
    known = {_key(message): message for message in _messages(catalogue)}
    for string in {string.key: string for string in found}.values():
        message = known.pop(string.key, None)
        chinese = language.first_form(message.string) if message else ""
        if not chinese:
            lines.append(f"untranslated: {string.text!r} ({string.file})")
        elif set(PLACE.findall(chinese)) - set(PLACE.findall(string.text + (string.plural or ""))):
            lines.append(f"unknown place in the Chinese: {string.text!r}")
        elif string.plural is None and set(PLACE.findall(string.text)) - set(PLACE.findall(chinese)):
            lines.append(f"place lost in the Chinese: {string.text!r}")
    lines += [f"obsolete: {text!r}" for _context, text in known]
    lines += [f"obsolete: {language.first_form(message.id)!r}" for message in catalogue.obsolete.values()]
    return lines


def as_po(catalogue: Catalog) -> bytes:
    """Return the catalogue as a .po file: sorted, without line numbers or dates, so that edits seldom clash."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, sort_output=True, include_lineno=False, width=NEVER_WRAP)
    return CHANGEABLE_HEADERS.sub(b"", buffer.getvalue())


def main(arguments: list[str] | None = None) -> int:
    """Update the catalogue, or with `--check` say what is wrong with it and return 1."""
    parser = argparse.ArgumentParser(prog="python -m api.translations", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, list what is wrong")
    parser.add_argument("--prune", action="store_true", help="forget obsolete strings")
    chosen = parser.parse_args(arguments)
    catalogue, found = language.read_catalogue(), list(source_strings())
    if not chosen.check:
        catalogue = merged(catalogue, found)
        if chosen.prune:
            catalogue.obsolete.clear()
        fresh = language.CATALOGUE_FILE.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(as_po(catalogue))
        fresh.replace(language.CATALOGUE_FILE)
    lines = faults(catalogue, found)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if chosen.check and lines else 0


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _key(message: Message) -> Key:
    return message.context, language.first_form(message.id)


if __name__ == "__main__":
    sys.exit(main())
