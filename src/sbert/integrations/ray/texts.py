"""Texts that Ray Data reads: files parsed by many machines with this project's readers, and data sets of any kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from operator import length_hint
from typing import Any

from ...data import Corpus, TextStream
from ...errors import DataError, SbertError
from ...models.worker import error_elsewhere
from .cluster import ray, translated

#: Texts that travel together.
_ROW = 4096


class RayCorpus(Corpus):
    """The texts of files, as :class:`~sbert.data.Corpus` has them, but parsed in the cluster: a file is a task.

    The same readers run there, so texts, columns and messages are the same. The arguments are those of ``Corpus``;
    files must be reached by the same paths from every machine. Standard input is read here.
    """

    def __iter__(self) -> Iterator[str]:
        if any(file.path is None for file in self.files):
            yield from super().__iter__()
            return
        for file in self.files:  # tasks run in the cluster's folder, not in this process's
            file.path = file.path.absolute() if file.path is not None else None
        source = _data().from_items(list(range(len(self.files))), override_num_blocks=len(self.files))
        # Parsing takes a thousandth of the time of encoding: it asks for no core of its own, which workers have all of.
        rows = source.map_batches(_Parser(self.files), batch_size=None, batch_format="numpy", num_cpus=0)
        with translated("Ray Data cannot read the texts"):
            for row in rows.iter_rows():
                if row["kind"]:
                    raise error_elsewhere(row["kind"], row["message"], "a task of Ray Data")
                file = self.files[row["file"]]
                file.column, file.skipped, file.first_skipped = row["column"], row["skipped"], row["message"]
                yield from row["texts"]


class _Parser:
    """Reads files by number, in a task of Ray Data."""

    def __init__(self, files: list[TextStream]) -> None:
        self._files = files

    def __call__(self, batch: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        import pyarrow as pa

        def row(number: int, texts: list[str], kind: str = "", message: str | None = None) -> dict[str, Any]:
            file = self._files[number]
            facts = {"file": number, "column": file.column, "skipped": file.skipped, "kind": kind, "message": message}
            columns = {name: [value] for name, value in facts.items()}
            for name in ("column", "message"):
                columns[name] = pa.array(columns[name], pa.string())
            return columns | {"texts": pa.array([texts], pa.large_list(pa.large_string()))}

        for number in batch["item"].tolist():
            source = iter(self._files[number])
            try:
                while texts := list(islice(source, _ROW)):
                    yield pa.table(row(number, texts, message=self._files[number].first_skipped))
            except (SbertError, OSError) as error:
                yield pa.table(row(number, [], type(error).__name__, str(error)))


class _DatasetTexts:
    """Texts of a column of a data set, in its order."""

    def __init__(self, dataset: Any, column: str) -> None:
        self._dataset, self._column = dataset, column

    def __iter__(self) -> Iterator[str]:
        _data()
        number = 0
        with translated("Ray Data cannot read the texts"):
            for batch in self._dataset.iter_batches(batch_size=_ROW, batch_format="pyarrow"):
                for text in batch[self._column].to_pylist():
                    if not isinstance(text, str):
                        kind = type(text).__name__
                        raise DataError(f"Row {number:,} of the data set: {self._column!r} is {kind}, not text.")
                    number += 1
                    yield text

    def __length_hint__(self) -> int:
        try:
            return length_hint(range(self._dataset.count()))
        except Exception:  # only the bar's length
            return 0


def texts_of(dataset: Any, column: str) -> Iterable[str]:
    """The texts of a data set of Ray Data, for ``encode_to``: what ``read_parquet``, ``read_lance`` ... give, anywhere.

    Args:
        dataset: a ``ray.data.Dataset``. Its order is kept, so that a job can be resumed: it must be the same each time.
        column: that holds the texts.

    Raises:
        DataError: there is no such column; while it is iterated over, a value is no text.

    >>> texts = texts_of(ray.data.read_parquet("s3://bucket/texts/"), "body")  # doctest: +SKIP
    """
    names = list(dataset.columns() or ())
    if column not in names:
        raise DataError(f"The data set has no column {column!r}; it has {', '.join(map(repr, names))}.")
    _data()  # order matters from here on
    return _DatasetTexts(dataset, column)


def _data() -> Any:
    """Ray Data, told to keep the order of what it reads, and to draw no bars."""
    ray()
    import ray.data as data

    context = data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    return data
