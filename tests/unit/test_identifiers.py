"""Ids keep their order, codes prove themselves, telephone numbers come out in one form."""

import os
import threading
import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import identifiers
from domain.identifiers import ALPHABET, NotAPhoneNumber, NotAReceipt, NotAVenueCode


def test_new_ids_are_version_7_and_ascend_within_a_thread() -> None:
    ids = [identifiers.new_id() for _ in range(5_000)]

    assert ids == sorted(ids)
    assert {(made.version, made.variant) for made in ids} == {(7, "specified in RFC 4122")}


def test_new_ids_from_eight_threads_never_repeat() -> None:
    made: list[list[UUID]] = [[] for _ in range(8)]
    threads = [
        threading.Thread(target=lambda into: into.extend(identifiers.new_id() for _ in range(1_000)), args=(own,))
        for own in made
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({each for own in made for each in own}) == 8_000
    assert all(own == sorted(own) for own in made)


def test_new_ids_ascend_when_the_machine_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = identifiers.new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)

    assert identifiers.new_id() > before


def test_new_ids_of_a_forked_child_differ_from_its_parents() -> None:
    identifiers.new_id()
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, identifiers.new_id().bytes)
        os._exit(0)
    os.waitpid(child, 0)

    assert UUID(bytes=os.read(reading, 16)) != identifiers.new_id()


def test_alphabet_is_prime_and_has_no_look_alikes() -> None:
    assert len(set(ALPHABET)) == 29
    assert not set("01OILSU") & set(ALPHABET)


@given(st.randoms(use_true_random=False))
def test_every_single_wrong_character_and_every_exchange_of_neighbours_is_caught(random) -> None:
    body = "".join(random.choice(ALPHABET) for _ in range(7))
    (code,) = [body + last for last in ALPHABET if identifiers.is_venue_code(body + last)]

    for at, right in enumerate(code):
        for wrong in set(ALPHABET) - {right}:
            assert not identifiers.is_venue_code(code[:at] + wrong + code[at + 1 :])
    for at in range(7):
        exchanged = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        assert exchanged == code or not identifiers.is_venue_code(exchanged)


def test_new_venue_codes_are_venue_codes_and_all_different() -> None:
    codes = {identifiers.new_venue_code() for _ in range(1_000)}

    assert len(codes) == 1_000
    assert all(identifiers.is_venue_code(code) for code in codes)


def test_venue_code_is_read_in_any_case_with_gaps_full_width_and_look_alikes() -> None:
    code = next(made for made in iter(identifiers.new_venue_code, "") if "5" in made and "V" in made)
    typed = f" {code[:4].lower()}-{code[4:]} ".replace("5", "S").replace("V", "u").replace("v", "u")

    assert identifiers.clean_venue_code(typed) == code
    assert identifiers.clean_venue_code("".join(chr(ord(letter) + 0xFEE0) for letter in code)) == code


@pytest.mark.parametrize("typed", ["", "ABC", "AAAAAAAA2", "2222222A", "😀" * 8, "2" * 1_000_000])
def test_what_is_no_venue_code_is_refused_in_both_languages(typed: str) -> None:
    with pytest.raises(NotAVenueCode) as refused:
        identifiers.clean_venue_code(typed)

    assert "8 letters" in str(refused.value)
    assert "8 位" in refused.value.reason.in_language("zh_CN")


def test_trailing_junk_after_a_code_is_refused() -> None:
    with pytest.raises(NotAVenueCode):
        identifiers.clean_venue_code(identifiers.new_venue_code() + " " * 80 + "X")


def test_receipts_hold_at_least_57_bits() -> None:
    assert len(ALPHABET) ** identifiers.RECEIPT_LENGTH >= 2**57
    assert len({identifiers.new_receipt() for _ in range(1_000)}) == 1_000


def test_receipt_survives_being_shown_and_typed_again() -> None:
    receipt = identifiers.new_receipt()

    shown = identifiers.show_receipt(receipt)

    assert [len(group) for group in shown.split("-")] == [4, 4, 4]
    assert identifiers.clean_receipt(shown.lower()) == receipt


@pytest.mark.parametrize("typed", ["", "2345", "2345-6789-ABC0", "2345-6789-ABCD-E"])
def test_what_is_no_receipt_is_refused(typed: str) -> None:
    with pytest.raises(NotAReceipt):
        identifiers.clean_receipt(typed)


def test_receipt_digest_depends_on_receipt_and_key() -> None:
    digests = {
        identifiers.receipt_digest(receipt, key)
        for receipt in ("234567892345", "234567892346")
        for key in (b"one", b"two")
    }

    assert len(digests) == 4
    assert {len(digest) for digest in digests} == {32}


