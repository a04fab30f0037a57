"""A training run of a config, from the first step or from where it stopped, to a model and its measures."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import transformers
from transformers.trainer_callback import PrinterCallback

from .. import models
from ..data.files import atomic_write
from ..errors import InputError, SbertError
from ..evaluation import Evaluator
from ..evaluation.files import evaluator_of
from ..models.cross_encoder import CrossEncoder
from .config import TRAINERS, Config, Measured
from .curves import Curve, picture
from .record import DatasetRecord
from .run_record import FINAL, PICTURE, RunRecord
from .sources import SourceTable, alike
from .trainer import Trainer

_LOSS, _EVAL = "loss", "eval_"

#: What was logged at a step, by name; ``step`` and ``epoch`` are among it.
Entry = Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Args:
        model: its name.
        family: its class.
        weights: numbers in it.
        trained: how many of them are trained.
        datasets: what it is trained on.
        losses: the classes of its losses.
        steps: of the whole run.
        rows: in a step.
        output: the folder.
    """

    model: str
    family: str
    weights: int
    trained: int
    datasets: list[DatasetRecord]
    losses: list[str]
    steps: int
    rows: int
    output: Path


@dataclass(frozen=True)
class Measure:
    """What counts most on some data.

    Args:
        data: its name.
        name: of the measure.
        key: of it in what is logged.
        before: before training; None where it was not measured then.
        after: of the finished model.
    """

    data: str
    name: str
    key: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Finished:
    """How a run ended.

    Args:
        steps: that were made.
        seconds: that the last start of the command took.
        model: the folder of the model.
        measures: before and after.
        history: all that was logged.
        earlier: whether it had ended before this command.
    """

    steps: int
    seconds: float
    model: Path
    measures: list[Measure]
    history: list[dict[str, float]]
    earlier: bool = False


class Watcher(Protocol):
    """Is told of a run while it goes on."""

    def started(self, plan: Plan, step: int) -> None:
        """The run begins at a step."""

    def stepped(self, step: int) -> None:
        """A step was made."""

    def logged(self, entry: Entry, history: Sequence[Entry], measures: Sequence[Measure]) -> None:
        """Something was logged: the loss, or measures."""

    def saved(self, step: int, folder: Path) -> None:
        """A checkpoint was written."""


def train(config: Config, watcher: Watcher, *, restart: bool = False) -> Finished:
    """Train as a config says; a run that was stopped goes on from its last checkpoint.

    Args:
        config: what to do. The model goes to ``final`` in its output folder, curves to ``training.svg``.
        watcher: told what happens; where several processes train, that of the first alone.
        restart: whether to delete what is there and begin anew.

    Raises:
        InputError: the folder holds another run, or data, model and loss do not fit; the config's line is named.
        DataError: data cannot be read, or a value in it is not what it should be.
        SbertError: the model cannot be loaded.
    """
    args, started = config.args, time.perf_counter()
    record = RunRecord(config, args.world_size)
    with args.main_process_first(local=False, desc="looking at the output folder"):
        if restart and args.process_index == 0:
            record.clear()
        record.check()
        ended = record.finished()
        checkpoint = None if ended else record.checkpoint()
    if ended:
        measures = [Measure(**one) for one in ended["measures"]]
        return Finished(ended["steps"], 0.0, config.output / FINAL, measures, ended["history"], earlier=True)
    args.eval_on_start &= checkpoint is None
    task = _Task(config)
    if args.process_index == 0:
        record.start()
        task.trainer.add_callback(_Told(task, watcher))
    transformers.set_seed(args.seed)
    with config.blamed(kinds=(SbertError,)):
        task.trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    task.measure_at_the_end()
    task.trainer.save_model(str(config.output / FINAL))
    state = task.trainer.state
    done = Finished(
        state.global_step, time.perf_counter() - started, config.output / FINAL, task.measures(), state.log_history
    )
    if args.process_index == 0:
        task.draw()
        told = [dataclasses.asdict(one) for one in done.measures]
        record.finish({"steps": done.steps, "measures": told, "history": done.history})
    return done


