"""The pages in docs/ and the README are true: what they say to type is run, and what they name is there."""

import ast
import importlib
import importlib.util
import itertools
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from sbert import evaluation, losses
from sbert.losses import cross_encoder
from support.pages import DOCS, LANGUAGES, PAGES, ROOT, Block, blocks
from support.reader import Reader

#: Libraries that examples show beside sbert and that development does not install.
ELSEWHERE = {
    "bertopic", "haystack", "keybert", "langchain_core", "mteb", "openai", "opensearchpy", "pgvector", "psycopg",
    "llama_index", "pymilvus", "qdrant_client", "spacy",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where blocks run that do not run here.

    Attributes:
        file: the test.
        names: what that test has in it, so that it is about the block.
        why: the block does not run here.
        first: lines by which the blocks begin; all blocks of the page that are to be run, where there are none.
    """

    file: str
    names: str
    why: str
    first: tuple[str, ...] = ()


#: By page. Everything else runs in test_what_a_page_says_to_do_is_done.
PLACES = {
    "README.md": [
        Place(
            "tests/test_readme.py",
            "example()",
            "it runs on the lowest Python too",
            ("from sbert import SentenceTransformer",),
        ),
        Place(
            "tests/release/readme_commands.py",
            '"sbert search corpus.txt"',
            "make dist runs every command by the wheel alone, as a new user has it",
            ('sbert search corpus.txt "how do I reset my password"     # vectors are kept beside the corpus',),
        ),
    ],
    "databases.md": [
        Place("tests/integrations/databases/test_docs.py", "databases.md", "it needs databases: make databases"),
    ],
    "integrations.md": [
        Place("tests/adapters/test_page.py", "integrations.md", "it needs the libraries: make adapters"),
    ],
    "moving.md": [
        Place("compat/tests/test_docs.py", "moving.md", "it is about sbert-compat, whose tests are there"),
    ],
    "evaluation.md": [
        Place(
            "tests/interop/test_mteb.py",
            "mteb",
            "it asks a hub for data; there mteb runs on data that is made, by make interop",
            ("import mteb",),
        ),
    ],
    "serving.md": [
        Place("tests/server/test_clients.py", "openai.OpenAI(", "it needs openai: make clients", ("import openai",)),
    ],
    "scale.md": [
        Place(
            "tests/release/readme_commands.py",
            '"sbert encode texts/ -o vectors/ --ray"',
            "it needs a cluster, which make dist starts",
            ("sbert encode texts/ -o vectors/ --dtype int8              # one machine",),
        ),
    ],
}

#: What schedulers tell the tasks that they start.
SCHEDULED = {"$JOB_COMPLETION_INDEX": "0", "$SLURM_ARRAY_TASK_ID": "1", "$AWS_BATCH_JOB_ARRAY_INDEX": "2"}


def place_of(block: Block) -> Place | None:
    """Where else a block runs; None where it runs here."""
    for place in PLACES.get(block.page.name, ()):
        if block.first in place.first or not place.first:
            return place
    return None


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def page(request):
    return request.param


def test_what_a_page_says_to_do_is_done(page, tmp_path, monkeypatch):
    here = [block for block in blocks(page) if block.language != "text" and place_of(block) is None]
    if not here:
        return  # nothing to type, or all of it elsewhere, which the next tests look at
    if any("curl " in block.text for block in here) and shutil.which("curl") is None:
        pytest.skip("needs curl")
    monkeypatch.chdir(tmp_path)
    reader = Reader(SCHEDULED)
    try:
        for block in here:
            reader.read(block)
    finally:
        reader.close()
    if reader.left_out:
        pytest.skip("all ran but " + "; ".join(reader.left_out))


def test_every_block_says_what_it_is(page):
    """So that none is passed over: code and commands run, and text is what is printed or only looked at."""
    for block in blocks(page):
        assert block.language in LANGUAGES, f"{block}: a fence must say one of {', '.join(LANGUAGES)}"
        if block.language == "text":
            assert not re.search(r"^(\$|sbert |pip |make |curl |python |import |from )", block.text, re.MULTILINE), (
                block
            )


@pytest.mark.parametrize("name", PLACES)
def test_what_runs_elsewhere_does(name):
    (page,) = [page for page in PAGES if page.name == name]
    beginnings = [block.first for block in blocks(page)]
    for place in PLACES[name]:
        assert place.names in (ROOT / place.file).read_text(encoding="utf-8"), place
        for first in place.first:
            assert beginnings.count(first) == 1, (
                f"{name} has {beginnings.count(first)} blocks that begin with {first!r}"
            )


def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_figures_are_those_of_the_benchmarks(page):
    """A figure that leads to docs/benchmarks.md stands there, in the section that it leads to."""
    for figure, anchor in re.findall(
        r"\[([^\]]*\d[^\]]*)\]\(benchmarks\.md#([\w-]+)\)", page.read_text(encoding="utf-8")
    ):
        assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?![.,]?\d)", _measured(anchor)), f"{figure} in #{anchor}"


def _measured(anchor):
    """The section of docs/benchmarks.md with an anchor, of equal ones the first."""
    parts = re.split(r"^(#+) (.*)$", (DOCS / "benchmarks.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    levels, titles, texts = parts[::3], parts[1::3], parts[2::3]
    slugs = [re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles]
    first = slugs.index(anchor)
    below = itertools.takewhile(lambda place: len(levels[place]) > len(levels[first]), range(first + 1, len(slugs)))
    return "\n".join(texts[place] for place in (first, *below))


def test_the_site_has_every_page():
    listed = re.findall(
        r"^ +- (?:[A-Z]\w*: )?([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    there = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert sorted(listed) == sorted(there)


def test_losses_and_evaluators_exist(page):
    text = page.read_text(encoding="utf-8")
    for name in set(re.findall(r"`([A-Z][A-Za-z0-9]*Loss)`", text)):
        assert hasattr(losses, name) or hasattr(cross_encoder, name), name
    for name in set(re.findall(r"`([A-Z][A-Za-z0-9]*Evaluator)`", text)):
        assert hasattr(evaluation, name), name


def test_modules_have_the_names_that_tables_give_them(page):
    for module, names in re.findall(r"`(sbert\.[\w.]+)`: (`\w+`(?:, `\w+`)*)", page.read_text(encoding="utf-8")):
        for name in re.findall(r"\w+", names):
            assert _has(module, name), f"{module} has no {name}"


def test_examples_import_what_there_is(page):
    """Also those that run elsewhere; of adapters whose library is not here, the source is asked."""
    for block in blocks(page):
        if block.language != "python":
            continue
        tree = ast.parse(block.text)
        caught = {inside for tried in ast.walk(tree) if isinstance(tried, ast.Try) for inside in ast.walk(tried)}
        for node in ast.walk(tree):
            if node in caught:
                continue  # shows what happens where a name is not there
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] not in ELSEWHERE:
                for alias in node.names:
                    assert _has(node.module, alias.name), f"{block}: {node.module} has no {alias.name}"


def _has(module, name):
    """Whether a name can be imported; where that needs a library that is not here, whether the source defines it."""
    try:
        return hasattr(importlib.import_module(module), name) or bool(importlib.util.find_spec(f"{module}.{name}"))
    except ImportError as missing:
        error = missing.__cause__ or missing  # the adapters' own errors say what to install
        root = (error.name or "").split(".")[0]
        assert root in ELSEWHERE, f"{module} needs {root}, which development should have"
        tree = ast.parse(Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8"))
        return name in {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
