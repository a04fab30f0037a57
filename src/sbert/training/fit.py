"""``model.fit`` of older scripts, as a call of the trainer."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
import transformers

from ..errors import InputError, SbertWarning, one_of
from ..models.cross_encoder import CrossEncoder
from .arguments import MultiDatasetBatchSamplers, TrainingArguments
from .families import CrossEncoderTrainer, SentenceTransformerTrainer
from .tables import as_rows
from .trainer import Trainer

#: The schedules by their names in older scripts, and in transformers.
_SCHEDULES = {
    "constantlr": "constant",
    "warmupconstant": "constant_with_warmup",
    "warmuplinear": "linear",
    "warmupcosine": "cosine",
    "warmupcosinewithhardrestarts": "cosine_with_restarts",
}


#: What the evaluator's measure that counts most is called in a run.
_SCORE = "score"


def fit(
    model: Any,
    train_objectives: Sequence[tuple[Any, Any]],
    evaluator: Any = None,
    epochs: int = 1,
    steps_per_epoch: int | None = None,
    scheduler: str = "WarmupLinear",
    warmup_steps: int = 10_000,
    optimizer_class: type[torch.optim.Optimizer] = torch.optim.AdamW,
    optimizer_params: dict[str, Any] | None = None,
    weight_decay: float = 0.01,
    evaluation_steps: int = 0,
    output_path: str | None = None,
    save_best_model: bool = True,
    max_grad_norm: float = 1.0,
    use_amp: bool = False,
    callback: Callable[[float, int, int], Any] | None = None,
    show_progress_bar: bool = True,
    checkpoint_path: str | None = None,
    checkpoint_save_steps: int = 500,
    checkpoint_save_total_limit: int = 0,
    resume_from_checkpoint: bool = False,
) -> None:
    """Train a model as older scripts ask for it.

    Args:
        model: to be trained.
        train_objectives: a loader of :class:`~sbert.data.InputExample` and a loss each. Of a loader the examples and
            the size of batches are taken. A batch of each comes in turn, until the smallest has no more.
        evaluator: measures the model after each epoch.
        epochs: how often the smallest loader is gone through.
        steps_per_epoch: steps that count as an epoch.
        scheduler: ``WarmupLinear``, ``ConstantLR``, ``WarmupConstant``, ``WarmupCosine`` or
            ``WarmupCosineWithHardRestarts``.
        warmup_steps: in which the learning rate rises.
        optimizer_class: of torch, or one like it.
        optimizer_params: its arguments; ``{"lr": 2e-5}`` by default.
        weight_decay: of all but biases and normalisations.
        evaluation_steps: steps between evaluations; 0 for the end of each epoch alone.
        output_path: the folder in which the model is saved; None for nowhere.
        save_best_model: whether that is the model that the evaluator liked best, and not the last.
        max_grad_norm: to which gradients are cut.
        use_amp: whether to compute in half precision where that is faster.
        callback: called with the evaluator's measure, the epoch and the step.
        show_progress_bar: in a terminal.
        checkpoint_path: the folder of checkpoints; None for none.
        checkpoint_save_steps: steps between them.
        checkpoint_save_total_limit: how many are kept; 0 for all.
        resume_from_checkpoint: whether to go on from the last one.

    Raises:
        InputError: a schedule is not known, or there is nothing to train on.
    """
    if not train_objectives:
        raise InputError("train_objectives is empty: give a loader and a loss.")
    name = _SCHEDULES.get(scheduler.lower())
    if name is None:
        raise one_of("scheduler", scheduler, _SCHEDULES)
    datasets, sizes = {}, []
    for number, (loader, _) in enumerate(train_objectives):
        datasets[f"objective_{number}"] = as_rows(_examples(loader), f"the data of objective {number}")
        sizes.append(_batch_size(loader))
    if len(set(sizes)) > 1:
        warnings.warn(f"Batches have the size of the first loader, {sizes[0]}, in all.", SbertWarning, stacklevel=3)
    steps = steps_per_epoch or min(-(-len(rows) // sizes[0]) for rows in datasets.values())
    steps *= len(train_objectives)
    several = len(train_objectives) > 1
    losses = {name: loss for name, (_, loss) in zip(datasets, train_objectives, strict=True)}
    best = evaluator is not None and save_best_model and output_path is not None
    with tempfile.TemporaryDirectory() as scratch:
        evaluates = evaluation_steps or steps
        args = TrainingArguments(
            output_dir=checkpoint_path or scratch,
            per_device_train_batch_size=sizes[0],
            max_steps=steps * epochs,
            lr_scheduler_type=name,
            warmup_steps=0 if scheduler.lower() == "constantlr" else warmup_steps,
            weight_decay=weight_decay,
            max_grad_norm=max_grad_norm,
            fp16=use_amp and torch.cuda.is_available(),
            eval_strategy="steps" if evaluator is not None else "no",
            eval_steps=evaluates,
            save_strategy="steps" if checkpoint_path or best else "no",
            save_steps=evaluates if best else checkpoint_save_steps,
            save_total_limit=checkpoint_save_total_limit or (None if checkpoint_path else 1),
            load_best_model_at_end=best,
            metric_for_best_model=_SCORE if best else None,
            greater_is_better=getattr(evaluator, "greater_is_better", True) if best else None,
            multi_dataset_batch_sampler=MultiDatasetBatchSamplers.ROUND_ROBIN,
            disable_tqdm=None if show_progress_bar else True,
        )
        kind = _OfPairs if isinstance(model, CrossEncoder) else _OfTexts
        trainer = kind(
            model,
            args,
            datasets if several else next(iter(datasets.values())),
            loss=losses if several else train_objectives[0][1],
            evaluator=evaluator,
            callbacks=[_Told(callback, evaluator)] if callback is not None else None,
            optimizer_cls_and_kwargs=(optimizer_class, {"lr": 2e-5, **(optimizer_params or {})}),
        )
        trainer.train(resume_from_checkpoint=resume_from_checkpoint)
        if output_path is not None:
            trainer.save_model(str(Path(output_path)))


class _Scored(Trainer):
    """Logs the measure that counts most under a name that does not depend on the evaluator."""

    arguments = TrainingArguments

    def evaluate(self, *args: Any, **options: Any) -> dict[str, float]:
        metrics = super().evaluate(*args, **options)
        primary = getattr(self.evaluator, "primary_metric", None)
        return metrics | {f"eval_{_SCORE}": metrics.get(f"eval_{primary or 'evaluator'}", float("nan"))}


class _OfTexts(_Scored, SentenceTransformerTrainer):
    """Of models of any family that compare texts."""

    family: ClassVar[type | None] = None
    arguments = TrainingArguments


class _OfPairs(_Scored, CrossEncoderTrainer):
    """Of cross-encoders."""


class _Told(transformers.TrainerCallback):  # type: ignore[misc]
    """Calls a function of an older script after each evaluation.

    Args:
        function: takes the measure, the epoch and the step.
        evaluator: whose measure it is.
    """

    def __init__(self, function: Callable[[float, int, int], Any], evaluator: Any) -> None:
        self.function, self.evaluator = function, evaluator

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Pass the measure on."""
        found = (metrics or {}).get(f"eval_{self.evaluator.primary_metric or 'evaluator'}")
        if found is not None:
            self.function(found, int(state.epoch or 0), state.global_step)


