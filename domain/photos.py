"""Takes a photo in: proves it is one, turns and shrinks it, drops its metadata, keeps it by its content.

What the camera wrote about place and time is handed back separately, for the caller to seal; no stored file
has it. Decoding takes a core for up to a second: async callers go through a thread.
"""

import contextlib
import hashlib
import io
import math
import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Literal

from PIL import ExifTags, Image

from domain.language import Sentence
from domain.settings import city_zone

LARGEST_BYTES = 20 * 1024 * 1024
LARGEST_PIXELS = 50_000_000
LONGEST_EDGE = 2_000
THUMBNAIL_EDGE = 320
QUALITY = 82
LONGEST_NAME = 60

Size = Literal["full", "thumbnail"]

_FORMATS = ("JPEG", "PNG", "WEBP")
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
_KEY = re.compile(r"[0-9a-f]{64}")
_SUFFIX: dict[Size, str] = {"full": ".jpg", "thumbnail": ".thumbnail.jpg"}
_CAMERA_TIME = "%Y:%m:%d %H:%M:%S"
_PADDING = "\0 "
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PhotoRefused(ValueError):
    """The file cannot be taken as a photo; `reason` names the file and says why."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


class NotAnImage(PhotoRefused):
    """Not a JPEG, PNG or WebP picture, whatever its name ends in; or a damaged one."""


class PhotoTooLarge(PhotoRefused):
    """More bytes or more pixels than we take."""


class PhotoMissing(LookupError):
    """No photo is stored under this key."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the camera was: degrees, WGS-84, north and east positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo without metadata, and beside it what its metadata said. Digests are in hex."""

    jpeg: bytes = field(repr=False)
    thumbnail: bytes = field(repr=False)
    width: int
    height: int
    sha256: str
    original_sha256: str
    position: Position | None
    taken_at: datetime | None

    @property
    def key(self) -> str:
        """Return the key under which it is stored."""
        return self.sha256


def take_photo(data: bytes, filename: str, *, timezone: tzinfo | None = None) -> Photo:
    """Return the photo in `data`, or raise NotAnImage or PhotoTooLarge naming `filename`.

    `timezone` is that of cameras which write no offset beside their time; None: the city's.
    """
    name = _shown(filename)
    if len(data) > LARGEST_BYTES:
        limit = LARGEST_BYTES // (1024 * 1024)
        raise PhotoTooLarge(Sentence("“%(name)s” is larger than %(limit)s MB.", name=name, limit=limit))
    _check_magic(data, name)
    image = _opened(data, name)
    position, taken_at = _origin(image, timezone or city_zone())
    upright = _upright(image)
    thumbnail = upright.copy()
    thumbnail.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE))
    jpeg = _encoded(upright)
    return Photo(
        jpeg=jpeg,
        thumbnail=_encoded(thumbnail),
        width=upright.width,
        height=upright.height,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        original_sha256=hashlib.sha256(data).hexdigest(),
        position=position,
        taken_at=taken_at,
    )


def store(photo: Photo, directory: Path) -> str:
    """Write the photo under its key and return the key. When this returns it survives a power cut.

    The same photo twice is stored once. A reader never sees half a file.
    """
    contents: dict[Size, bytes] = {"thumbnail": photo.thumbnail, "full": photo.jpeg}
    for size, content in contents.items():
        path = _path(photo.key, directory, size)
        if path.exists():
            path.touch()  # it is young again: `remove` spares it
        else:
            _write_whole(path, content)
    return photo.key


def remove(key: str, directory: Path, *, before: datetime) -> bool:
    """Delete a photo's files that nobody stored (again) since `before`; return whether they are gone."""
    paths = [_path(key, directory, size) for size in ("thumbnail", "full")]
    if any(path.exists() and path.stat().st_mtime >= before.timestamp() for path in paths):
        return False
    for path in paths:
        path.unlink(missing_ok=True)
    return True


def read(key: str, directory: Path, size: Size = "full") -> bytes:
    """Return the JPEG stored under `key`, or raise PhotoMissing; no key leads out of `directory`."""
    try:
        return _path(key, directory, size).read_bytes()
    except FileNotFoundError:
        raise PhotoMissing(key) from None


