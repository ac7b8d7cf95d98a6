"""A photo comes out upright, small and bare; what is no photo is refused by name."""

import hashlib
import io
import os
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from domain import photos
from domain.photos import NotAnImage, PhotoMissing, PhotoRefused, PhotoTooLarge, Position

# Pillow warns of broken metadata and goes on; only the tests turn warnings into errors.
as_in_production = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

RED, GREEN, WHITE = (200, 30, 30), (30, 160, 30), (255, 255, 255)


def picture(width: int = 80, height: int = 40) -> Image.Image:
    """Return a picture whose left half is red and right half green."""
    image = Image.new("RGB", (width, height), GREEN)
    image.paste(RED, (0, 0, width // 2, height))
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def camera_exif(*, orientation: int = 1, offset: str | None = None) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Camera of Li Ming"
    camera = exif.get_ifd(ExifTags.IFD.Exif)
    camera[ExifTags.Base.DateTimeOriginal] = "2026:08:23 13:58:07"
    if offset:
        camera[ExifTags.Base.OffsetTimeOriginal] = offset
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (24.0, 40.0, 30.0)
    gps[ExifTags.GPS.GPSLongitudeRef] = "E"
    gps[ExifTags.GPS.GPSLongitude] = (102.0, 54.0, 36.0)
    return exif


def reopened(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


def segments(jpeg: bytes) -> list[int]:
    """Return the markers of a JPEG file up to its pixels."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        found.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found


def close_to(pixel: tuple[int, ...], wanted: tuple[int, int, int]) -> bool:
    return all(abs(have - want) < 40 for have, want in zip(pixel, wanted, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "MPO"])
def test_jpeg_png_and_webp_become_a_jpeg_and_a_thumbnail(kind: str) -> None:
    data = encoded(picture(800, 400), kind)

    photo = photos.take_photo(data, f"a.{kind}")

    assert reopened(photo.jpeg).format == reopened(photo.thumbnail).format == "JPEG"
    assert (photo.width, photo.height) == reopened(photo.jpeg).size == (800, 400)
    assert reopened(photo.thumbnail).size == (320, 160)
    assert photo.original_sha256 == hashlib.sha256(data).hexdigest()
    assert photo.sha256 == photo.key == hashlib.sha256(photo.jpeg).hexdigest()


def test_large_photo_is_shrunk_to_2000_pixels_and_small_one_is_not_enlarged() -> None:
    large = photos.take_photo(encoded(picture(3000, 4000)), "large.jpg")
    small = photos.take_photo(encoded(picture(64, 32)), "small.jpg")

    assert (large.width, large.height) == (1500, 2000)
    assert (small.width, small.height) == reopened(small.thumbnail).size == (64, 32)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_is_turned_as_it_was_held(orientation: int) -> None:
    # Where EXIF says the stored left edge was: 1,4 left · 2,3 right · 5,6 top · 7,8 bottom.
    photo = photos.take_photo(encoded(picture(), exif=camera_exif(orientation=orientation)), "a.jpg")

    upright = reopened(photo.jpeg)
    left, top = upright.getpixel((2, upright.height // 2)), upright.getpixel((upright.width // 2, 2))
    right, bottom = (
        upright.getpixel((upright.width - 3, upright.height // 2)),
        upright.getpixel((upright.width // 2, upright.height - 3)),
    )
    red = {1: left, 2: right, 3: right, 4: left, 5: top, 6: top, 7: bottom, 8: bottom}[orientation]
    green = {1: right, 2: left, 3: left, 4: right, 5: bottom, 6: bottom, 7: top, 8: top}[orientation]
    assert close_to(red, RED)
    assert close_to(green, GREEN)
    assert upright.size == ((80, 40) if orientation < 5 else (40, 80))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_place_and_time_are_handed_back_and_in_neither_file(kind: str) -> None:
    options = {"comment": b"by Li Ming"} if kind == "JPEG" else {}
    data = encoded(picture(), kind, exif=camera_exif(), icc_profile=b"profile", **options)

    photo = photos.take_photo(data, "a")

    assert photo.position == Position(pytest.approx(24.675), pytest.approx(102.91))
    assert photo.taken_at == datetime(2026, 8, 23, 5, 58, 7, tzinfo=UTC)
    for stored in (photo.jpeg, photo.thumbnail):
        assert not {marker for marker in segments(stored) if 0xE1 <= marker <= 0xEF or marker == 0xFE}
        assert b"Li Ming" not in stored
        assert not reopened(stored).getexif()


def test_offset_of_the_camera_goes_before_the_assumed_time_zone() -> None:
    with_offset = photos.take_photo(encoded(picture(), exif=camera_exif(offset="+09:00")), "a.jpg")
    abroad = photos.take_photo(encoded(picture(), exif=camera_exif()), "a.jpg", timezone=ZoneInfo("Asia/Tokyo"))
    broken = photos.take_photo(encoded(picture(), exif=camera_exif(offset="soon")), "a.jpg")

    assert with_offset.taken_at == abroad.taken_at == datetime(2026, 8, 23, 4, 58, 7, tzinfo=UTC)
    assert broken.taken_at == datetime(2026, 8, 23, 5, 58, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("latitude", "reference", "position"),
    [
        ((24.0, 30.0, 0.0), "S", Position(-24.5, pytest.approx(102.91))),
        ((91.0, 0.0, 0.0), "N", None),
        ((24.0, 30.0), "N", None),
        ((float("nan"), 0.0, 0.0), "N", None),
    ],
)
def test_position_is_signed_and_nonsense_is_no_position(latitude, reference, position) -> None:
    exif = camera_exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef] = latitude, reference

    assert photos._position(gps) == position


def test_zeros_of_a_camera_without_a_fix_are_no_position() -> None:
    exif = camera_exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitude] = gps[ExifTags.GPS.GPSLongitude] = (0.0, 0.0, 0.0)

    assert photos.take_photo(encoded(picture(), exif=exif), "a.jpg").position is None


@as_in_production
@pytest.mark.parametrize("broken", [b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff\x12\x01\x03\0", b"nonsense"])
def test_photo_with_broken_metadata_is_taken_without_it(broken: bytes) -> None:
    data = encoded(picture(), exif=b"Exif\0\0" + broken + bytes(range(64)))

    photo = photos.take_photo(data, "a.jpg")

    assert (photo.position, photo.taken_at) == (None, None)


def test_transparency_becomes_white() -> None:
    layer = picture().convert("RGBA")
    layer.paste((0, 0, 0, 0), (40, 0, 80, 40))
    for image in (layer, layer.quantize(16)):
        upright = reopened(photos.take_photo(encoded(image, "PNG"), "a.png").jpeg)

        assert close_to(upright.getpixel((5, 20)), RED)
        assert close_to(upright.getpixel((75, 20)), WHITE)


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "PNG"), ("1", "PNG"), ("I;16", "PNG"), ("CMYK", "JPEG"), ("LA", "PNG")]
)
def test_every_kind_of_pixel_is_read(mode: str, kind: str) -> None:
    image = Image.new(
        mode, (60, 30), {"I;16": 40_000, "1": 1, "LA": (156, 255), "CMYK": (99, 99, 99, 0)}.get(mode, 156)
    )

    upright = reopened(photos.take_photo(encoded(image, kind), "a").jpeg)

    wanted = (255, 255, 255) if mode == "1" else (156, 156, 156)
    assert close_to(upright.getpixel((30, 15)), wanted)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7 not a photo",
        b"GIF89a" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"MZ" * 50,
    ],
)
def test_file_that_is_no_photo_is_refused_by_name_in_both_languages(data: bytes) -> None:
    with pytest.raises(NotAnImage) as refused:
        photos.take_photo(data, "C:\\隐患\\出口.jpg")

    assert "“出口.jpg” is not a photo" in str(refused.value)
    assert "出口.jpg”不是照片" in refused.value.reason.in_language("zh_CN")


def test_heic_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(NotAnImage, match=r"HEIC.*Send it as JPEG"):
        photos.take_photo(b"\0\0\0\x18ftypheic" + bytes(64), "IMG_0001.HEIC")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_picture_is_refused_by_name(kind: str) -> None:
    data = encoded(Image.effect_noise((200, 200), 80), kind)

    with pytest.raises(NotAnImage, match=r"“half.jpg” is damaged"):
        photos.take_photo(data[: len(data) // 2], "half.jpg")


def test_21_megabytes_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(PhotoTooLarge, match=r"“big.jpg” is larger than 20 MB"):
        photos.take_photo(bytes(21 * 1024 * 1024), "big.jpg")


@pytest.mark.parametrize(("width", "height"), [(10_000, 5_001), (12_000, 12_000), (60_000, 60_000)])
def test_decompression_bomb_is_refused_without_decoding_it(width: int, height: int) -> None:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )

    with pytest.raises(PhotoTooLarge, match="50 million pixels"):
        photos.take_photo(bomb, "bomb.png")


@as_in_production
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_changed_bytes_are_taken_or_refused_but_never_break(kind: str, data) -> None:
    changed = bytearray(encoded(picture(), kind, exif=camera_exif(orientation=6)))
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(12, len(changed) - 1))] = data.draw(st.integers(0, 255))

    try:
        photo = photos.take_photo(bytes(changed), "a.jpg")
    except PhotoRefused:
        return
    assert reopened(photo.jpeg).size == (photo.width, photo.height)


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("a.jpg", "a.jpg"),
        ("../../etc/passwd", "passwd"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("line\nbreak.png", "linebreak.png"),
        ("", "?"),
        ("x" * 100 + ".jpg", "x" * 30 + "…" + "x" * 25 + ".jpg"),
    ],
)
def test_file_is_named_without_its_path_or_tricks(filename: str, shown: str) -> None:
    with pytest.raises(NotAnImage) as refused:
        photos.take_photo(b"no", filename)

    assert refused.value.reason.params == {"name": shown}


def test_stored_photo_is_read_back_in_both_sizes(tmp_path: Path) -> None:
    photo = photos.take_photo(encoded(picture(800, 400)), "a.jpg")

    key = photos.store(photo, tmp_path / "not" / "yet")

    assert photos.read(key, tmp_path / "not" / "yet") == photo.jpeg
    assert photos.read(key, tmp_path / "not" / "yet", "thumbnail") == photo.thumbnail


def test_same_photo_is_stored_once_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    photo = photos.take_photo(encoded(picture()), "a.jpg")

    assert photos.store(photo, tmp_path) == photos.store(photo, tmp_path)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = photos.take_photo(encoded(picture()), "a.jpg")

    def full_disk(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(photos, "_sync_directory", lambda _directory: None)
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        photos.store(photo, tmp_path)

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "key", ["", "../" * 8 + "etc/passwd", "/etc/passwd", "a" * 63, "A" * 64, "0" * 64 + "\n", "0" * 64]
)
def test_unknown_key_or_path_in_a_key_is_a_missing_photo(key: str, tmp_path: Path) -> None:
    with pytest.raises(PhotoMissing):
        photos.read(key, tmp_path)
