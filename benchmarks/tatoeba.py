"""Translation retrieval: Tatoeba's 112 languages (8 of them if --short) with English, by multilingual-e5-small."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from folders import MODELS, folder
from harness import parser, read_options, record
from scoring import rows

# The languages that XTREME reports, by the names of the files.
_NAMES = """
afr ara ben bul cmn deu ell est eus fin fra heb hin hun ind ita jav jpn kat kaz kor mal mar nld pes por rus spa swh tam
tel tgl tha tur urd vie
"""
XTREME = _NAMES.split()
SHORT = ("cmn", "deu", "fra", "heb", "hin", "rus", "spa", "swh")


def pairs(path: Path) -> tuple[list[str], list[str]]:
    """The English texts of one language's file, and their translations."""
    found = rows(path)
    return [row["english"] for row in found], [row["translation"] for row in found]


def measure(model: Any, data: dict[str, tuple[list[str], list[str]]], prompt: str) -> dict[str, Any]:
    """Accuracy of each language both ways; English texts that several languages share are embedded once."""
    from sbert.search import translation_accuracy

    english = [text for texts, _ in data.values() for text in texts]
    start = time.perf_counter()
    vectors = model.encode(english, prompt=prompt)
    print(f"{len(english):,} English texts, {len(set(english)):,} of them different", flush=True)
    measured: dict[str, Any] = {}
    left = 0
    for language, (texts, translations) in data.items():
        accuracy = translation_accuracy(model.encode(translations, prompt=prompt), vectors[left : left + len(texts)])
        left += len(texts)
        measured[language] = {
            "pairs": len(texts),
            "to_english": 100 * accuracy.forward,
            "from_english": 100 * accuracy.backward,
            "mean": 100 * accuracy.mean,
        }
        shown = measured[language]
        print(
            f"{language}  {len(texts):5} pairs   to English {shown['to_english']:5.1f}   "
            f"from English {shown['from_english']:5.1f}",
            flush=True,
        )
    seconds = time.perf_counter() - start
    return {"languages": measured, "seconds": seconds, "texts": 2 * len(english)}


def means(languages: dict[str, Any]) -> dict[str, float]:
    """Means of both ways over all languages and over those of XTREME, and of the latter into English alone."""
    found = {f"all {len(languages)}": statistics.mean(row["mean"] for row in languages.values())}
    if all(name in languages for name in XTREME):
        known = [languages[name] for name in XTREME]
        found[f"XTREME's {len(known)}"] = statistics.mean(row["mean"] for row in known)
        found[f"XTREME's {len(known)} into English"] = statistics.mean(row["to_english"] for row in known)
    return found


def main() -> None:
    found = parser(__doc__, rounds=1)
    found.add_argument("--model", choices=list(MODELS), default="e5")
    found.add_argument("--dtype", default="int8")
    options = read_options(found, peers=False)
    files = sorted((options.data / "parallel" / "tatoeba").glob("*.tsv.gz"))
    if options.short:
        files = [file for file in files if file.name.partition(".")[0] in SHORT]
    if not files:
        sys.exit(f"{options.data}/parallel/tatoeba is not there: the scores need real data (--data).")
    from sbert import SentenceTransformer

    chosen = MODELS[options.model]
    try:
        source = folder(options.model)
    except OSError as error:
        sys.exit(f"{chosen.name} {error}")
    data = {file.name.partition(".")[0]: pairs(file) for file in files}
    model = SentenceTransformer(source, backend="openvino", dtype=options.dtype, on_truncation="ignore")
    measured = measure(model, data, chosen.query)
    measured["means"] = means(measured["languages"])
    for name, value in measured["means"].items():
        print(f"mean over {name}: {value:.2f}")
    print(f"{measured['texts']:,} texts in {measured['seconds']:.0f} s")
    facts = {"model": chosen.name, "dtype": options.dtype, "rounds": 1, "short_form": options.short}
    record("tatoeba", facts | measured)


if __name__ == "__main__":
    main()