def _check_magic(data: bytes, name: str) -> None:
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        raise NotAnImage(Sentence("“%(name)s” is a HEIC picture, which we cannot read. Send it as JPEG.", name=name))
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    if not (data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or is_webp):
        raise NotAnImage(Sentence("“%(name)s” is not a photo. Send a JPEG, PNG or WebP picture.", name=name))


def _opened(data: bytes, name: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(name) from None
    except Exception:  # noqa: BLE001 - decoders fed hostile bytes raise anything from SyntaxError to struct.error
        raise _damaged(name) from None
    if image.width * image.height > LARGEST_PIXELS:
        raise _too_many_pixels(name)
    try:
        # JPEG can be decoded at half or a quarter of its size, many times faster.
        image.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))
        image.load()
    except Exception:  # noqa: BLE001 - as above
        raise _damaged(name) from None
    return image


def _damaged(name: str) -> NotAnImage:
    return NotAnImage(Sentence("“%(name)s” is damaged: the picture in it cannot be read.", name=name))


def _too_many_pixels(name: str) -> PhotoTooLarge:
    limit = LARGEST_PIXELS // 1_000_000
    return PhotoTooLarge(Sentence("“%(name)s” has more than %(limit)s million pixels.", name=name, limit=limit))


def _upright(image: Image.Image) -> Image.Image:
    """Return the picture turned as it was held, at most LONGEST_EDGE long, nothing but pixels."""
    orientation = None
    with contextlib.suppress(Exception):  # broken metadata is as good as none
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    if image.mode.startswith("I"):  # 16 bits a pixel; a plain conversion would cut, not scale
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    picture = image if image.mode == wanted else image.convert(wanted)
    picture.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
    # A new image, because `save` would copy comments that travel with the old one.
    bare = Image.new("RGB", picture.size, "white")
    bare.paste(picture, mask=picture if wanted == "RGBA" else None)
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return bare if turn is None else bare.transpose(turn)


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


def _origin(image: Image.Image, timezone: tzinfo) -> tuple[Position | None, datetime | None]:
    try:
        exif = image.getexif()
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        camera = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # noqa: BLE001 - broken metadata is as good as none
        return None, None
    return _position(gps), _capture_time(camera, timezone)


def _position(gps: dict[int, object]) -> Position | None:
    latitude = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S")
    longitude = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004
        return None
    if latitude == longitude == 0:  # cameras without a fix write zeros
        return None
    return Position(latitude, longitude)


def _degrees(parts: object, reference: object, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        return None
    return -value if reference == negative else value


def _capture_time(camera: dict[int, object], timezone: tzinfo) -> datetime | None:
    written = camera.get(ExifTags.Base.DateTimeOriginal)
    offset = camera.get(ExifTags.Base.OffsetTimeOriginal)
    if not isinstance(written, str):
        return None
    written = written.strip(_PADDING)
    if isinstance(offset, str):
        with contextlib.suppress(ValueError, OverflowError):
            zoned = datetime.strptime(f"{written} {offset.strip(_PADDING)}", f"{_CAMERA_TIME} %z")
            return zoned.astimezone(UTC)
    with contextlib.suppress(ValueError, OverflowError):
        return datetime.strptime(written, _CAMERA_TIME).replace(tzinfo=timezone).astimezone(UTC)
    return None


def _shown(filename: str) -> str:
    # Browsers of old sent whole paths; controls and bidi marks would let a name pretend to be another.
    last = filename.replace("\\", "/").rpartition("/")[2]
    plain = "".join(character for character in last if unicodedata.category(character)[0] != "C").strip()
    if len(plain) > LONGEST_NAME:
        half = LONGEST_NAME // 2
        plain = f"{plain[:half]}…{plain[1 - half :]}"
    return plain or "?"


def _path(key: str, directory: Path, size: Size) -> Path:
    if not _KEY.fullmatch(key):
        raise PhotoMissing(key)
    return directory / key[:2] / key[2:4] / f"{key}{_SUFFIX[size]}"


def _write_whole(path: Path, content: bytes) -> None:
    for parent in (path.parent.parent, path.parent):
        parent.mkdir(parents=True, exist_ok=True)
        _sync_directory(parent.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
