"""Sheets with QR codes: they can be read back when printed, say what they must, and hold what people typed safely."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date

import pytest
from PIL import Image

from documents import code_sheets, printing
from documents.code_sheets import FacilityLabel, NothingToPrint, VenueSheet
from documents.printing import CannotPrint
from domain.identifiers import with_check_character
from domain.language import CHINESE, Label
from domain.photos import NotAnImage, take_photo
from tests import printed
from tests.pictures import jpeg

SIZES_PT = {"A5": (419.5, 595.3), "A6": (297.6, 419.5)}


def sheet(number: int = 0, **changes: object) -> VenueSheet:
    code = with_check_character(f"7K3M9Q{'23456789'[number]}")
    known = {
        "url": f"https://fire.chenglan.example.gov.cn/v/{code}", "code": code, "name": "宽澄·鼎元一期南",
        "name_en": "Kuancheng Dingyuan South, Phase 1", "address": "环城北路南侧鼎元一期南楼",
        "issuer": "澄阳区消防救援大队", "issued_on": date(2026, 11, 20),
    }  # fmt: skip
    return VenueSheet(**(known | changes))


def label(number: int = 0) -> FacilityLabel:
    return FacilityLabel(
        f"https://fire.chenglan.example.gov.cn/f/7K3M9QAB{number:02}", f"7K3M9QAB{number:02}",
        Label("室内消火栓", "Indoor hydrant"), f"3F-{number:02}", "三层东侧走廊电梯厅旁", "宽澄·鼎元一期南",
    )  # fmt: skip


@pytest.mark.parametrize("size", ["A5", "A6"])
def test_every_venue_has_a_page_of_its_size_whose_code_opens_its_address(size: str) -> None:
    sheets = [sheet(number) for number in range(3)]

    pdf = code_sheets.venue_sheets(sheets, size=size)

    assert [printed.codes(page) for page in printed.pages(pdf)] == [[one.url] for one in sheets]
    assert _page_size(pdf) == pytest.approx(SIZES_PT[size], abs=0.5)


@pytest.mark.parametrize("size", ["A5", "A6"])
@pytest.mark.parametrize("degrees", [0.0, -4.0, 11.0, 180.0])
def test_a_venues_code_is_read_after_printing_and_scanning(size: str, degrees: float) -> None:
    page = printed.pages(code_sheets.venue_sheets([sheet()], size=size))[0]

    assert printed.codes(printed.scanned(page, degrees=degrees)) == [sheet().url]


def test_a_venues_code_is_read_with_a_sticker_over_a_part_of_it() -> None:
    page = printed.pages(code_sheets.venue_sheets([sheet()], size="A5"))[0]
    middle, patch = (page.width // 2, page.height * 2 // 5), page.width // 9
    page.paste(Image.new("L", (patch, patch), 128), middle)

    assert printed.codes(page) == [sheet().url]


def test_a_sheet_says_in_both_languages_what_its_code_is_for() -> None:
    text = printed.words(code_sheets.venue_sheets([sheet()], size="A5"))

    for said in (
        "场所消防安全电子身份证", "Fire safety ID of this place", "立即拨打 119", "Call 119 at once", "宽澄·鼎元一期南",
        "Kuancheng Dingyuan South", "澄阳区消防救援大队", "2026年11月20日", code_sheets.grouped(sheet().code),
        "fire.chenglan.example.gov.cn",
    ):  # fmt: skip
        assert said in text


@pytest.mark.parametrize("size", ["A5", "A6"])
def test_the_longest_name_pushes_nothing_off_the_page(size: str) -> None:
    longest = sheet(name="澄" * 80, name_en="W" * 120, address="环城北路" * 50)

    pdf = code_sheets.venue_sheets([longest], size=size)

    assert [printed.codes(page) for page in printed.pages(pdf)] == [[longest.url]]
    assert code_sheets.grouped(longest.code) in printed.words(pdf)


def test_what_people_typed_is_text_and_fetches_nothing() -> None:
    hostile = '<img src="file:///etc/passwd"><svg><image href="http://127.0.0.1:9/x"/></svg></style>&amp;'

    text = printed.words(code_sheets.venue_sheets([sheet(name="店", address=hostile)], size="A5"))

    assert '<img src="file:///etc/passwd">' in text


def test_a_template_that_asked_for_a_file_would_get_none(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "red.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    (tmp_path / "open.html").write_text(f'<p>x</p><img src="{(tmp_path / "red.svg").as_uri()}" alt="nothing fetched">')
    monkeypatch.setattr(printing, "TEMPLATES", tmp_path)
    printing.environment.cache_clear()

    try:
        assert "nothing fetched" in printed.words(printing.pdf("open.html", [{}]))
    finally:
        printing.environment.cache_clear()


def test_labels_fill_pages_of_21_in_order_and_each_is_read() -> None:
    labels = [label(number) for number in range(25)]

    pdf = code_sheets.facility_labels(labels)

    first, second = printed.pages(pdf)
    assert printed.codes(first) == [one.url for one in labels[:21]]
    assert printed.codes(second) == [one.url for one in labels[21:]]
    assert "室内消火栓" in printed.words(pdf)


def test_labels_are_read_after_printing_and_scanning() -> None:
    page = printed.pages(code_sheets.facility_labels([label(number) for number in range(21)]))[0]

    assert len(set(printed.codes(printed.scanned(page, degrees=2.0)))) == 21


def test_progress_is_told_up_to_the_last_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_sheets, "SHEETS_AT_ONCE", 2)
    told: list[tuple[int, int]] = []

    pdf = code_sheets.venue_sheets(
        [sheet(number) for number in range(5)], size="A6", progress=lambda done, total: told.append((done, total))
    )

    assert told == [(2, 5), (4, 5), (5, 5)]
    assert len(printed.pages(pdf, dpi=20)) == 5


def test_nothing_chosen_is_said() -> None:
    with pytest.raises(NothingToPrint, match="nothing to print"):
        code_sheets.venue_sheets([], size="A5")


def test_a_machine_without_the_libraries_says_which_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(printing.LIBRARIES, "libnowhere.so.9", "libnowhere9")

    with pytest.raises(CannotPrint) as refused:
        code_sheets.venue_sheets([sheet()], size="A5")

    assert "libnowhere9" in refused.value.reason.in_language(CHINESE)


def test_pages_are_served_without_loading_the_renderer() -> None:
    code = "import sys, api.app, documents.code_sheets; print('weasyprint' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "False"


def _page_size(pdf: bytes) -> tuple[float, float]:
    sizes = {tuple(float(number) for number in box.split()[2:]) for box in re.findall(rb"MediaBox \[([^\]]*)\]", pdf)}
    if not sizes:  # compressed into object streams
        info = subprocess.run(["pdfinfo", "-"], input=pdf, check=True, capture_output=True).stdout.decode()
        found = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", info)
        return float(found[1]), float(found[2])
    (size,) = sizes
    return size


def test_printing_leaves_damaged_photos_refused() -> None:
    code_sheets.venue_sheets([sheet()], size="A6")
    whole = jpeg(width=400, height=400)

    with pytest.raises(NotAnImage):
        take_photo(whole[: len(whole) // 2], "half.jpg")
