"""A small HTTP load: so many kept-alive connections ask for one address for so many seconds."""

from __future__ import annotations

import asyncio
import socket
import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What came of it: answers per second, latencies in seconds, how many were not 200, bytes of one answer."""

    rate: float
    p50: float
    p99: float
    wrong: int
    size: int


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, until: float) -> None:
        self.request, self.until = request, until
        self.times: list[float] = []
        self.wrong = 0
        self.size = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = b""
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._ask()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self.transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        if len(body) < length:
            return
        now = time.perf_counter()
        self.times.append(now - self._asked)
        self.wrong += not head.startswith(b"HTTP/1.1 200")
        self.size = len(self._buffer)
        self._buffer = b""
        if now < self.until:
            self._ask()
        else:
            self.transport.close()
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


def load(port: int, path: str, *, seconds: float, connections: int = 8, headers: str = "") -> Load:
    """Ask 127.0.0.1:`port` for `path` over and over and return what came of it."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode()

    async def run() -> list[_Client]:
        loop = asyncio.get_running_loop()
        until = time.perf_counter() + seconds
        made = [
            await loop.create_connection(lambda: _Client(request, until), "127.0.0.1", port) for _ in range(connections)
        ]
        clients = [client for _, client in made]
        await asyncio.gather(*(client.done for client in clients))
        return clients

    started = time.perf_counter()
    clients = asyncio.run(run())
    length = time.perf_counter() - started
    times = sorted(t for client in clients for t in client.times)
    return Load(
        rate=len(times) / length,
        p50=statistics.median(times),
        p99=times[int(len(times) * 0.99)],
        wrong=sum(client.wrong for client in clients),
        size=clients[0].size,
    )


def free_port() -> int:
    """Return a loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