def plan(config: Config) -> Plan:
    """What a run would do. All is loaded and checked as for training, and nothing is written.

    Raises:
        SbertError: as :func:`train`.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:  # transformers makes the folder
        args = dataclasses.replace(config.args, output_dir=scratch)
        task = _Task(dataclasses.replace(config, args=args))
        return task.plan(task.steps())


class _Task:
    """A config with all that it names: the model, the data, the trainer."""

    def __init__(self, config: Config) -> None:
        self.config = config
        train = {name: source.read() for name, source in config.train.items()}
        evaluated = {name: source.read() for name, source in config.evaluated.items()}
        for name, table in evaluated.items():
            alike(train[name], table, config.evaluated[name])
        self.evaluators: list[Evaluator] = []
        for measured in config.evaluate:
            made = self._evaluator(measured)
            if made.name in [other.name for other in self.evaluators]:
                raise measured.node.error(f"there are measures called {made.name!r} already: give it a name.")
            self.evaluators.append(made)
        transformers.set_seed(config.args.seed)  # for weights that are made new: a head, an adapter, a loss's own
        with config.blamed("model"):
            self.model = _model(config)
        if config.adapter is not None:
            with config.blamed("adapter"):
                from peft import LoraConfig

                self.model.add_adapter(LoraConfig(**config.adapter))
        labels = {name: table.label for name, table in train.items() if table.label is not None}
        args = config.args
        args.label_column = labels.get("") if "" in train else labels or None
        with config.blamed(), _with_lines({"train": train, "eval": evaluated}):
            self.trainer: Trainer = TRAINERS[config.model.family](
                self.model,
                args,
                train.get("", train),
                evaluated.get("", evaluated) or None,
                loss=config.loss,
                evaluator=self.evaluators or None,
            )
        self.trainer.remove_callback(PrinterCallback)
        #: Whether the arguments name no measure by which the best model is chosen.
        self._chooses = args.load_best_model_at_end and "metric_for_best_model" not in config.arguments

    def _evaluator(self, measured: Measured) -> Evaluator:
        names = {} if measured.name is None else {"name": measured.name}
        reads_pairs = TRAINERS[self.config.model.family].family is CrossEncoder
        try:
            made = evaluator_of(measured.path, split=measured.split, cross_encoder=reads_pairs, **names)
        except SbertError as error:
            raise measured.node.translated(error) from error
        return made

    def steps(self) -> int:
        """Steps of the whole run, as transformers will count them."""
        args = self.config.args
        if args.max_steps > 0:
            return int(args.max_steps)
        batches = len(self.trainer.get_train_dataloader())
        in_epoch: int = max(math.ceil(batches / args.gradient_accumulation_steps), 1)
        return math.ceil(float(args.num_train_epochs) * in_epoch)

    def plan(self, steps: int) -> Plan:
        """What the run will do."""
        trainer, args = self.trainer, self.config.args
        network = trainer.model.network
        return Plan(
            self.config.model.name,
            self.config.model.family,
            sum(parameter.numel() for parameter in network.parameters()),
            sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad),
            trainer.record.datasets,
            self.losses(),
            steps,
            args.train_batch_size * args.gradient_accumulation_steps * args.world_size,
            self.config.output,
        )

    def measures(self) -> list[Measure]:
        """What counts most on each data, before and after, as far as it was measured."""
        keys = [
            (name or "data.eval", _LOSS, f"{_EVAL}{name}_loss" if name else f"{_EVAL}loss")
            for name in self.config.evaluated
        ]
        for evaluator in self.evaluators:
            if evaluator.primary_metric is not None:
                short = evaluator.primary_metric.removeprefix(f"{evaluator.name}_")
                keys.append((evaluator.name, short, f"{_EVAL}{evaluator.primary_metric}"))
        history = self.trainer.state.log_history
        found = []
        for data, name, key in keys:
            values = [(entry["step"], entry[key]) for entry in history if key in entry]
            before = values[0][1] if values and values[0][0] == 0 else None
            found.append(Measure(data, name, key, before, values[-1][1] if values else None))
        return found

    def measure_at_the_end(self) -> None:
        """Measure the model as it is, unless that was done at the last step."""
        if not (self.evaluators or self.config.evaluated):
            return
        state = self.trainer.state
        last = {key for entry in state.log_history if entry["step"] == state.global_step for key in entry}
        measured = self.measures()
        known = len(measured) == len(self.evaluators) + len(self.config.evaluated)
        if not known or self.config.args.load_best_model_at_end or not {one.key for one in measured} <= last:
            self.trainer.evaluate()

    def choose_best_by(self) -> None:
        """Let the best model be the one that the evaluators like best, where the arguments name no measure."""
        evaluator = self.trainer.evaluator
        if self._chooses and evaluator is not None and evaluator.primary_metric is not None:
            self.config.args.metric_for_best_model = evaluator.primary_metric
            self.config.args.greater_is_better = evaluator.greater_is_better

    def draw(self) -> None:
        """Write the curves."""
        curves = [curve for curve in curves_of(self.trainer.state.log_history, self.measures()) if len(curve.steps)]
        title = f"{self.config.model.name}: {', '.join(self.losses())}"
        with atomic_write(self.config.output / PICTURE) as file:
            file.write(picture(title, curves).encode())

    def losses(self) -> list[str]:
        """The classes of the losses."""
        return list(dict.fromkeys(type(loss).__name__ for loss in self.trainer.model.losses))


class _Told(transformers.TrainerCallback):  # type: ignore[misc]
    """Passes on what the trainer does.

    Args:
        task: the run.
        watcher: who is told.
    """

    def __init__(self, task: _Task, watcher: Watcher) -> None:
        self.task, self.watcher = task, watcher

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self.watcher.started(self.task.plan(state.max_steps), state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self.watcher.stepped(state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        self.task.choose_best_by()
        if "train_runtime" not in (logs or {}):
            self.watcher.logged(state.log_history[-1], state.log_history, self.task.measures())

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self.task.draw()
        self.watcher.saved(state.global_step, Path(args.output_dir) / f"checkpoint-{state.global_step}")


def curves_of(history: Sequence[Entry], measures: Sequence[Measure]) -> list[Curve]:
    """The course of the loss and of the measures that count most."""
    found = [_curve(_LOSS, _LOSS, history)]
    return found + [_curve(f"{one.data} {one.name}", one.key, history) for one in measures]


def _curve(name: str, key: str, history: Sequence[Entry]) -> Curve:
    entries = [entry for entry in history if key in entry]
    return Curve(name, [entry["step"] for entry in entries], [entry[key] for entry in entries])


def _model(config: Config) -> Any:
    """The model that is trained, on the torch engine."""
    choice = config.model
    kind = getattr(models, choice.family)
    options: dict[str, Any] = {"backend": "torch", "prompts": choice.prompts, "on_truncation": "ignore"}
    if choice.num_labels is not None:
        options["num_labels"] = choice.num_labels
    model = kind(choice.name, **options)
    if choice.pooling is not None:
        parts = list(model)
        if not any(isinstance(part, models.Pooling) for part in parts):
            raise InputError(f"{choice.name} has no pooling that could be {choice.pooling}.")
        for place, part in enumerate(parts):
            if isinstance(part, models.Pooling):
                parts[place] = models.Pooling(part.embedding_dimension, choice.pooling, part.include_prompt)
        model = kind(modules=parts, prompts=model.prompts, similarity_fn_name=model.similarity_fn_name)
    if choice.max_seq_length is not None:
        model.max_seq_length = choice.max_seq_length
    return model


@contextmanager
def _with_lines(tables: Mapping[str, Mapping[str, SourceTable]]) -> Iterator[None]:
    """Name the file's line in errors that name a row of a table."""
    try:
        yield
    except SbertError as error:
        message = str(error)
        for kind, named in tables.items():
            for name, table in named.items():
                if message.startswith(f"{kind}_dataset {name!r}:" if name else f"{kind}_dataset:"):
                    raise type(error)(table.with_line(message)) from error
        raise
