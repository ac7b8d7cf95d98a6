"""Printed pages for the tests: a PDF as pictures, as a printer and a scanner leave them, and the codes on them."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import zxingcpp
from PIL import Image, ImageFilter


def pages(pdf: bytes, *, dpi: int = 150) -> list[Image.Image]:
    """Return a PDF's pages as grey pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "whole.pdf").write_bytes(pdf)
        subprocess.run(
            ["pdftoppm", "-gray", "-r", str(dpi), str(folder / "whole.pdf"), str(folder / "page")], check=True
        )
        return [Image.open(path).copy() for path in sorted(folder.glob("page-*.pgm"))]


def scanned(page: Image.Image, *, degrees: float) -> Image.Image:
    """Return a page as a cheap scanner gives it back: askew, a little out of focus, grey on grey, saved as JPEG."""
    askew = page.rotate(degrees, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    faded = askew.filter(ImageFilter.GaussianBlur(1.2)).point(lambda grey: 60 + grey * 150 // 255)
    with tempfile.TemporaryFile() as file:
        faded.save(file, "JPEG", quality=40)
        return Image.open(file).copy()


def codes(page: Image.Image) -> list[str]:
    """Return what the QR codes on a page say, from top left to bottom right."""
    found = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)
    ordered = sorted(found, key=lambda code: (code.position.top_left.y // 40, code.position.top_left.x))
    return [code.text for code in ordered]


def words(pdf: bytes) -> str:
    """Return a PDF's text."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        return subprocess.run(["pdftotext", "-layout", file.name, "-"], check=True, capture_output=True).stdout.decode()
