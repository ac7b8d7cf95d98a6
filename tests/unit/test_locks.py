"""The lock files: what pyproject.toml asks for, one version everywhere, with hashes, without addresses."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
RUNTIME, TESTS = "requirements.lock", "requirements-test.lock"


def entries(lock: str) -> dict[str, str]:
    """Return each package's whole entry: version, marker and hashes."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    return {re.match(r"[\w.-]+", line)[0]: line for line in text.splitlines()}


def version(entry: str) -> str:
    return re.search(r"==(\S+)", entry)[1]


@pytest.mark.parametrize(
    ("lock", "declared"),
    [
        (RUNTIME, PROJECT["dependencies"] + EXTRAS["setup"]),
        (TESTS, PROJECT["dependencies"] + EXTRAS["setup"] + EXTRAS["test"]),
    ],
)
def test_a_lock_holds_everything_declared_in_a_version_allowed(lock, declared):
    locked = entries(lock)

    wanted = [Requirement(requirement) for requirement in declared]

    unmet = [
        str(requirement)
        for requirement in wanted
        if canonicalize_name(requirement.name) not in locked
        or version(locked[canonicalize_name(requirement.name)]) not in requirement.specifier
    ]
    assert unmet == [], "run make lock"


def test_tests_run_on_the_versions_that_are_shipped():
    assert entries(RUNTIME).items() <= entries(TESTS).items()


@pytest.mark.parametrize("lock", [RUNTIME, TESTS])
def test_every_entry_of_a_lock_has_a_hash(lock):
    unhashed = [name for name, entry in entries(lock).items() if "--hash=sha256:" not in entry]

    assert unhashed == []


@pytest.mark.parametrize("lock", [RUNTIME, TESTS])
def test_a_lock_names_no_address(lock):
    assert re.findall(r"\S*://\S*|--(?:extra-)?index\S*|--find-links\S*", (ROOT / lock).read_text()) == []
