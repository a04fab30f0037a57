"""Hard negatives are the peer's, row by row, on real pairs.

Needs the peers' environment with ``datasets`` in it; its Python is found in ``.venv-peers`` or named by
``SBERT_PEER_PYTHON``.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from interop.peer_mining import SharedWords
from sbert import mine_hard_negatives
from sbert.checkpoints import resolve
from support.shared import json_lines, require, rows

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("SBERT_PEER_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))
OPTIONS = [
    {},
    {"output_format": "n-tuple", "output_scores": True},
    {"range_min": 3, "num_negatives": 2},
    {"relative_margin": 0.05, "output_scores": True},
    {"absolute_margin": 0.1, "output_format": "labeled-pair"},
    {"max_score": 0.6, "min_score": 0.3, "output_format": "labeled-list", "output_scores": True},
    {"range_min": 5, "range_max": 20, "num_negatives": 5, "max_score": 0.5, "output_format": "labeled-pair"},
    {"include_positives": True, "num_negatives": 4, "output_format": "n-tuple", "output_scores": True},
    {"cross_encoder": True, "relative_margin": 0.1, "output_scores": True},
    {"cross_encoder": True, "min_score": 0.05, "output_format": "labeled-list"},
]


def claims():
    """Claims with the titles of the papers that speak of them, among all titles."""
    titles = {paper["_id"]: paper["title"] for paper in json_lines("retrieval/scifact/corpus.jsonl.gz")}
    texts = {claim["_id"]: claim["text"] for claim in json_lines("retrieval/scifact/queries.jsonl.gz")}
    judged = require("retrieval/scifact/qrels/test.tsv").read_text(encoding="utf-8").splitlines()[1:]
    pairs = [(texts[claim], titles[paper]) for claim, paper, _ in map(str.split, judged)]
    return pairs[:120], list(titles.values())  # the peer takes seconds for each of the options


def premises():
    """Premises with what follows from them; other premises' are all the documents there are."""
    pairs = [row for row in rows("nli/snli-devtest.tsv.gz") if row["label"] == "entailment"]
    return [(row["premise"], row["hypothesis"]) for row in pairs[:200]], None


@pytest.mark.parametrize("data", [pytest.param(claims, marks=pytest.mark.slow, id="claims"), premises])
def test_the_same_negatives(data, minilm, tmp_path):
    pairs, corpus = data()
    if (
        not PEER.exists()
        or subprocess.run([PEER, "-c", "import datasets"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs the peers' environment, with datasets in it")
    request = {
        "folder": str(resolve("all-MiniLM-L6-v2").folder),
        "pairs": pairs,
        "corpus": corpus,
        "options": OPTIONS,
        "cache": str(tmp_path / "peer"),
    }
    script = Path(__file__).with_name("peer_mining.py")
    answer = subprocess.run([PEER, script], input=json.dumps(request), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    table = dict(zip(("anchor", "positive"), map(list, zip(*pairs, strict=True)), strict=True))
    for options, peers in zip(OPTIONS, json.loads(answer.stdout), strict=True):
        judge = {"cross_encoder": SharedWords(np.array)} if "cross_encoder" in options else {}
        mined = mine_hard_negatives(
            table, minilm, corpus=corpus, cache_folder=tmp_path / "own", verbose=False, **options | judge
        )
        assert list(mined) == list(peers)
        same = [name for name in mined if not name.startswith("score")]
        ours, theirs = (list(map(str, zip(*(found[name] for name in same), strict=True))) for found in (mined, peers))
        assert len(ours) == len(theirs)
        # Vectors differ in the last bits, and with them the order of documents that are all but equally near.
        assert np.mean([left == right for left, right in zip(ours, theirs, strict=True)]) > 0.995, options
        for name in set(mined) - set(same):
            flat = [np.concatenate([np.atleast_1d(value) for value in found[name]]) for found in (mined, peers)]
            np.testing.assert_allclose(*flat, atol=1e-3 if judge else 1e-5)
