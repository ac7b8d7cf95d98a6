"""Our style sheets, scripts and pictures: read once, addressed by their content, compressed beforehand."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"
HASH_LENGTH = 10
COMPRESSIBLE = (".css", ".js", ".mjs", ".svg", ".json", ".webmanifest", ".txt", ".map")
KINDS = {".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".webmanifest": "application/manifest+json",
         ".woff2": "font/woff2"}  # fmt: skip


class NoSuchFile(LookupError):
    """A template names a static file there is none of."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is sent."""

    plain: bytes
    zipped: bytes | None
    digest: str
    kind: str


class StaticFiles:
    """Serves `/static/{hash}/{name}`; with the right hash it may be kept for ever, else it is asked for anew.

    The hash stands in the path before the name, so that scripts import each other by relative names.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {path.relative_to(folder).as_posix(): _read(path) for path in folder.rglob("*") if path.is_file()}

    def url(self, name: str) -> str:
        """Return the address of a file; raises `NoSuchFile`, so that a wrong name fails in the tests."""
        try:
            return f"/static/{self._files[name].digest}/{name}"
        except KeyError:
            raise NoSuchFile(name) from None

    def names(self, folder: str) -> tuple[str, ...]:
        """Return the names of the files below a folder (`patrol/`), in order."""
        return tuple(sorted(name for name in self._files if name.startswith(folder)))

    def plain(self, name: str) -> bytes:
        """Return a file's bytes; raises `NoSuchFile`."""
        try:
            return self._files[name].plain
        except KeyError:
            raise NoSuchFile(name) from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a file."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return Response(status_code=405)
        digest, _, name = scope["path"].removeprefix("/static/").partition("/")
        file = self._files.get(name)
        if file is None:  # without the hash, for what has to keep one address
            name = f"{digest}/{name}" if name else digest
            file, digest = self._files.get(name), ""
        if file is None:
            return Response("Not found", status_code=404, media_type="text/plain")
        headers = {
            "content-type": file.kind,
            "cache-control": FOREVER if digest == file.digest else ASK_FIRST,
            "etag": f'"{file.digest}"',
        }
        if file.zipped is not None:
            headers["vary"] = "Accept-Encoding"
        request_headers = dict(scope["headers"])
        if request_headers.get(b"if-none-match", b"").decode("latin-1") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        if file.zipped is not None and b"gzip" in request_headers.get(b"accept-encoding", b""):
            return Response(file.zipped, headers={**headers, "content-encoding": "gzip"})
        return Response(file.plain, headers=headers)


def _read(path: Path) -> StaticFile:
    plain = path.read_bytes()
    kind = KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    zipped = gzip.compress(plain, compresslevel=9, mtime=0) if path.suffix in COMPRESSIBLE else None
    return StaticFile(plain, zipped, hashlib.sha256(plain).hexdigest()[:HASH_LENGTH], kind)
