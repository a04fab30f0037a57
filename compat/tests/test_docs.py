"""The examples of the page about moving, and of the README, run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

COMPAT = Path(__file__).resolve().parents[1]
PAGES = [COMPAT.parent / "docs" / "moving.md", COMPAT / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_run(page, capsys):
    examples = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        exec(example, {})
    told = capsys.readouterr().out
    if page.stem == "moving":
        assert "(1, 1)\n6.2.0+sbert\n0 0." in told
        assert "STSDataReader is not part of sbert-compat" in told


def test_every_library_of_the_page_is_installed_and_tested():
    page = PAGES[0].read_text(encoding="utf-8").lower()
    tested = (COMPAT / "tests" / "test_libraries.py").read_text(encoding="utf-8")
    for line in (COMPAT / "requirements-libraries.txt").read_text(encoding="utf-8").splitlines():
        library = line.partition("==")[0].partition("-")[0]
        if not line.startswith(("#", "sentence-")):
            assert library in page
            assert library in tested.lower()
