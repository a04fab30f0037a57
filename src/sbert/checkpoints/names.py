"""The short names of models that people type, and the full names that hubs use."""

from __future__ import annotations

import os
from pathlib import Path

#: Models of the hub's early days, whose full name has no organisation in it.
_WITHOUT_ORGANISATION = frozenset(
    f"{family}{variant}"
    for family, variants in {
        "albert-": "base-v1 base-v2 large-v1 large-v2 xlarge-v1 xlarge-v2 xxlarge-v1 xxlarge-v2",
        "bert-base-": "cased cased-finetuned-mrpc chinese german-cased german-dbmdz-cased german-dbmdz-uncased "
        "multilingual-cased multilingual-uncased uncased",
        "bert-large-": "cased cased-whole-word-masking cased-whole-word-masking-finetuned-squad uncased "
        "uncased-whole-word-masking uncased-whole-word-masking-finetuned-squad",
        "distilbert-base-": "cased cased-distilled-squad german-cased multilingual-cased uncased "
        "uncased-distilled-squad uncased-finetuned-sst-2-english",
        "gpt2-": "large medium xl",
        "roberta-": "base base-openai-detector large large-mnli large-openai-detector",
        "t5-": "11b 3b base large small",
        "xlm-": "clm-ende-1024 clm-enfr-1024 mlm-100-1280 mlm-17-1280 mlm-en-2048 mlm-ende-1024 mlm-enfr-1024 "
        "mlm-enro-1024 mlm-tlm-xnli15-1024 mlm-xnli15-1024",
        "xlm-roberta-": "base large large-finetuned-conll02-dutch large-finetuned-conll02-spanish "
        "large-finetuned-conll03-english large-finetuned-conll03-german",
        "xlnet-": "base-cased large-cased",
        "": "camembert-base ctrl distilgpt2 distilroberta-base gpt2 openai-gpt transfo-xl-wt103",
    }.items()
    for variant in variants.split()
)

_WELL_KNOWN_HERE = (
    "all-mpnet-base-v2", "multi-qa-mpnet-base-dot-v1", "all-distilroberta-v1", "all-MiniLM-L12-v2",
    "multi-qa-distilbert-cos-v1", "all-MiniLM-L6-v2", "multi-qa-MiniLM-L6-cos-v1", "paraphrase-albert-small-v2",
    "paraphrase-MiniLM-L3-v2", "paraphrase-multilingual-MiniLM-L12-v2", "paraphrase-multilingual-mpnet-base-v2",
    "distiluse-base-multilingual-cased-v1", "distiluse-base-multilingual-cased-v2",
)  # fmt: skip

#: Models that people ask for most: offered when a name is misspelt.
WELL_KNOWN = (
    *(f"sentence-transformers/{name}" for name in _WELL_KNOWN_HERE),
    "intfloat/multilingual-e5-small",
    "intfloat/multilingual-e5-base",
    "BAAI/bge-small-en-v1.5",
    "BAAI/bge-base-en-v1.5",
    "BAAI/bge-m3",
    "nomic-ai/modernbert-embed-base",
    "Alibaba-NLP/gte-modernbert-base",
)


def full_name(name: str, organisation: str = "sentence-transformers") -> str:
    """The hub's name for a model: short names get the organisation that publishes this family.

    Args:
        name: as typed by the user.
        organisation: what is put in front of a name without one; empty for none.

    >>> full_name("all-MiniLM-L6-v2")
    'sentence-transformers/all-MiniLM-L6-v2'
    >>> full_name("bert-base-uncased")
    'bert-base-uncased'
    """
    if "/" in name or name in _WITHOUT_ORGANISATION or not organisation:
        return name
    return f"{organisation}/{name}"


def looks_like_path(name: str) -> bool:
    """Whether a name can only be meant as a path of this machine."""
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or os.sep in name.replace("/", "")


def cache_folder() -> Path:
    """Where sbert keeps what it derives: ``$SBERT_CACHE``, else ``sbert`` in the user's cache folder."""
    if configured := os.environ.get("SBERT_CACHE"):
        return Path(configured).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "sbert"
