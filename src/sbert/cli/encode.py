"""``sbert encode``: texts of files to vectors in a file or a folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import chain, islice
from operator import length_hint
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..errors import InputError
from .console import note, print_json
from .options import (
    DEFAULT_MODEL,
    Backend,
    BatchSize,
    Column,
    Device,
    Dtype,
    Form,
    Json,
    Model,
    Ray,
    RayWorkerCount,
    TruncateDim,
    load_model,
    ray_workers,
)

if TYPE_CHECKING:
    from ..data import Corpus
    from ..models.sentence_transformer import SentenceTransformer
    from ..models.streaming import ShardFormatName
    from ..types import AnyArray

#: Vectors that are written at a time, and those that int8 and uint8 take their ranges from.
_PART, _CALIBRATION = 4096, 32_768


def encode(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files (.txt, .jsonl, .csv, .tsv, .parquet, also .gz and .xz), patterns, folders; - for stdin.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="File: .npy, .jsonl or .parquet; or a folder of shards, NAME/, which is resumed when it is run again. "
            "JSON lines to stdout if none.",
        ),
    ] = None,
    model: Model = DEFAULT_MODEL,
    column: Column = None,
    form: Form = None,
    shard_format: Annotated[
        str | None, typer.Option("--format", help="Of a folder's shards: npy (the default), parquet or safetensors.")
    ] = None,
    shard_size: Annotated[int | None, typer.Option("--shard-size", min=1, help="Texts in a shard; 32,768.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Remove what another job left in the folder.")] = False,
    on_bad_line: Annotated[
        str, typer.Option("--on-bad-line", help="error, or skip to leave out and count what cannot be read.")
    ] = "error",
    prompt_name: Annotated[str | None, typer.Option("--prompt-name", help="The model's prompt to use.")] = None,
    precision: Annotated[
        str,
        typer.Option(
            "--precision",
            help="float32, int8, uint8, binary or ubinary. int8 and uint8 take their ranges from the first 32,768 "
            "vectors, or from the first shard.",
        ),
    ] = "float32",
    normalize: Annotated[bool, typer.Option("--normalize", help="Scale vectors to length one.")] = False,
    truncate_dim: TruncateDim = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    batch_size: BatchSize = None,
    ray: Ray = None,
    workers: RayWorkerCount = None,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Make part I of N alone, from 0/N on, so that N machines share the job: each is given all inputs, and "
            "writes every N-th shard into a folder of its own in that of the output.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Turn the texts of files into vectors."""
    folder = _folder(output, shard_format)
    if ray is not None and folder is None:
        raise InputError("--ray writes a folder of shards: name one with -o NAME/.")
    part = None if shard is None else _part(shard, folder)
    if output is not None and folder is None:
        _check_file(output)
    texts = _corpus(ray)(inputs, column=column, form=form, on_bad_line=on_bad_line)
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    options: dict[str, Any] = {
        "prompt_name": prompt_name,
        "precision": precision,  # checked by the model
        "normalize_embeddings": normalize,
        "truncate_dim": truncate_dim,
        "batch_size": batch_size,
    }
    started = time.perf_counter()
    if folder is not None:
        sharding: dict[str, Any] = {"overwrite": overwrite, "shard": part}
        if shard_size is not None:
            sharding["shard_size"] = shard_size
        kind = cast("ShardFormatName", shard_format or "npy")
        with ray_workers(ray, workers) as others:
            shards = embedder.encode_to(folder, texts, kind, workers=others, **sharding, **options)
        shape, kept = shards.shape, shards.manifest.dtype
        output = output if part is None else f"{shards.folder}/"
    else:
        shape, kept = _to_one_file(embedder, texts, output, options)
    _report(embedder, texts, output, shape, kept, time.perf_counter() - started, as_json)


def _corpus(ray: str | None) -> type[Corpus]:
    """What reads the files: this process, or the cluster."""
    if ray is None:
        from ..data import Corpus

        return Corpus
    from ..integrations.ray import RayCorpus

    return RayCorpus


