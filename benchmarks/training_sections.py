"""What the report says about training: results of both libraries, trained alike and judged by the same code."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Results = dict[str, Any]
OURS, PEER = "sbert", "sentence-transformers"


def objectives(results: Results) -> list[str]:
    """The three objectives."""
    lines = [f"Before training: Spearman {results['before']:.2f}. After it, the mean of {results['rounds']} seeds.", ""]
    return lines + _beside(results["objectives"])


def trained_retrieval(results: Results) -> list[str]:
    """Ranking, and reranking."""
    before = results["before"]
    lines = [
        f"{results['documents']:,} documents. Before training: nDCG@10 {before['ndcg@10']:.2f}, recall@10 "
        f"{before['recall@10']:.2f}. {results['triplets']:,} triplets were mined in {results['mining_seconds']:.0f} s; "
        f"the cross-encoder read {results['labelled_pairs']:,} labelled pairs, and reranks 100 candidates of "
        f"{results['reranked_questions']} questions that our bi-encoder found (`base_ndcg@10`).",
        "",
    ]
    parts = {"ranking with hard negatives": results["ranking"], "cross-encoder": results["cross_encoder"]}
    return lines + _beside(parts)


def gradcache(results: Results) -> list[str]:
    """Memory and gradients."""
    heads = ("one backward pass", "memory beside the model", "time", "loss", "gradients differ from ours, plain")
    rows = []
    for name, side in results["sides"].items():
        differ = f"{side['gradient_difference']:.1e}" if "gradient_difference" in side else ""
        shown = f"**{name}**" if name.startswith(OURS) else name
        rows.append(
            (shown, f"{side['for_batch_mb']:,.0f} MB", f"{side['seconds']:.1f} s", f"{side['loss']:.5f}", differ)
        )
    return [*_table(heads, rows), "", "Differences are lengths of vectors, relative to that of the gradient.", ""]


def matryoshka(results: Results) -> list[str]:
    """What widths keep."""
    kept = {
        name: 100 * found["means"][OURS]["spearman@64"] / found["means"][OURS]["spearman@384"]
        for name, found in results["losses"].items()
    }
    told = ", ".join(f"{value:.1f} % ({name})" for name, value in kept.items())
    return [f"Of the quality of 384 dimensions 64 keep {told}.", "", *_beside(results["losses"], results["before"])]


def tsdae(results: Results) -> list[str]:
    """What it brings."""
    parts = {f"{name}, {found['sentences']:,} sentences": found for name, found in results["collections"].items()}
    before = {
        f"{name}, {found['sentences']:,} sentences": found["before"] for name, found in results["collections"].items()
    }
    lines = []
    for name, found in parts.items():
        lines += [f"{name}: nDCG@10 {before[name]['ndcg@10']:.2f} before.", ""]
        lines += _beside({name: found})
    return lines


def images(results: Results) -> list[str]:
    """A small CLIP."""
    lines = [
        f"{results['drawings']:,} drawings to train on, {results['held_out']} of kinds that were never seen to find; "
        f"chance is {results['chance']:.1f} %, and before training {results['before']['text_to_image@10']:.1f} %.",
        "",
    ]
    return [*lines, *_beside({"clip": results["clip"]}), "![What it finds](train_images.png)", ""]


def sparse_and_late(results: Results) -> list[str]:
    """Three kinds of vectors."""
    size = f"{results['pairs']:,} pairs; {results['questions']} questions among {results['documents']:,} documents"
    before = f"dense {results['before']['ndcg@10']:.2f}, sparse {results['sparse_before']['ndcg@10']:.2f}"
    lines = [f"{size}. nDCG@10 before training: {before}.", ""]
    for name in ("dense", "sparse", "late interaction"):
        if name in results:
            lines += _beside({name: results[name]})
    return lines


def multilingual(results: Results) -> list[str]:
    """Before, aligned, and trained."""
    aligned = ", ".join(f"{key} {value:.2f}" for key, value in results["aligned"].items())
    lines = [
        "Of en-de and en-fr the teacher reads the English sentences, the student the others. A linear map, of "
        f"{results['rows']:,} pairs of sentences, took {results['aligned_seconds']:.0f} s, and alone brings {aligned}. "
        f"Training from there read {results['trained_rows']:,} of the pairs.",
        "",
    ]
    return lines + _beside({"multilingual": results["trained"]}, results["before"])


def training_speed(results: Results) -> list[str]:
    """Steps a second."""
    heads = ("job", "ours, rows/s", "peer, rows/s", "ratio")
    rows = [
        (name, f"{job['rows_per_second'][OURS]:,.1f}", f"{job['rows_per_second'][PEER]:,.1f}", f"{job['ratio']:.2f} ×")
        for name, job in results["jobs"].items()
    ]
    return [*_table(heads, rows), ""]


def _beside(parts: Mapping[str, Results], before: Mapping[str, float] | None = None) -> list[str]:
    """A table of both libraries: each measure, and the time."""
    keys = list(dict.fromkeys(key for found in parts.values() for key in found["means"][OURS]))
    rows = []
    if before is not None:
        rows.append(("before", *(f"{before[key]:.2f}" for key in keys), "", ""))
    for name, found in parts.items():
        for side in (OURS, PEER):
            seconds = statistics.median(run["seconds"] for run in found["runs"][side])
            label = f"**{name}**" if side == OURS else f"{name}, {PEER} {found['versions'][PEER]}"
            ratio = f"{found['speed_ratio']:.2f} ×" if side == OURS else ""
            means = found["means"][side]
            told = (f"{means[key]:.2f}" if key in means else "" for key in keys)
            rows.append((label, *told, f"{seconds:,.0f} s", ratio))
    return [*_table(("", *keys, "time", ""), rows), ""]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


TRAINING: dict[str, tuple[str, Callable[[Results], list[str]]]] = {
    "train_speed": ("Training: speed", training_speed),
    "train_objectives": ("Training: the three objectives", objectives),
    "train_retrieval": ("Training: medical questions", trained_retrieval),
    "train_gradcache": ("Training: large batches in little memory", gradcache),
    "train_matryoshka": ("Training: vectors that can be cut", matryoshka),
    "train_sparse_and_late": ("Training: words and tokens", sparse_and_late),
    "train_multilingual": ("Training: more languages", multilingual),
    "train_tsdae": ("Training: a domain's texts alone", tsdae),
    "train_images": ("Training: images and texts", images),
}
