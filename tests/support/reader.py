"""Someone who reads a page from top to bottom and does all that it says, in a folder of their own.

Python runs in this process, and blocks share their names. ``sbert`` runs as a process; ``sbert serve`` on a port that
is free, until the page ends. What ``pip`` and ``make`` are asked for is looked up, and not done.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

import sbert

from . import page_material
from .installs import check_pip
from .pages import ROOT, Block
from .processes import Process

#: Where pages have their server.
SERVED = "localhost:8000"
#: A wide one without colours.
_TERMINAL = {"TERM": "xterm", "COLUMNS": "200", "NO_COLOR": "1"}
#: Bold headings.
_STYLE = re.compile(r"\x1b\[[\d;]*m")
#: What differs from run to run.
_TIME = re.compile(r'\b[\d.,]+ m?s\b|"milliseconds":[\d.]+')
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?![\w])")


class Reader:
    """Runs blocks in the folder in which the process stands.

    Args:
        instead: texts of pages, and what stands in their place here, such as the address of a server.
    """

    def __init__(self, instead: Mapping[str, str] | None = None) -> None:
        self.folder = Path.cwd()
        self.instead = dict(instead or {})
        self.names: dict[str, object] = {"__name__": "page"}
        self.environment = {"PYTHONPATH": str(Path(sbert.__file__).parents[1]), "TQDM_DISABLE": "1"}
        self.server: Process | None = None
        self.left_out: list[str] = []
        self.lacking: set[str] = set()  # names that blocks would have made which were left out

    def read(self, block: Block) -> str | None:
        """Do what a block says, and compare what it prints with what the page shows.

        Returns:
            What it printed; None where it could not be run since data is not here, which :attr:`left_out` tells.
        """
        text = block.text
        for written, real in self.instead.items():
            text = text.replace(written, real)
        python = ast.walk(ast.parse(text)) if block.language == "python" else ()
        names = [node for node in python if isinstance(node, ast.Name)]
        missing = page_material.prepare(self.folder, text)
        if not missing and (lacking := self.lacking.intersection(node.id for node in names) - self.names.keys()):
            missing = f"it needs {', '.join(sorted(lacking))}, which comes of what was left out"
        if missing:
            self.left_out.append(f"{block}: {missing}")
            self.lacking.update(node.id for node in names if isinstance(node.ctx, ast.Store))
            return None
        if block.language == "python":
            printed = self._python(block, text)
        elif block.language == "yaml":
            (self.folder / "run.yaml").write_text(text, encoding="utf-8")
            printed = ""
        elif block.language == "console":
            return self._console(block, text)
        else:
            assert block.language == "bash", f"{block}: nothing is known of blocks in {block.language!r}"
            printed = "".join(self._command(block, line) for line in text.replace("\\\n", " ").splitlines())
        if block.shown is not None:
            assert_same(printed, block.shown, str(block))
        return printed

    def close(self) -> None:
        """End the server as a page says that it ends: by a signal, with what was taken answered, and with 0."""
        if self.server is not None:
            self.server.process.send_signal(signal.SIGTERM)
            try:
                assert self.server.process.wait(60) == 0, "".join(self.server.notes)
            finally:
                self.server.end()
                self.server = None

    def _python(self, block: Block, text: str) -> str:
        printed = io.StringIO()
        code = compile("\n" * (block.line - 1) + text, str(block.page), "exec")  # tracebacks name the page's line
        with contextlib.redirect_stdout(printed):
            exec(code, self.names)
        return printed.getvalue()

    def _console(self, block: Block, text: str) -> str:
        """Commands behind ``$``, each followed by what it prints."""
        whole = ""
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            printed = self._command(block, command, terminal=True)
            assert_same(printed, shown, f"{block}: {command}")
            whole += printed
        return whole

    def _command(self, block: Block, line: str, *, terminal: bool = False) -> str:
        words = shlex.split(line, comments=True)
        if not words:
            return ""
        program, *arguments = words
        if program == "sbert" and arguments[0] == "serve":
            self.close()
            self.server = Process(*arguments[1:])
            return ""
        if program == "sbert":
            return self._run(block, [sys.executable, "-m", "sbert", *arguments], terminal)
        if program == "torchrun":
            return self._run(block, [sys.executable, "-m", "torch.distributed.run", *arguments], terminal)
        if program == "curl":
            assert self.server is not None, f"{block}: nobody serves"
            here = self.server.url.removeprefix("http://")
            return self._run(block, ["curl", *(word.replace(SERVED, here) for word in arguments)], terminal)
        if program == "export":
            self.environment |= dict(word.split("=", 1) for word in arguments)
        elif program == "pip":
            check_pip(arguments)
        elif program == "make":
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{re.escape(arguments[0])}:", makefile, re.MULTILINE), line
        else:
            raise AssertionError(f"{block}: nothing is known of the command {program!r}")
        return ""

    def _run(self, block: Block, command: list[str], terminal: bool) -> str:
        """What a process prints to standard output, as a terminal shows it or as a pipe has it."""
        shown = os.openpty() if terminal else os.pipe()
        with tempfile.TemporaryFile() as notes:
            running = subprocess.Popen(
                command, cwd=self.folder, env=os.environ | _TERMINAL | self.environment, stdin=subprocess.DEVNULL,
                stdout=shown[1], stderr=notes,
            )  # fmt: skip
            os.close(shown[1])
            printed = b""
            with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
                while part := os.read(shown[0], 65536):
                    printed += part
            os.close(shown[0])
            status = running.wait()
            notes.seek(0)
            told = notes.read().decode()
        assert status == 0, f"{block}: {shlex.join(command)}\n{told}{printed.decode()}"
        return _STYLE.sub("", printed.decode())


def assert_same(printed: str, shown: str, where: str) -> None:
    """That a page shows what was printed: every word, and numbers to the digits shown; times may be others.

    Numbers with a point may differ by one in their last digit, or by 0.0001 where that is more: processors round
    differently.
    """
    printed, shown = (_TIME.sub("(time)", " ".join(text.replace("─", "").split())) for text in (printed, shown))
    told = f"{where}\nprinted: {printed}\nshown:   {shown}"
    assert _NUMBER.sub("#", printed) == _NUMBER.sub("#", shown), told
    for ours, theirs in zip(_NUMBER.findall(printed), _NUMBER.findall(shown), strict=True):
        decimals = len(theirs.partition("e")[0].partition(".")[2])
        within = max(1.01 * 10**-decimals, 1e-4) if decimals else 0
        numbers = [float(number.replace(",", "")) for number in (ours, theirs)]
        assert numbers[0] == pytest.approx(numbers[1], rel=0, abs=within), f"{ours} is not {theirs}: {told}"
