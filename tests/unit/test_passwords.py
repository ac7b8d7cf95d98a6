"""Only the right password is right, and an unknown user costs as much as a known one."""

import subprocess
import sys

import argon2
import pytest

from domain import passwords
from domain.passwords import PasswordRefused


def test_only_the_right_password_is_right() -> None:
    stored = passwords.hash_password("correct horse 电池")

    assert passwords.is_right("correct horse 电池", stored)
    assert not passwords.is_right("correct horse 电", stored)
    assert not passwords.is_right("", stored)


def test_hash_is_argon2id_with_the_costs_owasp_names_and_salted() -> None:
    first, second = (passwords.hash_password("the same password") for _ in range(2))

    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_unknown_user_is_hashed_for_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    verified = []
    real = argon2.PasswordHasher.verify

    def counting(self, stored, password):
        verified.append(argon2.extract_parameters(stored))
        return real(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    unknown = passwords.is_right("nobody has this password", None)
    passwords.is_right("wrong", passwords.hash_password("something else"))

    assert not unknown
    assert len(verified) == 2
    assert verified[0] == verified[1]


@pytest.mark.parametrize("stored", ["", "plain text", "$argon2id$broken"])
def test_broken_hash_is_never_right(stored: str) -> None:
    assert not passwords.is_right(stored, stored)


def test_password_beyond_the_limit_is_not_right_even_if_its_beginning_is() -> None:
    stored = passwords.hash_password("x" * passwords.LONGEST)

    assert passwords.is_right("x" * passwords.LONGEST, stored)
    assert not passwords.is_right("x" * (passwords.LONGEST + 1), stored)


def test_hash_with_other_costs_is_to_be_made_anew() -> None:
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("old password")

    assert passwords.needs_rehash(cheap)
    assert passwords.is_right("old password", cheap)
    assert not passwords.needs_rehash(passwords.hash_password("new password"))


@pytest.mark.parametrize(
    ("password", "english", "chinese"),
    [
        ("123456789", "at least 10", "至少 10"),
        ("x" * 257, "at most 256", "最多 256"),
        ("aaaaabbbbb", "repeats", "重复"),
        ("my-Warden-password", "user name", "用户名"),
        ("1234567890", "tried first", "最常见"),
        ("QwertyUiop", "tried first", "最常见"),
        ("Password123", "tried first", "最常见"),
    ],
)
def test_new_password_that_breaks_the_rule_is_refused(password: str, english: str, chinese: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        passwords.check_new(password, username="warden")

    assert english in str(refused.value)
    assert chinese in refused.value.reason.in_language("zh_CN")


@pytest.mark.parametrize("password", ["fireline-demo", "一二三四五六七八九十", "correct horse"])
def test_new_password_of_ten_characters_may_be_anything_else(password: str) -> None:
    passwords.check_new(password, username="warden")


def test_list_of_the_commonest_is_loaded_only_where_a_password_is_chosen() -> None:
    code = "import sys, domain.accounts, domain.passwords as p; p.is_right('x', None); print('zxcvbn' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
    assert len(passwords._commonest()) == passwords.COMMONEST


def test_initial_passwords_differ_and_keep_the_rule() -> None:
    made = {passwords.make_initial() for _ in range(200)}

    assert len(made) == 200
    for password in made:
        passwords.check_new(password, username="warden")
