"""Looks for words that must stand nowhere: in any file, dump, page or archive, however they are encoded."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, quote_plus

ALIGNMENTS = 3
"""Base64 of a text reads in three ways, by where in its surroundings it begins."""
LEAST_BASE64 = 8
LARGEST_MEMBER = 200 * 1024 * 1024


@dataclass(frozen=True)
class Leak:
    """Where which canary was found, and in what form."""

    where: str
    canary: str
    form: str


def forms(word: str) -> dict[str, bytes]:
    """Return name of the encoding → the bytes by which `word` would be found in it."""
    escaped = json.dumps(word)[1:-1]
    found = {
        "utf-8": word.encode(),
        "utf-16-le": word.encode("utf-16-le"),
        "utf-16-be": word.encode("utf-16-be"),
        "gb18030": word.encode("gb18030"),
        "json": escaped.encode(),
        "json in json": json.dumps(escaped)[1:-1].encode(),
        "json, capitals": escaped.replace("\\u", "\\U").upper().replace("\\U", "\\u").encode(),
        "url": quote(word).encode(),
        "url, small": quote(word).lower().encode(),
        "form": quote_plus(word).encode(),
        "hex": word.encode().hex().encode(),
        "hex, capitals": word.encode().hex().upper().encode(),
        "html": "".join(f"&#{ord(c)};" if ord(c) > 127 else c for c in word).encode(),
    }
    for shift in range(ALIGNMENTS):
        # The characters at both ends depend on what stands around them.
        whole = base64.b64encode(b"\0" * shift + word.encode()).decode().rstrip("=")
        inner = whole[(0, 2, 3)[shift] : -1 if len(word.encode()) + shift % 3 else None]
        if len(inner) >= LEAST_BASE64:
            found[f"base64+{shift}"] = inner.encode()
            found[f"base64url+{shift}"] = inner.replace("+", "-").replace("/", "_").encode()
    return found


def ways_to_write(phone: str) -> tuple[str, ...]:
    """Return a mobile number as people and programs write it: with and without +86, blanks, hyphens."""
    parts = phone[:3], phone[3:7], phone[7:]
    return (phone, f"+86{phone}", " ".join(parts), "-".join(parts), f"+86 {' '.join(parts)}")


@dataclass(frozen=True)
class Hunt:
    """What is looked for: name of the canary → every way it may be written."""

    canaries: Mapping[str, tuple[str, ...]]

    def only(self, *names: str) -> Hunt:
        """Return the hunt for these canaries alone."""
        return Hunt({name: self.canaries[name] for name in names})

    def besides(self, *names: str) -> Hunt:
        """Return the hunt for all but these."""
        return Hunt({name: words for name, words in self.canaries.items() if name not in names})

    @cached_property
    def _wanted(self) -> tuple[tuple[str, str, bytes], ...]:
        return tuple(
            (name, form, pattern)
            for name, words in self.canaries.items()
            for word in words
            for form, pattern in forms(word).items()
        )

    def in_bytes(self, data: bytes, where: str) -> list[Leak]:
        """Return what stands in `data`, and in what is packed in it."""
        found = [Leak(where, name, form) for name, form, pattern in self._wanted if pattern in data]
        if data.startswith(b"PK\x03\x04"):
            found += self._in_archive(data, where)
        return found

    def _in_archive(self, data: bytes, where: str) -> list[Leak]:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [info for info in archive.infolist() if info.file_size <= LARGEST_MEMBER]
            return [leak for info in members for leak in self.in_bytes(archive.read(info), f"{where}!{info.filename}")]

    def in_files(self, folder: Path, *, besides: Iterable[Path] = ()) -> list[Leak]:
        """Return what stands in any file below `folder`, its name included."""
        left_out = set(besides)
        found = []
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path not in left_out:
                found += self.in_bytes(path.name.encode(), f"name of {path}")
                found += self.in_bytes(path.read_bytes(), str(path))
        return found
