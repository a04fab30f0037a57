"""Second names of what sbert has under one."""

from __future__ import annotations

from sbert.models import Router
from sbert.training import Trainer as BaseTrainer
from sbert.training import TrainingArguments as BaseTrainingArguments

#: The old name of a Router.
Asym = Router

__all__ = ["Asym", "BaseTrainer", "BaseTrainingArguments"]
