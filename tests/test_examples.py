"""The numbered examples run, in their short form, and are short themselves."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.shared import require

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("[0-9][0-9]_*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_runs(script, tmp_path):
    data = require("sts/stsb-en.tsv.gz").parents[1]
    pytest.importorskip("peft")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, str(script), "--short", "--data", str(data), "--output", str(tmp_path / "models")],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    last = done.stdout.splitlines()[-1]
    numbers = re.findall(r"\d+(?:\.\d+)?(?:e-\d+)?", last)
    assert "->" in last or "difference" in last
    assert numbers, last
    if "difference" in last:
        assert float(numbers[-1]) < 1e-5
    assert list((tmp_path / "models").glob("*/final/modules.json")) or list(
        (tmp_path / "models").glob("*/final/config.json")
    )


@pytest.mark.slow
def test_two_machines_train_one_model(tmp_path):
    """Two torchrun that meet at an address; each has a process, and both end with the same weights."""
    data = require("retrieval/medquad/corpus.jsonl.gz").parents[2]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    script = EXAMPLES / "scale" / "torchrun_nodes.py"
    done = subprocess.run(
        [sys.executable, str(script), "--short", "--data", str(data), "--output", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = re.findall(r"2 processes on 2 machines, 1 model: loss (\S+) -> (\S+)$", done.stdout, re.MULTILINE)
    assert len(told) == 1  # the first alone speaks
    assert float(told[0][1]) < float(told[0][0])
    assert (tmp_path / "nodes" / "final" / "modules.json").is_file()


def test_examples_are_short_and_listed():
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert len(SCRIPTS) >= 16
    for script in SCRIPTS:
        assert len(script.read_text(encoding="utf-8").splitlines()) < 60, script.name
        assert f"`{script.name}`" in listed
