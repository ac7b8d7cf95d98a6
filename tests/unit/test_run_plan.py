"""What `fireline run` decides before it starts anything."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.supervisor import plan, ports
from api.supervisor.output import LARGEST_LOG_BYTES, rotate


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def made(tmp_path: Path, *arguments: str, **environment: str) -> plan.Plan:
    given = plan.options(["--port", "18000", "--exchange-port", "18001", *arguments])
    return plan.make(given, {"FIRELINE_DATA_DIR": str(tmp_path), **environment}, qr=False)


def parts_of(planned: plan.Plan) -> dict[str, plan.PartPlan]:
    return {part.name: part for part in (planned.web, *planned.others)}


def test_addresses_follow_the_ports(tmp_path: Path) -> None:
    settings = made(tmp_path).web.environment

    assert settings["FIRELINE_PUBLIC_URL"] == "http://localhost:18000"
    assert settings["FIRELINE_EXCHANGE_URL"] == "http://127.0.0.1:18001"
    assert settings["FIRELINE_TWILIO_BASE_URL"] == "http://127.0.0.1:18001"


def test_pages_for_the_network_are_not_said_to_be_on_localhost_of_whoever_scans(tmp_path: Path) -> None:
    assert ports.name_for_others("127.0.0.1") == "localhost"
    assert ports.name_for_others("10.1.2.3") == "10.1.2.3"
    assert ports.name_for_others("::1") == "[::1]"
    assert ports.name_for_others("::") not in ("::", "")

    settings = made(tmp_path, "--host", "127.0.0.2").web.environment

    assert settings["FIRELINE_PUBLIC_URL"] == "http://127.0.0.2:18000"


def test_addresses_that_were_set_stay(tmp_path: Path) -> None:
    settings = made(tmp_path, FIRELINE_PUBLIC_URL="https://fire.example").web.environment

    assert settings["FIRELINE_PUBLIC_URL"] == "https://fire.example"


def test_the_database_reaches_every_part(tmp_path: Path) -> None:
    planned = made(tmp_path, "--database", "postgresql://localhost/x")

    for part in (planned.setup, *parts_of(planned).values()):
        assert part.environment["FIRELINE_DATABASE_URL"] == "postgresql://localhost/x"


def test_prefect_gives_way_keeps_its_files_here_and_reports_to_nobody(tmp_path: Path) -> None:
    parts = parts_of(made(tmp_path))

    assert parts["prefect"].nice > 0
    assert parts["prefect"].environment["PREFECT_HOME"] == str(tmp_path / "prefect")
    assert parts["prefect"].environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert parts["worker"].environment["PREFECT_API_URL"] == f"http://127.0.0.1:{parts['prefect'].port}/api"
    assert parts["web"].environment["FIRELINE_PREFECT_UI_URL"] == f"http://127.0.0.1:{parts['prefect'].port}"


def test_a_prefect_or_a_provider_of_ones_own_is_used_instead_of_ours(tmp_path: Path) -> None:
    planned = made(tmp_path, PREFECT_API_URL="http://prefect.example/api", FIRELINE_TWILIO_BASE_URL="")

    assert set(parts_of(planned)) == {"web", "worker"}
    assert planned.web.environment["PREFECT_API_URL"] == "http://prefect.example/api"
    assert planned.web.environment["FIRELINE_TWILIO_BASE_URL"] == ""


@pytest.mark.parametrize(
    ("option", "variable"), [("--port", "PORT"), ("--exchange-port", "EXCHANGE_PORT"), ("--prefect-port", "")]
)
def test_a_taken_port_is_named_with_the_option_that_changes_it(
    tmp_path: Path, taken: int, option: str, variable: str
) -> None:
    with pytest.raises(plan.PortTaken, match=rf"Port {taken} is in use.*{option}.*{variable}"):
        made(tmp_path, option, str(taken))


def test_one_port_for_two_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(plan.PortTaken, match="18000 is given twice, for --port and for --exchange-port"):
        made(tmp_path, "--exchange-port", "18000")


def test_prefect_takes_another_port_when_its_usual_one_is_taken(
    tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "PREFECT_PORT", taken)

    assert parts_of(made(tmp_path))["prefect"].port not in (taken, None)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(SystemExit):
        plan.options([f"--port={port}"])


def test_a_large_log_is_put_aside_and_the_oldest_dropped(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for number in range(5):
        log.write_bytes(str(number).encode() * LARGEST_LOG_BYTES)
        rotate(log)

    assert not log.exists()
    assert {file.name: file.read_bytes()[:1] for file in tmp_path.iterdir()} == {
        "web.log.1": b"4", "web.log.2": b"3", "web.log.3": b"2",
    }  # fmt: skip


def test_a_small_log_is_continued(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"yesterday\n")

    rotate(log)

    assert log.read_bytes() == b"yesterday\n"
