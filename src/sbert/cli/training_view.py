"""What ``sbert train`` shows while it trains: a bar and curves in a terminal, lines elsewhere, or JSON."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ..training.curves import plot
from ..training.run import Entry, Measure, Plan, curves_of
from .console import note, print_json

_EVAL = "eval_"
_WIDEST = 72


class _View(AbstractContextManager["_View"]):
    """Ctrl-C stops the training, sooner or later.

    Python drops the exception of a signal that comes while an object is destroyed, and the training would go on; so the
    signal is kept in mind, and looked for after each step.
    """

    _interrupted = False
    _before: Any = None

    def __enter__(self) -> _View:
        if threading.current_thread() is threading.main_thread():  # no other may say what a signal does
            self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _interrupt(self, *_: object) -> None:
        self._interrupted = True
        raise KeyboardInterrupt

    def stepped(self, step: int) -> None:  # noqa: ARG002
        """Stop where the signal has come to nothing.

        Raises:
            KeyboardInterrupt: somebody pressed Ctrl-C.
        """
        if self._interrupted:
            raise KeyboardInterrupt


class JsonView(_View):
    """An object for each event on standard output; steps alone are not told."""

    def started(self, plan: Plan, step: int) -> None:
        """Tell what begins."""
        print_json({"event": "start", "step": step} | plan_as_json(plan))

    def logged(self, entry: Entry, history: Sequence[Entry], measures: Sequence[Measure]) -> None:  # noqa: ARG002
        """Tell what was logged."""
        measured = any(name.startswith(_EVAL) for name in entry)
        print_json({"event": "evaluation" if measured else "log"} | dict(entry))

    def saved(self, step: int, folder: Path) -> None:
        """Tell of a checkpoint."""
        print_json({"event": "checkpoint", "step": step, "folder": str(folder)})


class PersonView(_View):
    """A bar with curves below it in a terminal; elsewhere a line for each evaluation."""

    def __init__(self) -> None:
        self._live: Any = None
        self._bar: Any = None
        self._task: Any = None
        self._steps = 0
        self._saved = 0
        self._curves: Any = ""

    def __exit__(self, *raised: object) -> None:
        super().__exit__(*raised)
        if self._live is not None:
            self._live.stop()
        if raised[0] is KeyboardInterrupt and self._steps:
            note(f"Stopped. The same command goes on from step {self._saved:,}.")

    def started(self, plan: Plan, step: int) -> None:
        """Tell what begins, and show the bar."""
        note(plan_as_text(plan))
        if step:
            note(f"Going on from step {step:,}.")
        self._steps, self._saved = plan.steps, step
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("Training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, TextColumn("{task.description}"))
        self._task = self._bar.add_task("", total=plan.steps, completed=step)
        self._live = Live(
            get_renderable=self._shown, console=Console(stderr=True), transient=True, refresh_per_second=4
        )
        self._live.start()

    def stepped(self, step: int) -> None:
        """Move the bar."""
        super().stepped(step)
        if self._bar is not None:
            self._bar.update(self._task, completed=step)

    def logged(self, entry: Entry, history: Sequence[Entry], measures: Sequence[Measure]) -> None:
        """Show the loss beside the bar, and the curves; elsewhere a line for what was measured."""
        if self._bar is not None:
            if "loss" in entry:
                self._bar.update(self._task, description=f"loss {entry['loss']:.4g}")
            self._curves = "\n".join(_drawn(history, measures, self._live.console.width))
        elif told := [f"{one.data} {one.name} {entry[one.key]:.4f}" for one in measures if one.key in entry]:
            note(f"Step {int(entry['step']):,} of {self._steps:,}: {', '.join(told)}")

    def saved(self, step: int, folder: Path) -> None:  # noqa: ARG002
        """Keep in mind from where the run would go on."""
        self._saved = step

    def draw(self, history: Sequence[Entry], measures: Sequence[Measure]) -> None:
        """The curves of a run that is over."""
        from rich.console import Console

        for line in _drawn(history, measures, Console(stderr=True).width):
            note(line)

    def _shown(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        return Group(self._bar, Text(self._curves))


def plan_as_text(plan: Plan) -> str:
    """What a run does, in a sentence or two."""
    part = "" if plan.trained == plan.weights else f", of which {_millions(plan.trained)} are trained"
    data = []
    for one in plan.datasets:
        count = "a stream" if one.rows is None else f"{one.rows:,} rows"
        label = f"; {one.label}" if one.label else ""
        named = f"{one.name}: " if one.name else ""
        data.append(f"{named}{count} of {one.source} ({', '.join(one.columns)}{label})")
    return (
        f"{plan.model}, a {plan.family} of {_millions(plan.weights)} weights{part}. {'; '.join(data)}. "
        f"{', '.join(plan.losses)}. {plan.steps:,} steps of {plan.rows:,} rows. Output: {plan.output}"
    )


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """What a run does, for programs."""
    data = [
        {"name": one.name, "file": one.source, "rows": one.rows, "columns": one.columns, "label": one.label}
        for one in plan.datasets
    ]
    return {
        "model": plan.model, "family": plan.family, "weights": plan.weights, "trained": plan.trained, "data": data,
        "losses": plan.losses, "steps": plan.steps, "rows_of_a_step": plan.rows, "output": str(plan.output),
    }  # fmt: skip


def _drawn(history: Sequence[Entry], measures: Sequence[Measure], width: int) -> list[str]:
    lines = []
    for curve in curves_of(history, measures):
        if len(curve.steps) > 1:
            drawn = plot(curve.steps, curve.values, width=max(10, min(_WIDEST, width - 14)), height=4)
            lines += [curve.name, *drawn] if drawn else []
    return lines


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f} M" if count >= 1e6 else f"{count:,}"