PHONES = [
    ("13800138000", "+8613800138000", "138 0013 8000", "138 **** 8000"),
    ("138 0013 8000", "+8613800138000", "138 0013 8000", "138 **** 8000"),
    ("+86 138-0013-8000", "+8613800138000", "138 0013 8000", "138 **** 8000"),
    ("0086 13800138000", "+8613800138000", "138 0013 8000", "138 **** 8000"),
    ("00 86 138 0013 8000", "+8613800138000", "138 0013 8000", "138 **** 8000"),
    ("8613800138000", "+8613800138000", "138 0013 8000", "138 **** 8000"),
    ("013800138000", "+8613800138000", "138 0013 8000", "138 **** 8000"),
    ("13800138000", "+8613800138000", "138 0013 8000", "138 **** 8000"),
    ("0877-6911119", "+868776911119", "0877-6911119", "0877-****119"),
    ("(0877)6911119", "+868776911119", "0877-6911119", "0877-****119"),
    ("0877—691 1119", "+868776911119", "0877-6911119", "0877-****119"),
    ("+86 877 6911119", "+868776911119", "0877-6911119", "0877-****119"),
    ("+86 (0)877 6911119", "+868776911119", "0877-6911119", "0877-****119"),
    ("0877-6911119-8001", "+868776911119;ext=8001", "0877-6911119-8001", "0877-****119"),
    ("08776911119转8001", "+868776911119;ext=8001", "0877-6911119-8001", "0877-****119"),
    ("0877 691 1119 分机:801", "+868776911119;ext=801", "0877-6911119-801", "0877-****119"),
    ("0877-6911119 ext. 8001", "+868776911119;ext=8001", "0877-6911119-8001", "0877-****119"),
    ("010-88886666", "+861088886666", "010-88886666", "010-****666"),
    ("021 6888 8888-801", "+862168888888;ext=801", "021-68888888-801", "021-****888"),
    ("0871-96119", "+8687196119", "0871-96119", "0871-****119"),
    ("400-810-1234", "+864008101234", "400-810-1234", "400-****234"),
    ("+1 (415) 555-2671", "+14155552671", "+14155552671", "+14****71"),
    ("00 852 2345 6789", "+85223456789", "+85223456789", "+85****89"),
    ("119", "119", "119", "119"),
    ("96119", "96119", "96119", "96119"),
    ("12345", "12345", "12345", "12345"),
    ("12119", "12119", "12119", "12119"),
]


@pytest.mark.parametrize(("typed", "cleaned", "shown", "masked"), PHONES)
def test_phone_is_cleaned_shown_and_masked(typed: str, cleaned: str, shown: str, masked: str) -> None:
    assert identifiers.clean_phone(typed) == cleaned
    assert identifiers.show_phone(cleaned) == shown
    assert identifiers.mask_phone(cleaned) == masked


@pytest.mark.parametrize("cleaned", sorted({row[1] for row in PHONES}))
def test_clean_phone_of_a_clean_or_shown_number_changes_nothing(cleaned: str) -> None:
    assert identifiers.clean_phone(cleaned) == cleaned
    assert identifiers.clean_phone(identifiers.show_phone(cleaned)) == cleaned


@pytest.mark.parametrize(
    "typed",
    [
        "", "abc", "12", "1234567", "99999", "12800138000", "1380013800", "138001380001", "0877-1911119",
        "0877-69111", "0877-6911119-1234567", "0877-6911119-12 ext 3", "+86", "+86 12", "+0123456789", "+123",
        "00", "00 86", "+1234567890123456", "13800138000<script>", "13800138000 13900139000", "1" * 1_000_000,
    ],
)  # fmt: skip
def test_what_cannot_be_dialled_is_refused(typed: str) -> None:
    with pytest.raises(NotAPhoneNumber) as refused:
        identifiers.clean_phone(typed)

    assert "电话" in refused.value.reason.in_language("zh_CN")


def test_landline_without_area_code_is_told_what_is_missing() -> None:
    with pytest.raises(NotAPhoneNumber, match="area code before"):
        identifiers.clean_phone("6911119")


def test_number_without_country_code_is_refused_outside_china() -> None:
    with pytest.raises(NotAPhoneNumber, match="country code"):
        identifiers.clean_phone("4155552671", default_region="US")

    assert identifiers.clean_phone("+1 415 555 2671", default_region="US") == "+14155552671"


@given(st.text(max_size=40) | st.text(alphabet="0123456789+-() ;ext=转", max_size=24))
def test_clean_phone_accepts_or_refuses_but_never_breaks(typed: str) -> None:
    try:
        cleaned = identifiers.clean_phone(typed)
    except NotAPhoneNumber:
        return

    assert identifiers.clean_phone(cleaned) == cleaned
    assert identifiers.clean_phone(identifiers.show_phone(cleaned)) == cleaned


def test_extension_is_split_off_for_dialling() -> None:
    assert identifiers.split_extension("+868776911119;ext=8001") == ("+868776911119", "8001")
    assert identifiers.split_extension("119") == ("119", "")


@pytest.mark.parametrize(("name", "masked"), [("李明", "李*"), (" 欧阳小红 ", "欧*"), ("J", "J*"), ("", "")])
def test_name_is_masked_to_its_first_character(name: str, masked: str) -> None:
    assert identifiers.mask_name(name) == masked


def test_facility_codes_prove_themselves() -> None:
    code = identifiers.new_facility_code()

    assert len(code) == 10
    assert identifiers.is_facility_code(code)
    for at, right in enumerate(code):
        for wrong in set(ALPHABET) - {right}:
            assert not identifiers.is_facility_code(code[:at] + wrong + code[at + 1 :])
    for at in range(9):
        swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        assert swapped == code or not identifiers.is_facility_code(swapped)


def test_facility_code_is_understood_as_it_is_typed() -> None:
    code = identifiers.new_facility_code()

    assert identifiers.clean_facility_code(f" {code[:5].lower()}-{code[5:]} ") == code


@pytest.mark.parametrize("text", ["", "2345", "0" * 10, "2" * 9 + "3", "9" * 10**6])
def test_what_is_no_facility_code_is_refused(text: str) -> None:
    with pytest.raises(identifiers.NotAFacilityCode):
        identifiers.clean_facility_code(text)
