"""The one who reads the pages notices what is wrong with them."""

import re

import pytest

from support import page_material
from support.pages import blocks
from support.reader import Reader, assert_same

PAGE = """\
# Title

## First

```python
# not a heading
one = 1
print(f"{one / 3:.4f}")
```

```text
0.3333
```

Words between.

```text
no output of anything
```

## Second

```bash
make test   # a comment
pip install 'sbert[index,serve]' ./compat numpy
export SOME=thing
```

```python
print(one)
```
"""


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads a page, and gives what was printed."""
    monkeypatch.chdir(tmp_path)

    def read(text):
        page = tmp_path / "page.md"
        page.write_text(text, encoding="utf-8")
        reader = Reader()
        return [reader.read(block) for block in blocks(page) if block.language != "text"]

    return read


def test_blocks_are_found_with_their_places(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    found = blocks(page)
    assert [(block.line, block.heading, block.language) for block in found] == [
        (6, "First", "python"), (12, "First", "text"), (18, "First", "text"), (24, "Second", "bash"),
        (30, "Second", "python"),
    ]  # fmt: skip
    assert [block.shown for block in found] == ["0.3333\n", None, None, None, None]


def test_what_is_right_is_read(read):
    assert read(PAGE) == ["0.3333\n", "", "1\n"]


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("0.3333", "0.3343", "0.3333 is not 0.3343"),
        ("0.3333", "0.3333 done", "printed: 0.3333"),
        ("make test", "make tset", "make tset"),
        ("index,serve", "index,sreve", "sbert has no extra sreve"),
        (" ./compat", " ./compta", "compta"),
        (" numpy", " numpyy", "numpyy is nothing that this project names"),
        ("export SOME=thing", "rm -r thing", "nothing is known of the command 'rm'"),
        ("export SOME=thing", "curl localhost:8000", "nobody serves"),
        ("export SOME=thing", "sbert similarity a --none", "similarity a --none"),
        ("```bash", "```zsh", "nothing is known of blocks in 'zsh'"),
        ("print(one)", "print(two)", "two"),
    ],
)
def test_what_is_wrong_is_told(read, right, wrong, told):
    assert right in PAGE
    with pytest.raises((AssertionError, NameError, FileNotFoundError), match=re.escape(told)):
        read(PAGE.replace(right, wrong))


def test_a_terminal_shows_tables_and_a_pipe_does_not(read):
    texts = "```python\nopen('a.txt', 'w').write('a cat\\na cat\\n')\n```\n"
    shown = " score   text    text like it\n ────\n 1.0000   a cat   a cat\n"
    assert "text like it" in read(f"{texts}\n```console\n$ sbert pairs a.txt\n{shown}```\n")[1]
    assert read(f"{texts}\n```bash\nsbert pairs a.txt\n```\n")[1] == "1.0000\ta cat\ta cat\n"


@pytest.mark.parametrize(
    ("printed", "shown", "same"),
    [
        ("0.50001", "0.5000", True),
        ("0.5002", "0.5000", False),
        ("0.59", "0.58", True),
        ("0.60", "0.58", False),
        ("12 texts", "13 texts", False),
        ("1,234 texts in 3.2 s", "1,234 texts in 17 ms", True),
        ("a  b\n c", "a b c", True),
        ("-0.5", "0.5", False),
        ("all-MiniLM-L6-v2", "all-MiniLM-L6-v3", False),
    ],
)
def test_numbers_are_compared_as_they_are_shown(printed, shown, same):
    if same:
        assert_same(printed, shown, "here")
    else:
        with pytest.raises(AssertionError, match="here"):
            assert_same(printed, shown, "here")


def test_what_needs_what_is_not_here_is_left_out_and_told(tmp_path, monkeypatch):
    def gone(file):
        raise FileNotFoundError("the file is nowhere")

    monkeypatch.setitem(page_material.MAKERS, "gone.txt", gone)
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```python\na = open('gone.txt')\n```\n\n```python\nb = a\n```\n\n```python\nprint(2)\n```\n")
    reader = Reader()
    assert [reader.read(block) for block in blocks(page)] == [None, None, "2\n"]
    assert reader.left_out == [
        "page.md:2: the file is nowhere", "page.md:6: it needs a, which comes of what was left out",
    ]  # fmt: skip
