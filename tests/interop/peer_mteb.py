"""Run in the peer's environment: mteb's tasks on a folder, loaded by the peer and by ours; prints the scores as JSON.

Standard input holds an object with ``folder``, ``family``, ``prompts`` (or null) and ``tasks``: a list of objects with
``kind``, ``name`` and ``data``. Printed is, for each side, an object a task, and what mteb is told of our model.
"""

import json
import socket
import sys


def refuse(*_, **__):
    raise OSError("no network in this test")


socket.socket.connect = socket.create_connection = refuse

import mteb  # noqa: E402
import sentence_transformers as peer  # noqa: E402
from datasets import Dataset, DatasetDict  # noqa: E402
from mteb.abstasks import AbsTaskBitextMining, AbsTaskClassification, AbsTaskRetrieval, AbsTaskSTS  # noqa: E402
from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData  # noqa: E402
from mteb.abstasks.task_metadata import TaskMetadata  # noqa: E402

import sbert  # noqa: E402
from sbert.evaluation.mteb import for_mteb  # noqa: E402

KINDS = {
    "STS": (AbsTaskSTS, "cosine_spearman"),
    "Classification": (AbsTaskClassification, "accuracy"),
    "BitextMining": (AbsTaskBitextMining, "f1"),
    "Retrieval": (AbsTaskRetrieval, "ndcg_at_10"),
    "Reranking": (AbsTaskRetrieval, "map_at_1000"),
}


def dataset_of(kind, data):
    if kind in ("Retrieval", "Reranking"):
        queries = Dataset.from_list([{"id": name, "text": text} for name, text in data["queries"].items()])
        corpus = Dataset.from_list([{"id": name, **document} for name, document in data["corpus"].items()])
        relevant = {query: dict.fromkeys(documents, 1) for query, documents in data["relevant"].items()}
        split = RetrievalSplitData(
            queries=queries, corpus=corpus, relevant_docs=relevant, top_ranked=data.get("candidates")
        )
        return {"default": {"test": split}}
    return DatasetDict({split: Dataset.from_dict(columns) for split, columns in data.items()})


def task_of(kind, name, data):
    base, main = KINDS[kind]

    def load_data(self, **_):
        self.dataset = dataset_of(kind, data)
        self.data_loaded = True

    metadata = TaskMetadata(
        type=kind,
        name=name,
        main_score=main,
        description="made in memory",
        reference="https://example.org",
        dataset={"path": "none", "revision": "none"},
        category="t2t",
        eval_splits=["test"],
        eval_langs=["eng-Latn"],
        date=("2026-01-01", "2026-01-01"),
        dialect=[],
        domains=[],
        task_subtypes=[],
        license="cc-by-4.0",
        annotations_creators="derived",
        modalities=["text"],
        sample_creation="found",
        bibtex_citation="",
    )
    return type(name, (base,), {"metadata": metadata, "load_data": load_data, "min_score": 0, "max_score": 1})()


def scores(model, tasks):
    # Made anew for each model: mteb's tasks forget their data after they have run.
    ready = [task_of(**task) for task in tasks]
    result = mteb.evaluate(model, ready, cache=None, co2_tracker=False, show_progress_bar=False)
    found = {}
    for one in result.task_results:
        of = one.scores["test"][0]
        found[one.task_name] = {key: value for key, value in of.items() if isinstance(value, (int, float))}
    return found


def refusals(model, tasks):
    """What mteb says of tasks that the model cannot do."""
    said = {}
    for task in tasks:
        result = mteb.evaluate(
            model, [task_of(**task)], cache=None, co2_tracker=False, show_progress_bar=False, raise_error=False
        )
        said[task["name"]] = result.exceptions[0].exception
    return said


def main():
    job = json.load(sys.stdin)
    theirs = getattr(peer, job["family"])(job["folder"], device="cpu", prompts=job["prompts"])
    ours = getattr(sbert, job["family"])(job["folder"], backend="torch")
    adapted = for_mteb(ours, prompts=job["prompts"])
    meta = adapted.mteb_model_meta
    told = {
        "theirs": scores(theirs, job["tasks"]),
        "ours": scores(adapted, job["tasks"]),
        "refused": refusals(adapted, job.get("impossible", [])),
        "meta": {key: value for key, value in meta.to_dict().items() if value is not None},
    }
    print(json.dumps(told, default=str))


if __name__ == "__main__":
    main()
