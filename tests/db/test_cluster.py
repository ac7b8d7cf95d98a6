"""The temporary PostgreSQL cluster: what it promises the other tests."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.cluster import Cluster, running_cluster

pytestmark = pytest.mark.postgres

HOLD_A_CLUSTER = """
import time
from tests.cluster import running_cluster
with running_cluster() as cluster:
    print(cluster.directory, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


def databases(cluster: Cluster) -> set[str]:
    with cluster.connect("postgres") as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_its_url_works_in_sqlalchemy(own_cluster):
    engine = create_engine(own_cluster.create_database("reached"))

    with engine.connect() as connection:
        answer = connection.execute(text("SELECT current_database()")).scalar_one()
    engine.dispose()

    assert answer == "reached"


def test_a_database_made_from_a_template_holds_its_rows(own_cluster):
    own_cluster.create_database("original")
    with own_cluster.connect("original") as connection:
        connection.execute("CREATE TABLE venue AS SELECT '宽澄·鼎元一期南' AS name")

    own_cluster.create_database("copy", template="original")

    with own_cluster.connect("copy") as connection:
        assert connection.execute("SELECT name FROM venue").fetchall() == [("宽澄·鼎元一期南",)]


def test_a_database_is_dropped_although_somebody_is_connected(own_cluster):
    own_cluster.create_database("busy")
    connection = own_cluster.connect("busy")

    own_cluster.drop_database("busy")

    assert "busy" not in databases(own_cluster)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_it_does_not_listen_on_the_network(own_cluster):
    with own_cluster.connect("postgres") as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.mark.parametrize(("fsync", "setting"), [(True, "on"), (False, "off")])
def test_it_waits_for_the_disk_only_when_asked(fsync, setting):
    with running_cluster(fsync=fsync) as cluster, cluster.connect("postgres") as connection:
        names = ("fsync", "synchronous_commit", "full_page_writes")
        settings = [connection.execute(f"SHOW {name}").fetchone() for name in names]

    assert settings == [(setting,)] * 3


def test_nothing_is_left_when_the_block_ends_with_an_error():
    with contextlib.suppress(ZeroDivisionError), running_cluster() as cluster:
        server = server_of(cluster.directory)
        raise ZeroDivisionError

    assert not is_running(server)
    assert not cluster.directory.exists()


def test_killed_tests_leave_no_server_behind():
    holder = subprocess.Popen([sys.executable, "-c", HOLD_A_CLUSTER], stdout=subprocess.PIPE, text=True)
    with holder:
        directory = Path(holder.stdout.readline().strip())
        server = server_of(directory)

        holder.send_signal(signal.SIGKILL)

    assert eventually(lambda: not is_running(server) and not directory.exists())


def server_of(directory: Path) -> int:
    return int((directory / "data" / "postmaster.pid").read_text().splitlines()[0])


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(condition, *, within_seconds: float = 60) -> bool:
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
