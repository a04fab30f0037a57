"""``sbert serve`` as a process, asked for a vector, a search and its page."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path


def serve(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Start a server, ask it, and end it.

    Args:
        command: with its arguments, but for the port.
        folder: to start it in.

    Returns:
        Its answers as JSON on standard output; its own status and errors.
    """
    errors = folder / "serve.log"
    with errors.open("w") as log:
        server = subprocess.Popen([*command, "--port", "0", "--no-log"], cwd=folder, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 120
            while not (found := re.search(r"Listening on (\S+)", errors.read_text())):
                if server.poll() is not None or time.monotonic() > until:
                    break
                time.sleep(0.1)
            answers = ask(found[1]) if found else {}
            server.send_signal(signal.SIGTERM)
            status = server.wait(60)
        finally:
            server.kill()
    return subprocess.CompletedProcess(list(command), status, json.dumps(answers), errors.read_text())


def ask(url: str) -> dict[str, object]:
    """What a server with an index answers."""
    return {
        "embedding": _post(f"{url}/v1/embeddings", {"input": "a cat"})["data"][0]["embedding"],
        "passage": _post(f"{url}/search", {"query": "how do I reset my password"})["hits"][0]["passage"],
        "page": urllib.request.urlopen(url, timeout=30).read().decode(),
    }


def _post(url: str, value: object) -> dict:
    request = urllib.request.Request(url, json.dumps(value).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
