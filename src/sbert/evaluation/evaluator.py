"""What every evaluator has: a name, one measure that counts most, and a table that grows with training."""

from __future__ import annotations

import csv
import io
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from ..data.files import atomic_write
from ..errors import InputError
from .outcomes import Outcomes

Metrics = dict[str, float]


class Evaluator(ABC):
    """Measures a model on data that it holds; call it with the model.

    Args:
        name: of the data; stands in front of each measure and in the table's name.
        write_csv: whether a row is added to a table where a call names a folder.

    Attributes:
        primary_metric: the measure that counts most, by its whole name; known after the first call at the latest.
        greater_is_better: whether more of it is better.
        outcomes: what became of each item in the last call, of which
            :func:`~sbert.evaluation.uncertainty.confidence_interval` and
            :func:`~sbert.evaluation.uncertainty.compare` tell how sure that measure is; None where it has no items.
    """

    primary_metric: str | None = None
    greater_is_better = True
    outcomes: Outcomes | None = None
    #: The table is called by this and the name.
    table = "evaluation"

    def __init__(self, name: str = "", write_csv: bool = True) -> None:
        self.name, self.write_csv = name, write_csv

    @abstractmethod
    def measure(self, model: Any) -> tuple[Metrics, str]:
        """The measures without the name in front, and which of them counts most; sets ``outcomes`` where it can."""

    def __call__(
        self, model: Any, output_path: str | os.PathLike[str] | None = None, epoch: float = -1, steps: int = -1
    ) -> Metrics:
        """Measure a model.

        Args:
            model: of the family that the evaluator is for.
            output_path: a folder, made where it is not there; the measures are added to a table in it.
            epoch: of the training, for the table; -1 outside of one.
            steps: likewise.

        Returns:
            Each measure by its name.
        """
        self.outcomes = None
        found, primary = self.measure(model)
        return self._told(found, primary, output_path, epoch, steps)

    def _told(
        self, found: Metrics, primary: str, output_path: str | os.PathLike[str] | None, epoch: float, steps: int
    ) -> Metrics:
        """Measures with the name in front, after a row of them is added to the table."""
        front = f"{self.name}_" if self.name else ""
        metrics = {front + key: value for key, value in found.items()}
        self.primary_metric = front + primary
        if output_path is not None and self.write_csv:
            self._write(Path(output_path), {"epoch": epoch, "steps": steps} | metrics)
        return metrics

    def _write(self, folder: Path, row: dict[str, float]) -> None:
        """Add a row to the table, in place of that of the same step: a run that goes on measures a step once more."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.table}{f'_{self.name}' if self.name else ''}_results.csv"
        rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                rows, header = list(reader), list(reader.fieldnames or [])
            if header != list(row):
                raise InputError(f"{path} is a table of other columns, {header}. Name another folder or evaluator.")
        told = {name: str(value) for name, value in row.items()}
        if row["steps"] >= 0:
            rows = [one for one in rows if any(one[name] != told[name] for name in ("epoch", "steps"))]
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(told))
        writer.writeheader()
        writer.writerows([*rows, told])
        with atomic_write(path) as whole:
            whole.write(text.getvalue().encode())


def encode_options(batch_size: int | None, show_progress_bar: bool, truncate_dim: int | None) -> dict[str, Any]:
    """What ``encode`` is asked for; ``truncate_dim``, which not every family has, only where it is given."""
    options: dict[str, Any] = {"batch_size": batch_size, "show_progress_bar": show_progress_bar}
    return options if truncate_dim is None else options | {"truncate_dim": truncate_dim}


def same_length(**columns: Any) -> None:
    """Raise unless columns have as many items, at least one.

    Raises:
        InputError: they have not.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1 or not all(lengths.values()):
        told = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise InputError(f"{' and '.join(lengths)} must be as many, and at least one; got {told}.")
