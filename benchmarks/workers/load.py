"""Clients of a server that gives embeddings: each sends one text, waits for its vector, and sends the next.

python load.py PORT PATH CLIENTS SECONDS TEXTS.json VECTORS.npy; prints the report as a line of JSON. The answers are
looked at when the time is over, each against the vector of its own text.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import count
from pathlib import Path

import httptools
import numpy as np
import orjson

#: Cosine between an answer and the vector of its text: other libraries round in other places.
SAME = 0.999


class Connection(asyncio.Protocol):
    """A connection that is kept, with one request at a time."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand on what came."""
        self._parser.feed_data(data)

    def connection_lost(self, _: Exception | None) -> None:
        """An answer that is waited for will not come."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    def on_body(self, body: bytes) -> None:
        """A part of an answer (called by the parser)."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """The end of an answer (called by the parser)."""
        assert self._answer is not None
        self._answer.set_result((self._parser.get_status_code(), b"".join(self._parts)))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body that answer a request."""
        self._answer = asyncio.get_running_loop().create_future()
        self._parser, self._parts = httptools.HttpResponseParser(self), []
        self.transport.write(request)
        return await self._answer


async def load(
    port: int, path: str, clients: int, seconds: float, texts: list[str]
) -> list[tuple[int, float, int, bytes]]:
    """What all clients were answered: the place of the text, the seconds it took, the status and the body."""
    answers, places = [], count()
    until = time.perf_counter() + seconds

    async def client() -> None:
        _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
        while time.perf_counter() < until:
            place = next(places) % len(texts)
            body = orjson.dumps({"model": "minilm", "input": [texts[place]]})
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            head += f"Content-Length: {len(body)}\r\n\r\n"
            begun = time.perf_counter()
            status, answer = await connection.ask(head.encode() + body)
            answers.append((place, time.perf_counter() - begun, status, answer))
        connection.transport.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return answers


def main() -> None:
    port, path, clients, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    texts, vectors = json.loads(Path(sys.argv[5]).read_text(encoding="utf-8")), np.load(sys.argv[6])
    begun = time.perf_counter()
    answers = asyncio.run(load(port, path, clients, seconds, texts))
    taken = time.perf_counter() - begun
    wrong = failed = 0
    for place, _, status, answer in answers:
        if status != 200:
            failed += 1
            continue
        vector = np.asarray(orjson.loads(answer)["data"][0]["embedding"], np.float32)
        wrong += not vector @ vectors[place] > SAME * np.linalg.norm(vector)
    times = 1000 * np.asarray([each[1] for each in answers])
    p50, p99 = np.percentile(times, [50, 99])
    report = {"answers": len(answers), "per_second": len(answers) / taken, "p50": float(p50), "p99": float(p99)}
    print(json.dumps(report | {"wrong": wrong, "failed": failed}))


main()
