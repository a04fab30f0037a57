"""Training: one trainer for every family of models, on that of transformers."""

from .arguments import BatchSamplers, MultiDatasetBatchSamplers, TrainingArguments
from .batches import (
    BatchSampler,
    DefaultBatchSampler,
    GroupByLabelBatchSampler,
    NoDuplicatesBatchSampler,
    TokenBudgetBatchSampler,
)
from .families import (
    CrossEncoderTrainer,
    CrossEncoderTrainingArguments,
    MultiVectorEncoderTrainer,
    MultiVectorEncoderTrainingArguments,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
    SparseEncoderTrainer,
    SparseEncoderTrainingArguments,
)
from .mixing import ProportionalBatchSampler, RoundRobinBatchSampler
from .trainer import Trainer

__all__ = [
    "BatchSampler", "BatchSamplers", "CrossEncoderTrainer", "CrossEncoderTrainingArguments", "DefaultBatchSampler",
    "GroupByLabelBatchSampler", "MultiDatasetBatchSamplers", "MultiVectorEncoderTrainer",
    "MultiVectorEncoderTrainingArguments", "NoDuplicatesBatchSampler", "ProportionalBatchSampler",
    "RoundRobinBatchSampler", "SentenceTransformerTrainer", "SentenceTransformerTrainingArguments",
    "SparseEncoderTrainer", "SparseEncoderTrainingArguments", "TokenBudgetBatchSampler", "Trainer",
    "TrainingArguments",
]  # fmt: skip
