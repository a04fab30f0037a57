"""The vectors of a corpus, kept beside it, so that a corpus is embedded once and not at every search.

What is kept is found by its content: an entry is named by a hash of the texts and of everything about the model that
determines their vectors. A changed text or another model is another entry; nothing is ever taken for something else.

::

    reviews.csv
    reviews.csv.sbert-cache/
        3f0c.../embeddings.npy      (n, d)
        3f0c.../about.json          shape and checksum of the vectors, and the model's name for curious people
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from ..data.beside import cache_places
from ..types import FloatArray

#: What texts are to the model, whose prompts may differ for the two.
Role: TypeAlias = Literal["document", "query"]

#: Entries kept of one corpus: enough to compare a few models on it.
KEPT = 4
_VECTORS, _ABOUT, _SCRATCH = "embeddings.npy", "about.json", ".tmp-"
_FORM = 1
_ABANDONED_AFTER = 24 * 3600


class Embedder(Protocol):
    """What is needed of a model; :class:`~sbert.SentenceTransformer` has it."""

    prompts: dict[str, str]
    default_prompt_name: str | None
    truncate_dim: int | None

    @property
    def fingerprint(self) -> str:
        """A hash of what determines its vectors."""

    def encode_document(self, inputs: Any, **options: Any) -> Any:
        """Vectors of texts."""

    def encode_query(self, inputs: Any, **options: Any) -> Any:
        """Vectors of texts that are asked."""


@dataclass(frozen=True, repr=False)
class CorpusVectors:
    """The vectors of a corpus and how they were come by.

    Attributes:
        embeddings: (n, d) float32, in the order of the texts.
        folder: where they are kept; None where they could not be.
        from_cache: whether they were there already.
        note: what happened, in a sentence for people.
        seconds: how long it took to read or to make them.
    """

    embeddings: FloatArray
    folder: Path | None
    from_cache: bool
    note: str
    seconds: float

    def __repr__(self) -> str:
        rows, width = self.embeddings.shape
        return f"CorpusVectors({rows:,} x {width}, {'from the cache' if self.from_cache else 'new'}, {self.folder})"


def embed_corpus(
    model: Embedder,
    texts: Sequence[str],
    source: str | os.PathLike[str] | None,
    *,
    options: Mapping[str, Any] | None = None,
    display_options: Mapping[str, Any] | None = None,
    role: Role = "document",
) -> CorpusVectors:
    """The vectors of a corpus: read where they are kept, else made with ``model.encode_document`` and kept.

    They are kept in ``<source>.sbert-cache/`` or, where that may not be written, in sbert's own cache folder. An entry
    that is damaged is noticed by its checksum and made anew. Of one corpus the :data:`KEPT` entries used last stay.
    Several processes may do this at once.

    Args:
        model: the model.
        texts: the n texts.
        source: the file that the texts are of; None keeps nothing.
        options: arguments for ``encode_document`` that change the vectors; part of what an entry is found by.
        display_options: arguments for it that do not, such as ``show_progress_bar``.
        role: ``query`` for texts that are embedded with ``model.encode_query``.

    Returns:
        The vectors and how they were come by.
    """
    started = time.perf_counter()
    options = dict(options or {})
    key = corpus_key(model, texts, options, role)
    damaged: list[Path] = []
    for folder in _places(source):
        entry = folder / key
        vectors = _load(entry, len(texts), damaged)
        if vectors is not None:
            seconds = time.perf_counter() - started
            note = f"The vectors of {len(texts):,} texts were read from {folder} in {seconds:.1f} s."
            return CorpusVectors(vectors, entry, True, note, seconds)
    encode = model.encode_document if role == "document" else model.encode_query
    vectors = np.asarray(encode(list(texts), **options, **dict(display_options or {})))
    seconds = time.perf_counter() - started
    kept, problem = _keep(vectors, source, key, getattr(model, "spec", None))
    note = f"{len(texts):,} texts were embedded in {seconds:.1f} s"
    if damaged:
        note += f", since what was kept in {damaged[0].parent} was damaged"
    note += f", and their vectors are kept in {kept.parent}." if kept else f". The vectors are not kept: {problem}."
    return CorpusVectors(vectors, kept, False, note, seconds)


def corpus_key(
    model: Embedder, texts: Iterable[str], options: Mapping[str, Any] | None = None, role: Role = "document"
) -> str:
    """A hash of the texts and of all that determines their vectors, as 32 hexadecimal digits.

    Args:
        model: whose vectors.
        texts: the texts, in order.
        options: arguments for ``encode_document``.
        role: ``query`` where they are for ``encode_query``.
    """
    facts = {
        "form": _FORM,
        "model": model.fingerprint,  # the dtype is in it
        "prompts": model.prompts,
        "default_prompt_name": model.default_prompt_name,
        "truncate_dim": model.truncate_dim,
        "options": dict(options or {}),
    }
    if role != "document":
        facts["role"] = role
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode())
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        # The length goes first: texts that differ only in where one ends and the next begins must differ in hash.
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()[:32]


def _places(source: str | os.PathLike[str] | None) -> list[Path]:
    """The folders that may hold a corpus's entries, the best first."""
    return [] if source is None else cache_places(source)