def fit_model(model: Any, *args: Any, **options: Any) -> None:
    """``model.fit`` of any family, whose arguments differ."""
    (fit_cross_encoder if isinstance(model, CrossEncoder) else fit)(model, *args, **options)


def fit_cross_encoder(
    model: Any, train_dataloader: Any, evaluator: Any = None, loss_fct: Any = None, **options: Any
) -> None:
    """Train a cross-encoder as older scripts ask for it.

    Args:
        model: to be trained.
        train_dataloader: of :class:`~sbert.data.InputExample` of pairs.
        evaluator: as for :func:`fit`.
        loss_fct: of torch, such as ``torch.nn.MSELoss()``; by default that of the trainer.
        **options: those of :func:`fit`. ``activation_fct`` is taken and not used.

    Raises:
        InputError: as for :func:`fit`.
    """
    loss: Any = None
    if loss_fct is not None:
        from ..losses.cross_encoder import MSELoss

        kinds = {torch.nn.MSELoss: MSELoss, torch.nn.BCEWithLogitsLoss: None, torch.nn.CrossEntropyLoss: None}
        if type(loss_fct) not in kinds:
            raise InputError(
                f"loss_fct must be MSELoss, BCEWithLogitsLoss or CrossEntropyLoss of torch; got "
                f"{type(loss_fct).__name__}. For others use CrossEncoderTrainer with one of sbert.losses.cross_encoder."
            )
        loss = kinds[type(loss_fct)]
    options.pop("activation_fct", None)
    fit(model, [(train_dataloader, loss)], evaluator, **options)


def _examples(loader: Any) -> Any:
    """The examples of a loader: its dataset, or itself where it is a list."""
    return getattr(loader, "dataset", getattr(loader, "train_examples", loader))


def _batch_size(loader: Any) -> int:
    return int(getattr(loader, "batch_size", None) or 8)
