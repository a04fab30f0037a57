"""What the pages in docs/ name is there: files, classes, and what their examples import."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from sbert import evaluation, losses
from sbert.losses import cross_encoder

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
#: Libraries that examples show beside sbert and that development does not install.
ELSEWHERE = {
    "bertopic", "haystack", "keybert", "langchain_core", "mteb", "openai", "opensearchpy", "peft", "pgvector",
    "pymilvus", "qdrant_client", "sentence_transformers", "uvicorn",
}  # fmt: skip


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def page(request):
    return request.param.read_text(encoding="utf-8")


def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page):
        assert (DOCS / link).exists(), link


def test_losses_and_evaluators_exist(page):
    for name in set(re.findall(r"`([A-Z][A-Za-z0-9]*Loss)`", page)):
        assert hasattr(losses, name) or hasattr(cross_encoder, name), name
    for name in set(re.findall(r"`([A-Z][A-Za-z0-9]*Evaluator)`", page)):
        assert hasattr(evaluation, name), name


def test_examples_import_what_there_is(page):
    for code in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("sbert.integrations."):
                continue  # tests/adapters/test_page.py runs these, where the libraries are
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] not in ELSEWHERE:
                module = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(module, alias.name) or importlib.import_module(f"{node.module}.{alias.name}")