def _load(entry: Path, count: int, damaged: list[Path]) -> FloatArray | None:
    """The vectors of an entry; None where there is none, or a damaged one, which is then added to ``damaged``."""
    if not entry.is_dir():
        return None
    try:
        about = json.loads((entry / _ABOUT).read_text(encoding="utf-8"))
        vectors: FloatArray = np.load(entry / _VECTORS, allow_pickle=False)
        if list(vectors.shape) == about["shape"] and len(vectors) == count and _checksum(vectors) == about["crc32"]:
            _touch(entry)
            return vectors
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        pass  # cut short, empty, not JSON, not an array: all mean that it is made anew
    damaged.append(entry)
    return None


def _keep(
    vectors: FloatArray, source: str | os.PathLike[str] | None, key: str, spec: object
) -> tuple[Path | None, str]:
    """Write an entry into the first folder that takes it; the entry, or None and why not."""
    problem = "they are of no file"
    for folder in _places(source):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(vectors, folder, key, str(getattr(spec, "name", "")))
        except OSError as error:
            problem = f"{folder} cannot be written ({error.strerror or error})"
            continue
        _prune(folder, key)
        return folder / key, ""
    return None, problem


def _write(vectors: FloatArray, folder: Path, key: str, name: str) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=folder))
    try:
        np.save(scratch / _VECTORS, vectors, allow_pickle=False)
        about = {"model": name, "shape": list(vectors.shape), "crc32": _checksum(vectors)}
        (scratch / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        scratch.chmod(0o755)  # mkdtemp's folders are their owner's alone; a shared corpus has shared vectors
        # What has this name already is damaged, or as good as ours, when another process was faster.
        shutil.rmtree(folder / key, ignore_errors=True)
        try:
            scratch.rename(folder / key)
        except OSError:
            if not (folder / key).is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _prune(folder: Path, key: str) -> None:
    """Remove all but the entries used last, and what a process that was killed left behind."""
    entries = []
    for path in folder.iterdir():
        try:
            used = path.stat().st_mtime
        except OSError:  # another process removed it
            continue
        if path.name.startswith(_SCRATCH):
            if time.time() - used > _ABANDONED_AFTER:
                shutil.rmtree(path, ignore_errors=True)
        elif path.name != key and (path / _ABOUT).is_file():
            entries.append((used, path))
    for _, path in sorted(entries, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _touch(entry: Path) -> None:
    """Say that an entry was used now; a folder that may only be read keeps its time."""
    try:
        os.utime(entry)
    except OSError:
        return


def _checksum(vectors: FloatArray) -> int:
    return zlib.crc32(np.ascontiguousarray(vectors).reshape(-1).view(np.uint8).data)
