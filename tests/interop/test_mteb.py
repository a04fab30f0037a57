"""Our models in mteb score what the peer's models score there, and what our own evaluators measure."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sbert import CrossEncoder, SentenceTransformer, evaluation
from sbert.checkpoints import resolve
from support.shared import rows
from support.tiny import WORDS, make_tiny_cross_encoder, make_tiny_late, make_tiny_model, make_tiny_splade
from support.training import pairs, sentences

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("SBERT_PEER_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))

pytestmark = pytest.mark.skipif(
    not [*PEER.parents[1].glob("lib/python*/site-packages/mteb")],
    reason="needs the peers' environment with mteb: make peers",
)

PROMPTS = {
    "query": "question: ",
    "document": "text: ",
    "STS": "alike or not: ",
    "Classification": "what kind: ",
    "Retrieval-query": "find what this asks for: ",
}


def mixed(text, generator):
    """A text with the same words and some others."""
    words = [*text.split(), *generator.choice(WORDS, 3)]
    return " ".join(generator.permutation(words))


def sts():
    # No pair of equal texts: which of two cosines of 1 is the greater is up to the last bit.
    found = [row for row in pairs(80) if row["score"] < 1]
    columns = {"sentence1": "one", "sentence2": "two", "score": "score"}
    return {"test": {ours: [row[theirs] for row in found] for ours, theirs in columns.items()}}


def classification():
    generator = np.random.default_rng(4)
    kinds = [("dog", "cat", "bird"), ("red", "blue", "green"), ("run", "walk", "sit")]
    texts = [mixed(" ".join(generator.choice(kinds[place % 3], 2)), generator) for place in range(150)]
    labels = [place % 3 for place in range(150)]
    parts = {"train": slice(0, 60), "test": slice(60, 150)}
    return {name: {"text": texts[part], "label": labels[part]} for name, part in parts.items()}


def bitext():
    one, generator = sentences(40, seed=6), np.random.default_rng(6)
    return {"test": {"sentence1": one, "sentence2": [mixed(text, generator) for text in one]}}


def retrieval():
    """Documents with titles and without, of which two are relevant to each query."""
    generator, asked = np.random.default_rng(5), sentences(20, seed=5, least=4)
    corpus = {}
    for place in range(90):
        text = mixed(asked[place % 20], generator) if place < 40 else sentences(1, seed=1000 + place)[0]
        corpus[f"d{place}"] = {"title": sentences(1, seed=place)[0] if place % 2 else "", "text": text}
    return {
        "queries": {f"q{place}": text for place, text in enumerate(asked)},
        "corpus": corpus,
        "relevant": {f"q{place}": [f"d{place}", f"d{place + 20}"] for place in range(20)},
    }


def reranking():
    data = retrieval()
    others = {query: [f"d{40 + (7 * int(query[1:]) + step) % 50}" for step in range(8)] for query in data["queries"]}
    return data | {"candidates": {query: data["relevant"][query] + some for query, some in others.items()}}


def whole_text(document):
    return f"{document['title']} {document['text']}".strip()


TASKS = {
    "STS": sts,
    "Classification": classification,
    "BitextMining": bitext,
    "Retrieval": retrieval,
    "Reranking": reranking,
}


def tasks(*kinds):
    return [{"kind": kind, "name": f"Tiny{kind}", "data": TASKS[kind]()} for kind in kinds]


def run(folder, family, todo, prompts=None, impossible=()):
    """Scores of both sides, as ``peer_mteb.py`` prints them."""
    job = {"folder": str(folder), "family": family, "prompts": prompts, "tasks": todo, "impossible": list(impossible)}
    told = subprocess.run(
        [PEER, Path(__file__).with_name("peer_mteb.py")],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT / "src")},
    )
    assert told.returncode == 0, told.stderr[-3000:]
    return json.loads(told.stdout.splitlines()[-1])


def require_equal(found, kinds):
    assert set(found["ours"]) == {f"Tiny{kind}" for kind in kinds}
    for name, theirs in found["theirs"].items():
        ours = found["ours"][name]
        assert set(ours) == set(theirs)
        for key, value in theirs.items():
            assert ours[key] == pytest.approx(value, abs=1e-5, nan_ok=True), f"{name}: {key}"


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    """A folder, and what is found of it on all tasks."""
    folder = make_tiny_model(tmp_path_factory.mktemp("mteb") / "dense", "bert", dense=24)
    return folder, run(folder, "SentenceTransformer", tasks(*TASKS))


def test_a_model_of_vectors_scores_what_the_peers_does(dense):
    require_equal(dense[1], TASKS)


def test_mteb_is_told_facts(dense):
    folder, found = dense
    meta = found["meta"]
    assert meta["name"] == "local/dense"
    assert len(meta["revision"]) == 32
    assert meta["model_type"] == ["dense"]
    assert meta["modalities"] == ["text"]
    assert (meta["embed_dim"], meta["max_tokens"], meta["similarity_fn_name"]) == (24, 128, "cosine")
    assert meta["n_parameters"] == sum(p.numel() for p in SentenceTransformer(folder, backend="torch").parameters())
    assert meta["use_instructions"] is False


def test_our_evaluators_measure_the_same(dense):
    folder, found = dense
    model, scores = SentenceTransformer(folder, backend="torch"), found["ours"]
    pairs_of = sts()["test"]
    measured = evaluation.EmbeddingSimilarityEvaluator(pairs_of["sentence1"], pairs_of["sentence2"], pairs_of["score"])(
        model
    )
    assert scores["TinySTS"]["main_score"] == pytest.approx(measured["spearman_cosine"], abs=1e-5)
    assert scores["TinySTS"]["cosine_pearson"] == pytest.approx(measured["pearson_cosine"], abs=1e-5)

    parts = classification()
    measured = evaluation.ClassificationEvaluator(
        *(parts[part][column] for part in ("train", "test") for column in ("text", "label"))
    )(model)
    for key in ("accuracy", "f1", "f1_weighted"):
        assert scores["TinyClassification"][key] == pytest.approx(measured[key], abs=1e-5)

    data = retrieval()
    corpus = {name: whole_text(document) for name, document in data["corpus"].items()}
    measured = evaluation.InformationRetrievalEvaluator(data["queries"], corpus, data["relevant"])(model)
    for key in ("ndcg@10", "precision@5", "recall@10", "map@100"):
        theirs = scores["TinyRetrieval"][key.replace("@", "_at_")]
        assert theirs == pytest.approx(measured[f"cosine_{key}"], abs=1e-5), key


def test_prompts_of_tasks_go_in_front(tmp_path, dense):
    folder = make_tiny_model(tmp_path / "model", "bert", dense=24)
    given = run(folder, "SentenceTransformer", tasks(*TASKS), PROMPTS)
    require_equal(given, TASKS)
    for kind in ("STS", "Classification", "Retrieval", "Reranking"):
        assert given["ours"][f"Tiny{kind}"] != dense[1]["ours"][f"Tiny{kind}"]
    assert given["ours"]["TinyBitextMining"] == dense[1]["ours"]["TinyBitextMining"]  # neither queries nor documents
    assert given["meta"]["use_instructions"] is True
    assert given["meta"]["revision"] != dense[1]["meta"]["revision"]
    # The same prompts in the folder.
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": PROMPTS}))
    saved = run(folder, "SentenceTransformer", tasks("STS", "Retrieval"))
    require_equal(saved, ["STS", "Retrieval"])
    for name, scores in saved["ours"].items():
        assert scores == pytest.approx(given["ours"][name], abs=1e-6, nan_ok=True)


def test_a_sparse_model_scores_what_the_peers_does(tmp_path):
    found = run(make_tiny_splade(tmp_path / "sparse", "bert"), "SparseEncoder", tasks(*TASKS))
    require_equal(found, TASKS)
    assert (found["meta"]["model_type"], found["meta"]["similarity_fn_name"]) == (["sparse"], "dot")


def test_late_interaction_scores_what_the_peers_does(tmp_path):
    todo = ["Retrieval", "Reranking"]
    folder = make_tiny_late(tmp_path / "late", "bert", skiplist=["the"])
    found = run(folder, "MultiVectorEncoder", tasks(*todo), impossible=tasks("STS"))
    require_equal(found, todo)
    assert (found["meta"]["model_type"], found["meta"]["similarity_fn_name"]) == (["late-interaction"], "MaxSim")
    assert "does not support Search" in found["refused"]["TinySTS"]


def test_a_cross_encoder_scores_what_the_peers_does(tmp_path):
    folder = make_tiny_cross_encoder(tmp_path / "pairs", "bert")
    found = run(folder, "CrossEncoder", tasks("Reranking"), impossible=tasks("STS"))
    require_equal(found, ["Reranking"])
    assert found["meta"]["model_type"] == ["cross-encoder"]
    assert "does not support CrossEncoders" in found["refused"]["TinySTS"]
    data = reranking()
    samples = [
        {
            "query": text,
            "positive": [whole_text(data["corpus"][name]) for name in data["relevant"][query]],
            "negative": [
                whole_text(data["corpus"][name])
                for name in data["candidates"][query]
                if name not in data["relevant"][query]
            ],
        }
        for query, text in data["queries"].items()
    ]
    measured = evaluation.CrossEncoderRerankingEvaluator(samples)(CrossEncoder(folder, backend="torch"))
    for theirs, ours in {"ndcg_at_10": "ndcg@10", "map_at_1000": "map"}.items():
        assert found["ours"]["TinyReranking"][theirs] == pytest.approx(measured[ours], abs=1e-5)


def test_the_real_minilm_scores_what_mteb_publishes():
    """STSb of all-MiniLM-L6-v2: 82.03."""
    test = [row for row in rows("sts/stsb-en.tsv.gz") if row["split"] == "test"]
    columns = {name: [row[name] for row in test] for name in ("sentence1", "sentence2")}
    columns["score"] = [float(row["score"]) for row in test]
    task = {"kind": "STS", "name": "STSb", "data": {"test": columns}}
    found = run(resolve("all-MiniLM-L6-v2").folder, "SentenceTransformer", [task])
    ours, theirs = found["ours"]["STSb"], found["theirs"]["STSb"]
    assert round(100 * ours["main_score"], 2) == 82.03
    assert ours == pytest.approx(theirs, abs=1e-5)
