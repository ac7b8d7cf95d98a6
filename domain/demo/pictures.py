"""Draws the few photos of the demo's cases: plain shapes, nobody's picture."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from uuid import UUID

from PIL import Image, ImageDraw
from sqlalchemy import insert
from sqlmodel import Session

from domain import photos
from domain.identifiers import new_id
from domain.models import Photo

SIZE = (960, 720)
_WALL, _FLOOR, _DARK, _LIGHT = "#d9d4c7", "#8d8a80", "#3a3f47", "#f4f2ec"
_RED, _GREEN, _BROWN, _AMBER = "#b3261e", "#0b6b3a", "#a97c50", "#d98e04"


def draw_all(directory: Path) -> dict[str, photos.Photo]:
    """Draw every picture and store it like an upload; return them by name. Takes no transaction."""
    with ThreadPoolExecutor(2) as threads:  # encoding and waiting for the disk both let another thread run
        drawn = threads.map(lambda name: _draw(name, directory), _SCENES)
        return dict(zip(_SCENES, drawn, strict=True))


def _draw(name: str, directory: Path) -> photos.Photo:
    image = Image.new("RGB", SIZE, _WALL)
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 720), (330, 430), (630, 430), (960, 720)], fill=_FLOOR)
    draw.rectangle((330, 150, 630, 430), fill=_LIGHT, outline=_DARK, width=3)
    _SCENES[name](draw)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=photos.QUALITY)
    photo = photos.take_photo(file.getvalue(), f"{name}.jpg")
    photos.store(photo, directory)
    return photo


def record(session: Session, photo: photos.Photo, *, at: datetime) -> UUID:
    """Make a stored picture known once more, as a shot of its own, and return the id a form names it by."""
    photo_id = new_id()
    row = {
        "id": photo_id,
        "storage_key": photo.key,
        "original_sha256": hashlib.sha256(photo_id.bytes).hexdigest(),  # two shots of one place are never one file
        "width": photo.width,
        "height": photo.height,
        "size": len(photo.jpeg),
        "made_at": at,
    }
    session.execute(insert(Photo), [row])
    return photo_id


def _dark_detector(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((350, 30, 610, 120), fill=_LIGHT, outline=_DARK, width=4)
    draw.ellipse((455, 60, 505, 90), fill=_DARK)


def _lit_detector(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((350, 30, 610, 120), fill=_LIGHT, outline=_DARK, width=4)
    draw.ellipse((455, 60, 505, 90), fill=_RED)


def _blocked_corridor(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((420, 170, 540, 210), fill=_GREEN)
    for left, top, side in ((250, 430, 190), (430, 470, 170), (560, 400, 210), (350, 330, 130)):
        draw.rectangle((left, top, left + side, top + side), fill=_BROWN, outline=_DARK, width=4)
        draw.line((left, top + side // 2, left + side, top + side // 2), fill=_AMBER, width=8)


def _bicycle(draw: ImageDraw.ImageDraw) -> None:
    for left in (260, 560):
        draw.ellipse((left, 470, left + 170, 640), outline=_DARK, width=14)
    draw.line((345, 555, 450, 430, 600, 430, 645, 555), fill=_RED, width=16)
    draw.line((600, 430, 640, 360), fill=_DARK, width=12)
    draw.line((450, 430, 700, 240, 700, 90), fill=_AMBER, width=6)


def _clear_corridor(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((420, 170, 540, 210), fill=_GREEN)
    draw.rectangle((430, 230, 530, 430), fill=_GREEN, outline=_DARK, width=4)


def _blocked_lane(draw: ImageDraw.ImageDraw) -> None:
    for step in range(6):
        draw.line((120 + step * 140, 720, 220 + step * 110, 430), fill=_AMBER, width=10)
    draw.rounded_rectangle((260, 360, 720, 600), radius=60, fill=_DARK)
    draw.rounded_rectangle((360, 270, 620, 400), radius=40, fill=_LIGHT, outline=_DARK, width=8)


def _signature(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, *SIZE), fill=_LIGHT)
    draw.line((180, 420, 260, 300, 300, 430, 380, 280, 420, 420, 560, 330, 610, 400, 780, 360), fill=_DARK, width=10)


_SCENES: Mapping[str, Callable[[ImageDraw.ImageDraw], None]] = {
    "dark_detector": _dark_detector,
    "lit_detector": _lit_detector,
    "blocked_corridor": _blocked_corridor,
    "clear_corridor": _clear_corridor,
    "bicycle": _bicycle,
    "blocked_lane": _blocked_lane,
    "signature": _signature,
}
