"""How to train: the arguments of transformers' trainer, and those that embeddings need beside them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import transformers

from ..engines.torch.devices import choose_device
from ..errors import InputError, one_of

#: Since transformers 5 ``warmup_steps`` takes fractions, in place of ``warmup_ratio``.
_FRACTIONS = int(transformers.__version__.split(".")[0]) >= 5


class BatchSamplers(str, Enum):
    """How rows are put into batches."""

    BATCH_SAMPLER = "batch_sampler"
    NO_DUPLICATES = "no_duplicates"
    NO_DUPLICATES_HASHED = "no_duplicates_hashed"
    GROUP_BY_LABEL = "group_by_label"


class MultiDatasetBatchSamplers(str, Enum):
    """How the batches of several datasets follow each other."""

    PROPORTIONAL = "proportional"
    ROUND_ROBIN = "round_robin"


@dataclass
class TrainingArguments(transformers.TrainingArguments):  # type: ignore[misc]
    """The arguments of ``transformers.TrainingArguments``, and these.

    Args:
        prompts: text in front of inputs: of all; by column; by dataset; or by dataset and column.
        batch_sampler: ``batch_sampler`` for random batches; ``no_duplicates`` for batches in which no text stands
            twice, as ranking losses with in-batch negatives want them (``no_duplicates_hashed`` is the same here);
            ``group_by_label`` for in-batch triplets; or a class of :class:`~sbert.training.batches.BatchSampler`, or
            what makes one.
        multi_dataset_batch_sampler: ``proportional`` or ``round_robin``, or a class, or what makes one.
        router_mapping: the route of each column (``query``, ``document``), or by dataset and column.
        learning_rate_mapping: learning rates of parameters whose names match a regular expression.
        warmup_ratio: part of the steps in which the learning rate rises.
        columns: the columns of texts, in the loss's order, where they are not all that there are; or by dataset.
        label_column: the column of labels, where it is none of ``label``, ``labels``, ``score``, ``scores``; or by
            dataset.
        train_token_budget: tokens in a training batch, padding included: batches of like length and of about the same
            work each, of ``per_device_train_batch_size`` rows at the most. For losses without in-batch negatives.
    """

    prompts: Any = None
    batch_sampler: Any = BatchSamplers.BATCH_SAMPLER
    multi_dataset_batch_sampler: Any = MultiDatasetBatchSamplers.PROPORTIONAL
    router_mapping: Mapping[str, Any] | None = field(default_factory=dict)
    learning_rate_mapping: Mapping[str, float] | None = field(default_factory=dict)
    warmup_ratio: float | None = None
    columns: Any = None
    label_column: Any = None
    train_token_budget: int | None = None

    # Fields of transformers', which has no types for them.
    output_dir: str | None = None
    disable_tqdm: bool | None = None
    warmup_steps: float = 0

    def __post_init__(self) -> None:
        """Check what is ours, and set what follows from it.

        Raises:
            InputError: a sampler is not known.
        """
        if self.output_dir is None:
            self.output_dir = "trainer_output"
        if self.disable_tqdm is None and not sys.stderr.isatty():
            self.disable_tqdm = True
        if _FRACTIONS and self.warmup_ratio is not None:
            if not 0 <= self.warmup_ratio < 1:
                raise InputError(f"warmup_ratio must be from 0 to below 1; got {self.warmup_ratio}.")
            self.warmup_steps = self.warmup_steps or self.warmup_ratio
        elif not _FRACTIONS:
            self.warmup_ratio = self.warmup_ratio or 0.0
        self.prediction_loss_only = True
        self.remove_unused_columns = False  # the layout says what is used
        self.batch_sampler = _known("batch_sampler", self.batch_sampler, BatchSamplers)
        self.multi_dataset_batch_sampler = _known(
            "multi_dataset_batch_sampler", self.multi_dataset_batch_sampler, MultiDatasetBatchSamplers
        )
        self.router_mapping = self.router_mapping or {}
        self.learning_rate_mapping = self.learning_rate_mapping or {}
        if int(os.environ.get("WORLD_SIZE", "1")) > 1 and choose_device().type == "cpu":
            # transformers forms a group of processors only where this is said; each process would train alone.
            self.use_cpu = True
        super().__post_init__()
        if self.world_size > 1:
            # Processes must have batches of one size: gradients are averaged, and negatives gathered.
            self.dataloader_drop_last = True


def of_dataset(value: Any, name: str, datasets: list[str], argument: str) -> Any:
    """What an argument that may differ by dataset says of one.

    Args:
        value: the argument.
        name: the dataset; empty for a single one.
        datasets: all of them.
        argument: its name, for messages.

    Raises:
        InputError: it names a dataset that is not there.
    """
    if not isinstance(value, Mapping) or not name:
        return value
    by_dataset = [key for key in value if key in datasets]
    if not by_dataset and not any(isinstance(item, Mapping) for item in value.values()):
        return value  # by column, for all datasets
    for key in value:
        if key not in datasets:
            raise one_of(argument, str(key), datasets)
    return value.get(name)


def _known(argument: str, value: Any, kinds: type[Enum]) -> Any:
    """A member of an enumeration by its value; classes and functions stay what they are."""
    if isinstance(value, (type, Callable)):  # type: ignore[arg-type]
        return value
    try:
        return kinds(value)
    except ValueError:
        raise one_of(argument, str(value), [kind.value for kind in kinds]) from None
