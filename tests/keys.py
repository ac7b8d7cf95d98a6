"""Keys of the vault for tests that change them."""

from __future__ import annotations

import base64

import pytest

from domain import sealed
from domain.settings import get_settings

OLD = "old:" + base64.b64encode(bytes(range(32))).decode()
NEW = "new:" + base64.b64encode(bytes(range(32, 64))).decode()


def use_keys(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    """Let everything from now on have these keys, the first of which seals."""
    monkeypatch.setenv("FIRELINE_VAULT_KEY", ",".join(keys))
    get_settings.cache_clear()
    sealed.keyring.cache_clear()
