"""Pictures for the tests, made when needed."""

from __future__ import annotations

import io
import random

from PIL import Image


def jpeg(*, width: int = 64, height: int = 48, seed: int = 1, exif: Image.Exif | None = None) -> bytes:
    """Return a JPEG of coloured noise; another `seed` is another picture."""
    noise = random.Random(seed).randbytes(width * height * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(buffer, "JPEG", exif=exif or Image.Exif())
    return buffer.getvalue()
