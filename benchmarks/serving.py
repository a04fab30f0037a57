"""Servers under load: single short texts from 1 to 256 clients, beside infinity-emb and FastAPI around the peer.

All servers hold the same model in one process on loopback; the clients are a process of their own, and the one that
asks for health another. The servers take turns; those whose turn it is not are stopped, and cost nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from harness import HERE, minilm_folder, parser, peer_python, ratio, read_options, record, worker
from texts import short_texts

CLIENTS = (1, 8, 64, 256)
OURS, BASELINE = "sbert serve", "sentence-transformers in FastAPI"
QUIET = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"}


class Server:
    """A server in a process of its own, which runs only while it is used."""

    def __init__(self, command: list[str], path: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.path = path
        self._process = subprocess.Popen(
            [part.replace("PORT", str(self.port)) for part in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | QUIET,
        )
        while not self.healthy():
            if self._process.poll() is not None:
                sys.exit(f"{' '.join(command)} ended with {self._process.returncode}")
            time.sleep(0.2)
        self._process.send_signal(signal.SIGSTOP)

    def healthy(self, connection: http.client.HTTPConnection | None = None) -> bool:
        """Whether the health route answers that all is well."""
        try:
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request("GET", "/health")
            answer = connection.getresponse()
            answer.read()
        except OSError:
            return False
        return answer.status == 200

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Its turn."""
        self._process.send_signal(signal.SIGCONT)
        yield
        self._process.send_signal(signal.SIGSTOP)

    def megabytes(self) -> float:
        """The most memory that it has had."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def end(self) -> None:
        """Stop it for good."""
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()


def health(server: Server, over: threading.Event, found: list[float]) -> None:
    """Milliseconds that the health route takes, some 20 times a second, until it is over."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    while not over.wait(0.05):
        begun = time.perf_counter()
        found.append(1000 * (time.perf_counter() - begun) if server.healthy(connection) else float("inf"))


def measured(server: Server, clients: int, seconds: float, files: list[str]) -> dict[str, Any]:
    """One turn of a server."""
    over, waits = threading.Event(), list[float]()
    with server.running():
        watch = threading.Thread(target=health, args=(server, over, waits))
        watch.start()
        found = worker(sys.executable, "load.py", str(server.port), server.path, str(clients), str(seconds), *files)
        over.set()
        watch.join()
    return found | {"health": float(np.percentile(waits, 99)), "megabytes": server.megabytes()}


def main() -> None:
    found = parser(__doc__, 3)
    found.add_argument("--seconds", type=float, default=8.0, help="of each turn")
    options = read_options(found)
    from sbert import SentenceTransformer

    folder = minilm_folder()
    source, texts = short_texts(options.data, 4_000)
    vectors = SentenceTransformer(folder, backend="openvino").encode(texts)
    commands = {
        OURS: [sys.executable, "-m", "sbert", "serve", f"minilm={folder}", "--port", "PORT", "--no-log"],
        BASELINE: [str(options.peer_python), str(HERE / "workers" / "serve_fastapi.py"), folder, "PORT"],
    }
    paths = {OURS: "/v1/embeddings", BASELINE: "/v1/embeddings", "infinity-emb": "/embeddings"}
    infinity = peer_python(options, "peers-serve").with_name("infinity_emb")
    if infinity.exists():
        commands["infinity-emb"] = [str(infinity), "v2", "--model-id", folder, "--served-model-name", "minilm"]
        commands["infinity-emb"] += ["--device", "cpu", "--engine", "torch", "--no-bettertransformer"]
        commands["infinity-emb"] += ["--host", "127.0.0.1", "--port", "PORT", "--log-level", "warning"]
    else:
        print(f"infinity-emb is left out: {infinity} is not there; make peers installs it.")
    servers: dict[str, Server] = {}
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        files = [f"{scratch}/texts.json", f"{scratch}/vectors.npy"]
        Path(files[0]).write_text(json.dumps(texts), encoding="utf-8")
        np.save(files[1], vectors)
        try:
            for name, command in commands.items():
                servers[name] = Server(command, paths[name])
                measured(servers[name], 8, 2.0, files)  # to warm up
            for clients in CLIENTS:
                turns: dict[str, list[dict[str, Any]]] = {name: [] for name in servers}
                for _ in range(options.rounds):
                    for name, server in servers.items():
                        turns[name].append(measured(server, clients, options.seconds, files))
                results[f"{clients} clients"] = {name: summary(rows, turns[BASELINE]) for name, rows in turns.items()}
                for name, row in results[f"{clients} clients"].items():
                    shown = ", ".join(f"{key} {value:.1f}" for key, value in row.items())
                    print(f"  {clients:3} clients, {name:33} {shown}", flush=True)
        finally:
            for server in servers.values():
                server.end()
    record(
        "serving",
        {
            "texts": source,
            "seconds": options.seconds,
            "rounds": options.rounds,
            "load": results,
            "short_form": options.short,
        },
    )


def summary(rows: list[dict[str, Any]], baseline: list[dict[str, Any]]) -> dict[str, float]:
    """Medians over the turns; the greatest wait for health and memory; sums of what went wrong."""
    shown: dict[str, float] = {key: statistics.median(row[key] for row in rows) for key in ("per_second", "p50", "p99")}
    shown |= {key: max(row[key] for row in rows) for key in ("health", "megabytes")}
    shown |= {key: sum(row[key] for row in rows) for key in ("answers", "wrong", "failed")}
    speeds = [[row["per_second"] for row in side] for side in (baseline, rows)]
    return shown | {"ratio": ratio(*speeds)}


if __name__ == "__main__":
    main()
