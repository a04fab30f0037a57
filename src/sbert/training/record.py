"""What a training run was, as a model card tells it: facts that were recorded, and nothing looked up."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Any

import torch
import transformers

from ..version import __version__
from .layout import Layout
from .tables import is_stream

#: Arguments that say where and how a run shows itself, not what it does to the weights.
_NO_MATTER = {
    "output_dir", "logging_dir", "run_name", "disable_tqdm", "report_to", "hub_token", "local_rank", "push_to_hub",
}  # fmt: skip
#: Kinds of values that a user writes.
_PLAIN = (bool, int, float, str, list, tuple, dict)
#: Measures in the card's table of the course of training.
_MEASURES, _ROUNDS = 6, 20


@dataclass(frozen=True)
class DatasetRecord:
    """A training dataset.

    Args:
        name: what it was called; empty for a single one.
        source: the file, or what else it is.
        rows: how many; None for a stream.
        columns: of texts.
        label: the column of labels.
        loss: its class.
        settings: of the loss.
    """

    name: str
    source: str
    rows: int | None
    columns: tuple[str, ...]
    label: str | None
    loss: str
    settings: dict[str, Any]

    @classmethod
    def of(cls, name: str, rows: Any, layout: Layout, loss: Any) -> DatasetRecord:
        """The record of a dataset as it is read."""
        count = None if is_stream(rows) else len(rows)
        settings = loss.get_config_dict() if hasattr(loss, "get_config_dict") else {}
        source = str(getattr(rows, "source", type(rows).__name__))
        return cls(name, source, count, layout.inputs, layout.label, type(loss).__name__, settings)

    def line(self) -> str:
        """A line of the card."""
        size = "a stream" if self.rows is None else f"{self.rows:,} rows"
        columns = ", ".join(f"`{column}`" for column in self.columns)
        label = f", label `{self.label}`" if self.label else ""
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        named = f"**{self.name}**: " if self.name else ""
        return f"- {named}{size} of {columns}{label}; {self.loss}({settings})"


@dataclass(frozen=True)
class TrainingRecord:
    """A training run.

    Args:
        datasets: that it read.
        args: its arguments.
    """

    datasets: list[DatasetRecord]
    args: Any

    def markdown(self, state: Any) -> str:
        """The card's section on training.

        Args:
            state: of the trainer: steps, and what was logged.
        """
        lines = ["## Training", "", *(dataset.line() for dataset in self.datasets), ""]
        lines += [
            f"{state.global_step:,} steps, {state.epoch or 0:.2f} epochs. Arguments that are not the defaults:",
            "",
        ]
        lines += ["```yaml", *(f"{name}: {value}" for name, value in self.changed().items()), "```", ""]
        return "\n".join([*lines, *_course(state.log_history), *_versions()])

    def changed(self) -> dict[str, Any]:
        """Arguments that differ from their defaults."""
        found = {}
        for one in fields(self.args):
            value = getattr(self.args, one.name)
            usual = one.default if one.default_factory is MISSING else one.default_factory()
            shown = value if usual is not None or isinstance(value, _PLAIN) else None  # what was filled in is not told
            if one.init and one.name not in _NO_MATTER and shown not in (usual, None):
                found[one.name] = getattr(value, "value", value)
        return found


def _course(history: list[dict[str, float]]) -> list[str]:
    """A table of what was logged, thinned to a few rows."""
    measured: dict[int, dict[str, float]] = {}
    for entry in history:
        if "train_runtime" not in entry:
            measured.setdefault(int(entry["step"]), {}).update(entry)
    usual = ("loss", "eval_loss")
    names = [name for name in usual if any(name in row for row in measured.values())]
    more = [
        name
        for row in measured.values()
        for name in row
        if name.startswith("eval_") and not name.endswith(("_runtime", "_per_second", "_loss"))
    ]
    names += list(dict.fromkeys(more))[: _MEASURES - len(names)]
    if not names:
        return []
    steps = sorted(measured)
    kept = (
        steps if len(steps) <= _ROUNDS else [steps[round(i * (len(steps) - 1) / (_ROUNDS - 1))] for i in range(_ROUNDS)]
    )
    rows = [f"| {step} | " + " | ".join(_shown(measured[step].get(name)) for name in names) + " |" for step in kept]
    return [f"| step | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|", *rows, ""]


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _versions() -> list[str]:
    return [f"Made with sbert {__version__}, transformers {transformers.__version__}, torch {torch.__version__}.", ""]
