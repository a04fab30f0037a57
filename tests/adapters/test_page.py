"""The examples of docs/integrations.md run, each section by itself."""

import pytest

from support.pages import DOCS, blocks
from support.reader import Reader

EXAMPLES = blocks(DOCS / "integrations.md")
IMPORTS = {
    "LangChain": "langchain_core", "LlamaIndex": "llama_index.core", "Haystack": "haystack", "spaCy": "spacy",
    "BERTopic": "bertopic", "KeyBERT": "keybert",
}  # fmt: skip


def test_there_are_examples():
    assert [block.heading for block in EXAMPLES] == list(IMPORTS)


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.heading)
def test_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pytest.importorskip(IMPORTS[block.heading])
    Reader().read(block)
