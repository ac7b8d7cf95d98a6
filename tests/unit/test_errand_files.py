"""Files of errands: whole or not there, found by their key alone, gone when they are old."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain import errand_files
from domain.errand_files import FileGone

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_stored_file_is_read_back_and_nobody_elses(tmp_path: Path) -> None:
    key = errand_files.store(b"PK", tmp_path / "errands")

    path = errand_files.path_of(key, tmp_path / "errands")

    assert path.read_bytes() == b"PK"
    assert path.stat().st_mode & 0o077 == 0


def test_file_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    def half() -> None:
        with errand_files.writing(tmp_path) as (_, file):
            file.write(b"half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        half()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "..", "../secret", "a" * 32, "A" * 32, f"{'a' * 31}/"])
def test_no_key_leads_elsewhere(tmp_path: Path, key: str) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "errands").mkdir()

    with pytest.raises(FileGone):
        errand_files.path_of(key, tmp_path / "errands")


def test_old_files_go_but_for_those_still_needed(tmp_path: Path) -> None:
    old, needed, young = (errand_files.store(b"x", tmp_path) for _ in range(3))
    for key in (old, needed):
        long_ago = (NOW - timedelta(days=8)).timestamp()
        os.utime(tmp_path / key, (long_ago, long_ago))

    gone = errand_files.remove_old(tmp_path, before=NOW - timedelta(days=7), keep={needed})

    assert gone == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([needed, young])
