"""What the README says is so."""

import ast
import re
import subprocess
import sys

from typer.testing import CliRunner

from release.readme_commands import commands
from sbert.cli.app import app
from support.pages import README as PAGE
from support.pages import blocks
from support.readme import README, ROOT, example


def test_the_example_prints_what_is_shown():
    code, shown = example()
    assert len(code.splitlines()) <= 12
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == shown


def test_every_command_shown_exists():
    commands = set(re.findall(r"^sbert (\w+)", README, re.MULTILINE))
    assert commands >= {"search", "encode", "similarity", "pairs", "info", "index"}
    for command in commands:
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_what_must_come_of_every_command_is_known():
    """``make dist`` runs them all (tests/release/check_wheel.py)."""
    (block,) = [block.text for block in blocks(PAGE) if block.text.startswith("sbert ")]
    assert len(commands(block)) == len(block.splitlines())


def test_the_staircase_is_there():
    steps = re.findall(r"`([\w/]+\.py):([\w.]+)`", README)
    assert len(steps) == 5
    for file, name in steps:
        tree = ast.parse((ROOT / "src" / "sbert" / file).read_text(encoding="utf-8"))
        for part in name.split("."):
            tree = next(node for node in tree.body if getattr(node, "name", None) == part)


def test_every_file_linked_exists():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_figures_are_those_that_were_measured():
    """The table, docs/benchmarks.md and its charts are what the results files beside the benchmarks give."""
    done = subprocess.run([sys.executable, "benchmarks/report.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_benchmark_shown_exists():
    scripts = re.findall(r"benchmarks/\w+\.py", README)
    assert scripts
    for script in scripts:
        assert (ROOT / script).exists(), script
