"""The examples of the page about moving, and of the README, run."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.pages import blocks
from support.reader import Reader

COMPAT = Path(__file__).resolve().parents[1]
PAGES = [COMPAT.parent / "docs" / "moving.md", COMPAT / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_true(page, tmp_path, monkeypatch):
    """Its examples run, and print what is shown; what it says to install is there."""
    monkeypatch.chdir(tmp_path)
    reader = Reader()
    examples = [block for block in blocks(page) if block.language in ("python", "bash")]
    assert any(block.language == "python" for block in examples)
    for block in examples:
        reader.read(block)
    assert not reader.left_out


def test_every_library_of_the_page_is_installed_and_tested():
    page = PAGES[0].read_text(encoding="utf-8").lower()
    tested = (COMPAT / "tests" / "test_libraries.py").read_text(encoding="utf-8")
    for line in (COMPAT / "requirements-libraries.txt").read_text(encoding="utf-8").splitlines():
        library = line.partition("==")[0].partition("-")[0]
        if not line.startswith(("#", "sentence-")):
            assert library in page
            assert library in tested.lower()
