"""What is sealed opens only whole, with its key and in its context."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.vault import BadKeyring, Keyring, Tampered, WrongKey

OLD = base64.b64encode(bytes(range(32))).decode()
NEW = base64.b64encode(bytes(range(32, 64))).decode()


@given(st.text() | st.binary(), st.text())
def test_what_was_sealed_opens_in_its_context(plaintext: str | bytes, context: str) -> None:
    keyring = Keyring(OLD)

    opened = keyring.unseal(keyring.seal(plaintext, context=context), context=context)

    assert opened == (plaintext.encode() if isinstance(plaintext, str) else plaintext)


def test_text_comes_back_as_text() -> None:
    keyring = Keyring(OLD)

    assert keyring.unseal_text(keyring.seal("李明 13800138000", context="a"), context="a") == "李明 13800138000"


def test_sealing_twice_gives_different_bytes_that_do_not_show_the_text() -> None:
    keyring = Keyring(OLD)
    first, second = (keyring.seal("13800138000", context="phone") for _ in range(2))

    assert first != second
    assert b"13800138000" not in first


def test_another_context_does_not_open() -> None:
    keyring = Keyring(OLD)
    sealed = keyring.seal("x", context="phone of A")

    with pytest.raises(Tampered):
        keyring.unseal(sealed, context="phone of B")


def test_every_changed_byte_and_every_cut_is_noticed() -> None:
    keyring = Keyring(OLD)
    sealed = keyring.seal("secret", context="a")

    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises((Tampered, WrongKey)):
            keyring.unseal(bytes(changed), context="a")
        with pytest.raises((Tampered, WrongKey)):
            keyring.unseal(sealed[:at], context="a")


def test_old_values_open_after_the_keys_were_changed_and_new_ones_use_the_new_key() -> None:
    sealed = Keyring(f"k1:{OLD}").seal("x", context="a")
    changed = Keyring(f"k2:{NEW}, k1:{OLD}")

    assert changed.unseal(sealed, context="a") == b"x"
    assert not changed.is_current(sealed)
    assert changed.is_current(changed.seal("x", context="a"))
    assert changed.current_id == "k2"


def test_single_unnamed_key_stays_readable_when_it_gets_its_name() -> None:
    sealed = Keyring(OLD).seal("x", context="a")

    assert Keyring(f"k2:{NEW},k1:{OLD}").unseal(sealed, context="a") == b"x"


@pytest.mark.parametrize("setting", [f"k2:{OLD}", f"k1:{NEW}"])
def test_missing_or_exchanged_key_is_called_the_wrong_key(setting: str) -> None:
    sealed = Keyring(f"k1:{OLD}").seal("x", context="a")

    with pytest.raises(WrongKey):
        Keyring(setting).unseal(sealed, context="a")


def test_blind_index_is_equal_for_equal_texts_only() -> None:
    keyring = Keyring(OLD)

    same = {keyring.blind_index("+8613800138000", context="phone") for _ in range(2)}
    others = {keyring.blind_index("ab", context="c"), keyring.blind_index("b", context="ca")}

    assert len(same) == 1
    assert len(same | others | {Keyring(NEW).blind_index("+8613800138000", context="phone")}) == 4


def test_blind_indexes_find_what_was_indexed_before_the_keys_were_changed() -> None:
    before = Keyring(f"k1:{OLD}").blind_index("x")
    changed = Keyring(f"k2:{NEW},k1:{OLD}")

    assert tuple(changed.blind_indexes("x").values()) == (changed.blind_index("x"), before)


@pytest.mark.parametrize(
    "setting",
    ["", "k1:", "k1:short", f"k1:{OLD},k1:{NEW}", f"k 1:{OLD}", f":{OLD}", f"{OLD},", f"k1:{OLD}!", "密钥"],
)
def test_bad_setting_is_refused_without_quoting_it(setting: str) -> None:
    with pytest.raises(BadKeyring) as refused:
        Keyring(setting)

    assert OLD not in str(refused.value)


def test_url_safe_base64_is_the_same_key() -> None:
    key = bytes([0xFB, 0xFF] * 16)
    sealed = Keyring(base64.b64encode(key).decode()).seal("x", context="a")

    assert Keyring(base64.urlsafe_b64encode(key).decode()).unseal(sealed, context="a") == b"x"


def test_keyring_does_not_show_its_keys() -> None:
    assert repr(Keyring(f"k2:{NEW},k1:{OLD}")) == "Keyring(k2, k1)"
