"""``sbert serve`` as a process of its own."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import sbert


class Process:
    """A server in a process, on a port that was free."""

    def __init__(self, *arguments, script=None, **env):
        source = str(Path(sbert.__file__).parents[1])
        command = [sys.executable, "-m", "sbert", "serve", *map(str, arguments), "--port", "0"]
        if script is not None:
            command = [sys.executable, "-c", script, *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": source, "OMP_NUM_THREADS": "1"} | env,
        )  # fmt: skip
        self.notes, self.lines = [], []
        threading.Thread(target=self._read, args=(self.process.stderr, self.notes), daemon=True).start()
        threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True).start()
        self.url = self._wait()
        self.port = int(self.url.rpartition(":")[2])

    @staticmethod
    def _read(stream, into):
        for line in stream:
            into.append(line)

    def _wait(self):
        for _ in range(1200):
            if found := re.search(r"Listening on (http://\S+)", "".join(self.notes)):
                return found[1]
            assert self.process.poll() is None, "".join(self.notes)
            time.sleep(0.05)
        raise AssertionError("".join(self.notes))

    def log(self):
        return [json.loads(line) for line in list(self.lines)]

    def logged(self, count):
        """The log, once it has so many lines."""
        for _ in range(400):
            if len(self.lines) >= count:
                break
            time.sleep(0.025)
        return self.log()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def end(self):
        self.process.kill()
        self.process.wait()
