"""Pictures for the tests, made when needed."""

from __future__ import annotations

import io
import random

from PIL import ExifTags, Image


def jpeg(*, width: int = 64, height: int = 48, seed: int = 1, exif: Image.Exif | None = None) -> bytes:
    """Return a JPEG of coloured noise; another `seed` is another picture."""
    noise = random.Random(seed).randbytes(width * height * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(buffer, "JPEG", exif=exif or Image.Exif())
    return buffer.getvalue()


def taken_at(latitude: float, longitude: float) -> Image.Exif:
    """Return what a camera with a fix writes into its picture: WGS 84 degrees, north and east."""
    exif = Image.Exif()
    exif[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "N",
        ExifTags.GPS.GPSLatitude: (latitude, 0.0, 0.0),
        ExifTags.GPS.GPSLongitudeRef: "E",
        ExifTags.GPS.GPSLongitude: (longitude, 0.0, 0.0),
    }
    return exif
