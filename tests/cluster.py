"""A PostgreSQL server of our own for as long as a `with` block lasts; never one the machine already runs.

It lives in a temporary directory and listens on a Unix socket in there only: any number run side by side, no
port can clash and nothing comes in by network. Unless it is to wait for the disk, the directory is in memory where
there is room: a database is a thousand files, and making them costs twenty times as much on a disk. PostgreSQL
refuses to run as root; for root it runs as Debian's user `postgres`.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

ROLE = "fireline"
START_WITHIN_SECONDS = 30
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in there
ROOM_BYTES = 2 * 1024**3
"""Free in memory's file system before a cluster goes there; the whole suite's needs a quarter of it."""

# The server is a child of this shell, whose standard input is a pipe from us. The kernel closes the pipe when
# we end, however we end (kill -9 too); the shell then stops the server and removes its directory.
WATCHDOG = """
"$1/postgres" -D "$2/data" >"$2/log" 2>&1 &
read -r _
kill -QUIT $!
wait $!
rm -rf "$2"
"""


class ClusterFailed(RuntimeError):
    """PostgreSQL is missing or did not start; the message holds what it wrote."""


@dataclass(slots=True)
class Cluster:
    """A running server. Databases are made and dropped by name; drop is not needed before the end."""

    directory: Path
    binaries: Path  # where psql, pgbench and pg_dump of the same version are
    _kept: psycopg.Connection | None = None
    """For making and dropping: each new connection is a new process of the server."""

    def url(self, database: str) -> str:
        """Return the SQLAlchemy address of a database of this cluster."""
        return f"postgresql+psycopg://{ROLE}@/{database}?host={self.directory}"

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create a database, as a copy of `template` if named (which nobody may be using); return its url."""
        statement = sql.SQL("CREATE DATABASE {name}").format(name=sql.Identifier(name))
        if template is not None:
            copied = sql.SQL(" TEMPLATE {template} STRATEGY file_copy")  # instead of by way of the journal
            statement += copied.format(template=sql.Identifier(template))
        self._execute(statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the connections to it."""
        self._execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(name=sql.Identifier(name)))

    def _execute(self, statement: sql.Composable) -> None:
        if self._kept is None:
            self._kept = self.connect("postgres")
        self._kept.execute(statement)

    def close(self) -> None:
        """Close the connection for making and dropping."""
        if self._kept is not None:
            self._kept.close()

    def connect(self, database: str) -> psycopg.Connection:
        """Return a plain psycopg connection in autocommit mode."""
        return psycopg.connect(host=str(self.directory), user=ROLE, dbname=database, autocommit=True)


@contextmanager
def running_cluster(*, fsync: bool = False) -> Iterator[Cluster]:
    """Yield a new, empty cluster; stop and remove it at the end.

    Without `fsync` it is fast and would not survive a power cut, which tests do not need; measure with it.
    Raise ClusterFailed when there is no PostgreSQL or it does not start.
    """
    binaries = newest_binaries()
    parent = None if fsync or not _has_room(MEMORY) else MEMORY
    cluster = Cluster(directory=Path(tempfile.mkdtemp(prefix="fireline-pg-", dir=parent)), binaries=binaries)
    as_owner = _owner_command(cluster.directory)
    try:
        _initialise(cluster, as_owner=as_owner, fsync=fsync)
        server = subprocess.Popen(
            [*as_owner, "sh", "-c", WATCHDOG, "sh", cluster.binaries, cluster.directory],
            cwd="/",
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the tests; the server stays until they let go of the pipe
        )
        with server:
            _wait_until_ready(cluster)
            with closing(cluster):
                yield cluster
    finally:
        shutil.rmtree(cluster.directory, ignore_errors=True)


def _has_room(directory: Path) -> bool:
    try:
        return os.access(directory, os.W_OK) and shutil.disk_usage(directory).free >= ROOM_BYTES
    except OSError:
        return False


def newest_binaries() -> Path:
    """Return the folder of the newest PostgreSQL server; Debian keeps them off PATH, by major version."""
    programs = Path("/usr/lib/postgresql").glob("[0-9]*/bin/initdb")
    found = {int(program.parts[-3]): program.parent for program in programs}
    if found:
        return found[max(found)]
    on_path = shutil.which("initdb")
    if on_path is None:
        message = "PostgreSQL is not installed; deploy/setup.sh --tests installs it"
        raise ClusterFailed(message)
    return Path(on_path).resolve().parent


def _owner_command(directory: Path) -> list[str]:
    """Return the prefix that runs a command as the cluster's owner, and hand the directory to that user."""
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    os.chown(directory, owner.pw_uid, owner.pw_gid)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--init-groups"]


def _initialise(cluster: Cluster, *, as_owner: list[str], fsync: bool) -> None:
    initdb = [cluster.binaries / "initdb", "--pgdata", cluster.directory / "data", "--username", ROLE]
    flavour = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-instructions"]
    _run([*as_owner, *initdb, *flavour, *([] if fsync else ["--no-sync"])])
    settings = [
        f"unix_socket_directories = '{cluster.directory}'",
        "listen_addresses = ''",
        "max_connections = 200",
    ]
    if not fsync:
        settings += ["fsync = off", "full_page_writes = off", "synchronous_commit = off"]
        settings += ["max_wal_size = 128MB", "min_wal_size = 32MB"]  # what stays of the journal
    with (cluster.directory / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("\n".join(settings) + "\n")


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"{command}: {done.stderr.strip()}"
        raise ClusterFailed(message)


def _wait_until_ready(cluster: Cluster) -> None:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while True:
        try:
            cluster.connect("postgres").close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                log = (cluster.directory / "log").read_text()
                message = f"PostgreSQL did not start: {error}\n{log}"
                raise ClusterFailed(message) from error
            time.sleep(0.02)
        else:
            return
