"""Asking an ASGI application by hand: clients that send half a body, leave, or all come at once."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import numpy as np

from sbert import SentenceTransformer


class Answer:
    """What an application has answered; ``status`` is 0 for nothing."""

    def __init__(self) -> None:
        self.status, self.headers, self.body = 0, {}, b""

    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    app: Any, path: str, value: Any = None, *, leave: asyncio.Event | None = None, half: bool = False
) -> Answer:
    """Send one request, through no socket.

    Args:
        app: the application.
        path: of the route.
        value: the body, as an object or bytes; None for GET.
        leave: when this is set, the client leaves.
        half: whether only half of the body is sent.
    """
    body = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "path": path,
        "raw_path": path.encode(), "root_path": "", "query_string": b"", "method": "GET" if value is None else "POST",
        "headers": [(b"content-type", b"application/json")], "client": ("127.0.0.1", 1), "server": ("test", 80),
    }  # fmt: skip
    messages = [{"type": "http.request", "body": body[: len(body) // 2] if half else body, "more_body": half}]
    never, answer = asyncio.Event(), Answer()

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await (leave or never).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): each.decode() for name, each in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer


class Gated(SentenceTransformer):
    """A model that waits before each call until it is let go, and keeps what it was called with."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.calls: list[list[str]] = []
        self.gate = threading.Event()
        super().__init__(*arguments, **options)

    def encode(self, inputs: Any = None, *arguments: Any, **options: Any) -> Any:
        self.calls.append(list(inputs))
        assert self.gate.wait(30)
        if "poison" in self.calls[-1]:
            raise RuntimeError("the network broke")
        return super().encode(inputs, *arguments, **options)


async def until(condition: Any, seconds: float = 20) -> None:
    """Wait until something holds."""
    for _ in range(int(seconds / 0.005)):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come true")


def same(found: Any, expected: Any) -> bool:
    """Whether vectors that went through JSON are those that were meant, up to rounding."""
    return np.allclose(np.array(found, np.float32), expected, atol=1e-6)