def _folder(output: str | None, shard_format: str | None) -> Path | None:
    """The folder to write shards into; None where the output is one file or standard output."""
    if output is None:
        if shard_format is not None:
            raise InputError("--format is for a folder of shards: name one with -o NAME/.")
        return None
    path = Path(output).expanduser()
    is_folder = shard_format is not None or output.endswith(("/", "\\")) or path.is_dir()
    return path if is_folder else None


def _part(shard: str, folder: Path | None) -> tuple[int, int]:
    from ..data.parts import Part

    if folder is None:
        raise InputError("--shard writes a part of a folder of shards: name the folder with -o NAME/.")
    part = Part.parse(shard)
    return part.index, part.count


def _check_file(output: str) -> None:
    from ..data.writers import check_output

    check_output(Path(output).expanduser())


def _to_one_file(
    embedder: SentenceTransformer, texts: Corpus, output: str | None, options: dict[str, Any]
) -> tuple[tuple[int, int], str]:
    """Stream vectors into a file or to standard output; their shape and dtype."""
    from ..data.writers import JsonlWriter, open_writer

    count = width = 0
    dtype = "float32"
    where = nullcontext(JsonlWriter(sys.stdout.buffer)) if output is None else open_writer(Path(output).expanduser())
    with where as writer:
        for part, vectors in _parts(embedder, texts, options):
            writer.write(vectors, part)
            count, width, dtype = count + len(part), vectors.shape[1], vectors.dtype.name
    return (count, width), dtype


def _parts(
    embedder: SentenceTransformer, texts: Corpus, options: dict[str, Any]
) -> Iterator[tuple[list[str], AnyArray]]:
    """Texts and their vectors, some thousand at a time."""
    import numpy as np

    from ..quantization import calibrate_ranges, quantize_embeddings

    noted = _Noted(texts)
    precision, ranged = options["precision"], options["precision"] in ("int8", "uint8")
    streamed = options | {"precision": "float32" if ranged else precision}
    stream = embedder.encode_stream(noted, show_progress_bar=None, **streamed)
    ranges = None
    if ranged:
        first = list(islice(stream, _CALIBRATION))
        ranges = calibrate_ranges(np.stack(first)) if len(first) != 1 else None
        stream = chain(first, stream)
    while rows := list(islice(stream, _PART)):
        vectors = np.stack(rows)
        yield noted.take(len(rows)), quantize_embeddings(vectors, precision, ranges=ranges) if ranged else vectors


class _Noted:
    """Texts that are kept as they are drawn, until their vectors have come."""

    def __init__(self, texts: Corpus) -> None:
        self._texts = texts
        self._held: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            self._held.append(text)
            yield text

    def __length_hint__(self) -> int:
        return length_hint(self._texts)

    def take(self, count: int) -> list[str]:
        """The first texts that were drawn and not taken yet."""
        taken, self._held = self._held[:count], self._held[count:]
        return taken


def _report(
    embedder: SentenceTransformer,
    texts: Corpus,
    output: str | None,
    shape: tuple[int, int],
    dtype: str,
    seconds: float,
    as_json: bool,
) -> None:
    """Tell what was done: in JSON to standard output, or in sentences to standard error."""
    cut, (count, width) = embedder.truncation, shape
    if as_json and output is not None:
        print_json(
            {
                "input": texts.source,
                "column": texts.column,
                "output": output,
                "model": embedder.spec.name,
                "engine": embedder.engine.name,
                "dtype": embedder.engine.dtype,
                "texts": count,
                "dimension": width,
                "seconds": round(seconds, 3),
                "texts_per_second": round(count / seconds, 1),
                "truncated": cut.truncated,
                "dropped_tokens": cut.dropped_tokens,
                "skipped_lines": texts.skipped,
            }
        )
        return
    note(
        f"{count:,} texts to vectors of {width} {dtype} with {embedder.spec.name} "
        f"({embedder.engine.name}, {embedder.engine.dtype}) in {seconds:.1f} s: {count / seconds:,.0f} texts/s."
    )
    note(str(cut) if cut.truncated else "No text was cut.")
    if texts.skipped:
        note(f"{texts.skipped:,} lines were left out. The first: {texts.first_skipped}")
    if output is not None:
        note(f"Written to {output}.")
