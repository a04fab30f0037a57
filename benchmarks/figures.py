"""The README's table: the few results that say most, each with the command that measures it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sections import BASELINE, Results, beside, chosen, fastest, is_ours, times

# What was measured, ours, the ratio to the peer, the quality beside it.
Row = tuple[str, str, str, str]


def figures(found: dict[str, Results]) -> str:
    """The table as Markdown, of those benchmarks that have results from a machine that did nothing else."""
    lines = ["| what | ours | ratio | quality | command |", "|---|---|---|---|---|"]
    for name, rows in _ROWS.items():
        if name in found and not found[name].get("misleads"):
            lines += [f"| {' | '.join(row)} | `benchmarks/{name}.py` |" for row in rows(found[name])]
    return "\n".join(lines) + "\n"


def _startup(results: Results) -> Iterator[Row]:
    labels = {
        "sbert float32": ("process start to the first vector", "same first numbers"),
        "sbert int8": ("the same in int8, from the second time on", ""),
    }
    for name, (label, quality) in labels.items():
        if side := results["sides"].get(name):
            yield label, f"{side['process_seconds']:.1f} s", f"{side['ratio']:.0f} ×", quality


def _encode(results: Results) -> Iterator[Row]:
    _, model = chosen(results)
    best = fastest(model)
    dtype = best.removeprefix("sbert ")
    for race, what in (("short", "short texts"), ("long", "abstracts")):
        for name, side in model.get(race, {"sides": {}})["sides"].items():
            if is_ours(name):
                label = f"{what} a second, {name.removeprefix('sbert ')}"
                speed, quality = f"{side['texts_per_second']:,.0f}", _stsb(model, name) if race == "short" else ""
                yield label, speed, times(side.get("ratio")), quality
    for peer in (f"{BASELINE} openvino int8", f"{BASELINE} onnx int8", "fastembed"):
        if (value := beside(model["short"], best, peer)) is not None:
            speed = f"{model['short']['sides'][best]['texts_per_second']:,.0f}"
            yield f"short texts a second, {dtype}, beside {peer}", speed, times(value), f"peer: {_stsb(model, peer)}"
    single = model["single"]["sides"][best]
    yield f"one query, {dtype}", f"{single['milliseconds']:.1f} ms", times(single.get("ratio")), ""


def _stsb(model: Results, name: str) -> str:
    score = model["sides"][name].get("stsb_spearman")
    return "" if score is None else f"STSb {score:.2f}"


def _search(results: Results) -> Iterator[Row]:
    for name, what in (("1 queries", "1 query"), ("1000 queries", "1,000 queries")):
        label, row = f"`semantic_search`, {what} over {results['corpus']:,} vectors", results[name]
        yield label, f"{row['milliseconds']:.1f} ms", times(row["ratio"]), "equal scores"


def _pairs(results: Results) -> Iterator[Row]:
    commands = {name: side for name, side in results["sides"].items() if name.startswith("sbert pairs")}
    name, side = max(commands.items(), key=lambda command: command[1]["process_seconds_ratio"])
    label = f"{results['texts']:,} texts to their most similar pairs, the whole command, {name.partition(', ')[2]}"
    quality = f"{side['same_pairs']} of the peer's {results['pairs']} pairs"
    yield label, f"{side['process_seconds']:.1f} s", times(side["process_seconds_ratio"]), quality


def _mining(results: Results) -> Iterator[Row]:
    labels = {
        "one query, int8 first": "one query on a `Corpus` of {:,} vectors, bytes first",
        "paraphrase mining": "`paraphrase_mining_embeddings` of {:,}",
        "communities": "`community_detection` of {:,}",
    }
    for task, label in labels.items():
        if row := results["tasks"].get(task):
            seconds = row["seconds"]
            shown = f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
            same = f"{100 * row['same']:.1f} % the same"
            yield label.format(row["vectors"]), shown, times(row["ratio"]), same


def _scale(results: Results) -> Iterator[Row]:
    for rows, size in results["sizes"].items():
        best = size["libraries"]["sbert"]["best"]
        label = f"one query of an index of {int(rows):,} vectors, on one core"
        yield label, f"{best['p50']:.1f} ms", "", f"recall@10 {100 * best['recall']:.1f} %"


def _cross_encoder(results: Results) -> Iterator[Row]:
    for name, side in results["sides"].items():
        if is_ours(name):
            label = f"`CrossEncoder.rank` of {results['candidates']} documents, {name.removeprefix('sbert ')}"
            order = f"order {side['rank_correlation']:.1f} of 100"
            yield label, f"{side['milliseconds']:,.0f} ms", times(side["ratio"]), order


def _sparse(results: Results) -> Iterator[Row]:
    for name, side in results["sides"].items():
        if is_ours(name):
            label = f"sparse vectors of short texts a second, {name.removeprefix('sbert ')}"
            same = f"cosine to the peer's {side['mean_cosine']:.4f}"
            yield label, f"{side['texts_per_second']:,.0f}", times(side["ratio"]), same


def _multi_vector(results: Results) -> Iterator[Row]:
    pairs = results["queries"] * results["documents"]
    for name, side in results["sides"].items():
        if is_ours(name):
            differ = f"scores differ by {side['largest_difference']:.2g}"
            what, dtype = side["maxsim"], name.removeprefix("sbert ")
            yield (
                f"MaxSim of {pairs:,} queries and documents, {dtype}",
                f"{what['milliseconds']:,.0f} ms",
                times(what["ratio"]),
                differ,
            )


def _why_bi_encoders(results: Results) -> Iterator[Row]:
    last = list(results["dtypes"]["int8"].values())[-1]
    hours = f"all pairs read by a cross-encoder: {last['by_pairs'] / 3600:,.0f} h"
    yield "the most similar pair of 10,000 texts, int8", f"{last['by_vectors']:.1f} s", "", hours


def _install_size(results: Results) -> Iterable[Row]:
    return [("disk space of the base install", f"{results['megabytes']:.0f} MB", "", "no torch in it")]


_ROWS = {
    "startup": _startup,
    "encode": _encode,
    "search": _search,
    "mining": _mining,
    "scale": _scale,
    "pairs": _pairs,
    "cross_encoder": _cross_encoder,
    "sparse": _sparse,
    "multi_vector": _multi_vector,
    "why_bi_encoders": _why_bi_encoders,
    "install_size": _install_size,
}
