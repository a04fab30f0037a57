"""The README's commands: what each reads, what its placeholders stand for, and what must come of it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from release.material import MAKERS, MODEL

#: What stands for something of the reader's own. No multilingual model comes as a package that is light enough, so an
#: English one shows that the command works; what it finds is not looked at.
PLACEHOLDERS = {
    "MODEL": MODEL, "MODEL...": MODEL, "OTHER": "other", "MULTILINGUAL": MODEL, "CROSS_ENCODER": "models/cross/final",
    "qdrant://host": "qdrant:uploaded",
}  # fmt: skip

Check = Callable[[str, Path], None]
Around = Callable[[Path], AbstractContextManager[dict[str, str]]]


@dataclass
class Command:
    """A command as it is shown.

    Attributes:
        line: the whole, without its comment.
        check: looks at standard output and the folder.
        before: commands that make what it needs, and the files that those read.
        around: what must run beside it, which gives it variables of the environment; nothing by default.
    """

    line: str
    check: Check | None = None
    before: tuple[tuple[str, tuple[str, ...]], ...] = ()
    around: Around | None = None
    arguments: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.arguments = [PLACEHOLDERS.get(word, word) for word in shlex.split(self.line)[1:]]

    @property
    def files(self) -> list[str]:
        """Names among its arguments that it reads and that can be made."""
        return [name for word in self.arguments if (name := word.rstrip("/")) in MAKERS]


def commands(block: str) -> list[Command]:
    """The commands of a block, each with what must come of it.

    Raises:
        AssertionError: one is not known here: say above what it must do.
    """
    found = []
    for line in block.splitlines():
        plain = re.sub(r"\s{2,}#.*$", "", line).strip()
        if plain:
            name = next((each for each in sorted(EXPECTED, key=len, reverse=True) if plain.startswith(each)), None)
            assert name, f"What must come of it? {plain}"
            found.append(EXPECTED[name](plain))
    assert len(found) > 10
    return found


def _has(*words: str) -> Check:
    def check(out: str, folder: Path) -> None:
        for word in words:
            assert word in out, f"{word!r} is not in:\n{out}"

    return check


def _made(name: str, begins: bytes = b"", least: int = 1) -> Check:
    def check(out: str, folder: Path) -> None:
        path = folder / name
        if path.is_dir():
            assert len(list(path.iterdir())) >= least, f"{name} is empty"
        else:
            content = path.read_bytes()
            assert content.startswith(begins), f"{name} begins with {content[:20]!r}"
            assert len(content) > least

    return check


def _similar(out: str, folder: Path) -> None:
    assert 0.8 < float(out) <= 1.0, out


def _first_is(word: str) -> Check:
    def check(out: str, folder: Path) -> None:
        first = next(line for line in out.splitlines() if line.strip())
        assert word in first, f"{word!r} is not in the first line of:\n{out}"

    return check


def _vectors(out: str, folder: Path) -> None:
    import numpy as np

    found = np.load(folder / "vectors.npy")
    lines = (folder / "texts.jsonl").read_text(encoding="utf-8").splitlines()
    assert found.shape == (len(lines), 384)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)


def _same_bytes(out: str, folder: Path) -> None:
    """What machines have made is what one has made."""
    shards = sorted(path.name for path in (folder / "vectors-of-one").glob("*.npy"))
    assert shards
    for name in shards:
        assert (folder / "vectors" / name).read_bytes() == (folder / "vectors-of-one" / name).read_bytes(), name


@contextmanager
def _cluster(folder: Path) -> Iterator[dict[str, str]]:
    """A Ray cluster of this machine, which ends with the block; the first job's folder is put aside."""
    ray = Path(sys.executable).with_name("ray")
    if not ray.exists():  # the command will say so
        yield {}
        return
    if (folder / "vectors").exists():
        (folder / "vectors").rename(folder / "vectors-of-one")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "RAY_ADDRESS": f"127.0.0.1:{port}", "RAY_USAGE_STATS_ENABLED": "0",
        # A token of its own: who else is on this machine has no part in it, and it has none in their clusters.
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }  # fmt: skip
    options = [f"--port={port}", "--node-ip-address=127.0.0.1", "--include-dashboard=false", "--num-cpus=2"]
    with (folder / "ray.log").open("w") as log:
        running = subprocess.Popen(
            [ray, "start", "--head", "--block", "--disable-usage-stats", *options],
            stdout=log, stderr=log, start_new_session=True, env=os.environ | environment,
        )  # fmt: skip
        try:
            until = time.monotonic() + 90
            while "Ray runtime started" not in (folder / "ray.log").read_text():
                assert running.poll() is None, (folder / "ray.log").read_text()
                assert time.monotonic() < until, (folder / "ray.log").read_text()
                time.sleep(0.5)
            yield environment
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)


def _served(out: str, folder: Path) -> None:
    answers = json.loads(out)
    assert len(answers["embedding"]) == 384
    assert "password" in answers["passage"]
    assert answers["page"].startswith("<!doctype html>")


def _command(
    check: Check, *before: tuple[str, tuple[str, ...]], around: Around | None = None
) -> Callable[[str], Command]:
    def make(line: str) -> Command:
        return Command(line, check, before, around)

    return make


#: What must come of each, by how it begins; the longest beginning that fits counts.
EXPECTED: dict[str, Callable[[str], Command]] = {
    "sbert search corpus.txt": _command(_first_is("password")),
    "sbert encode texts.jsonl": _command(_vectors),
    "sbert similarity": _command(_similar),
    "sbert explain": _command(_made("why.png", b"\x89PNG")),
    "sbert pairs": _command(_first_is("plane")),
    "sbert dedupe": _command(_made("kept.csv", b"text", 50)),
    "sbert cluster": _command(_has("card")),
    "sbert align": _command(_has("\t")),
    "sbert index build": _command(_made("docs.lance")),
    "sbert search docs.lance": _command(_first_is("password.md")),
    "sbert index load": _command(_made("big.lance"), ("sbert encode texts/ -o vectors/", ("texts",))),
    "sbert index export": _command(_made("docs.parquet", b"PAR1", 1000)),
    "sbert index upload": _command(_made("uploaded")),
    "sbert map": _command(_made("map.html", b"<!doctype html>", 1000)),
    "sbert rerank": _command(_has("password"), ("sbert train cross.yaml", ("cross.yaml",))),
    "sbert evaluate": _command(_has("spearman")),
    "sbert train run.yaml": _command(_made("models/mine/final", least=3)),
    "sbert encode texts/ -o vectors/ --ray": _command(_same_bytes, around=_cluster),
    "sbert encode texts/ -o parts/ --shard": _command(_made("parts/part-0-of-8/shard-00000.npy", b"\x93NUMPY")),
    "sbert serve": _command(_served),
    "sbert info": _command(_has("384", "256")),
}
