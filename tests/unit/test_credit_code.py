"""统一社会信用代码: what is proved, and what is said about what is not."""

import pytest

from domain.credit_code import ALPHABET, NotACreditCode, clean_credit_code, is_credit_code

CODES = ["91350100M000100Y43", "914403001922038216"]


@pytest.mark.parametrize("code", CODES)
def test_credit_codes_with_a_fitting_check_character_are_recognised(code: str) -> None:
    assert is_credit_code(code)


def test_credit_code_with_one_character_wrong_is_not_recognised() -> None:
    code = CODES[0]

    for at, right in enumerate(code):
        for wrong in set(ALPHABET) - {right}:
            assert not is_credit_code(code[:at] + wrong + code[at + 1 :])


@pytest.mark.parametrize(
    "typed", ["91350100m000100y43", " 9135 0100 M000 100Y 43 ", "９１３５０１００Ｍ０００１００Ｙ４３"]
)
def test_credit_code_is_understood_as_it_is_typed(typed: str) -> None:
    assert clean_credit_code(typed) == CODES[0]
    assert not is_credit_code(typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("91350100M000100Y4", "this has 17"),
        ("9135O100M000100Y43", "no O in it"),
        ("9135A100M000100Y43", "3 to 8"),
        ("91350100M000100Y44", "mistyped"),
        ("", "this has 0"),
        ("9" * 10**6, "this has 0"),
    ],
)
def test_refusal_says_what_is_wrong(typed: str, said: str) -> None:
    with pytest.raises(NotACreditCode, match=said):
        clean_credit_code(typed)
