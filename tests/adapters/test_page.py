"""The examples of docs/integrations.md run, each section by itself."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrations.md"
SECTIONS = re.findall(r"^## (\w+)\n.*?^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)

IMPORTS = {
    "LangChain": "langchain_core", "LlamaIndex": "llama_index.core", "Haystack": "haystack", "spaCy": "spacy",
    "BERTopic": "bertopic", "KeyBERT": "keybert",
}  # fmt: skip


def test_there_are_examples():
    assert len(SECTIONS) == 6


@pytest.mark.parametrize(("library", "code"), SECTIONS, ids=[name for name, _ in SECTIONS])
def test_runs(library, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pytest.importorskip(IMPORTS[library])
    exec(compile(code, f"{PAGE.name}: {library}", "exec"), {})
