"""What every loss of a cross-encoder has: columns make pairs, pairs go through the network, scores make a number."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ..base import Loss, Value, name_of
from ..columns import Features, outputs_of
from ..tokens import pad_id_of

SCORES = "scores"
#: The feature that says of how many rows the pairs are: those of a row are that far apart.
ROWS = "rows"


class CrossEncoderLoss(Loss):
    """A number to be made smaller, of the scores of a batch's pairs, before the model's own activation.

    All pairs of a batch go through the network together. They are tokenised where the batch is made: the collator asks
    for :meth:`features`, so that the network need not wait for the tokenizer.

    Args:
        model: a :class:`~sbert.CrossEncoder`; goes over to the torch engine where it is on another.
        activation_fn: what scores go through before the formula; nothing by default.

    Raises:
        InputError: the model gives no scores, or not as many as the loss reads.
    """

    #: Whether the column after the queries holds a list of documents for each.
    takes_lists = False
    #: Scores for a pair that the model must give: the least, and the most, None for any number.
    scores_wanted: tuple[int, int | None] = (1, 1)

    def __init__(self, model: Any, activation_fn: nn.Module | None = None) -> None:
        name, given = type(self).__name__, getattr(model, "num_labels", None)
        if given is None:
            raise InputError(f"{name} trains a CrossEncoder; got {type(model).__name__}.")
        least, most = self.scores_wanted
        if given < least or (most is not None and given > most):
            wanted = "1 label" if most == 1 else f"{least} labels or more"
            raise InputError(
                f"{name} needs a model with {wanted}; this one has {given}. Load it with num_labels={least}."
            )
        super().__init__(model)
        self.activation_fn = nn.Identity() if activation_fn is None else activation_fn

    # --- from rows to pairs --------------------------------------------------------------------------------------

    def pairs(self, columns: Sequence[Sequence[Any]], labels: Any = None) -> list[tuple[str, str]]:  # noqa: ARG002
        """The pairs that a batch makes: queries with each further column, one column after another.

        Args:
            columns: texts of each column: queries, and one column of documents or more.
            labels: of the rows; only lists of documents are compared with them.

        Raises:
            InputError: columns differ in length.
        """
        queries, *others = columns
        for column in columns:
            if isinstance(column, str) or len(column) != len(queries):
                got = [1 if isinstance(one, str) else len(one) for one in columns]
                raise InputError(f"Columns must be lists of as many texts; got {', '.join(map(str, got))}.")
        return [pair for column in others for pair in zip(queries, column, strict=True)]

    def features(self, columns: Sequence[Sequence[Any]], labels: Any = None, prompt: str = "") -> dict[str, Any]:
        """What :meth:`forward` takes of a batch: all of its pairs as the network reads them, in main memory.

        Args:
            columns: as for :meth:`pairs`.
            labels: as for :meth:`pairs`.
            prompt: put in front of each query.

        Returns:
            Those of ``model.training_features``, and ``rows``, how many the batch has.
        """
        pairs = self.pairs(columns, labels)
        return {**self.model.training_features(pairs, prompt=prompt), ROWS: len(columns[0])}

    # --- from pairs to a number ----------------------------------------------------------------------------------

    def forward(self, sentence_features: Iterable[Any], labels: Any = None) -> Value:
        """The loss of a batch.

        Args:
            sentence_features: one item, what :meth:`features` gives; or the columns of texts themselves.
            labels: (B,) or what else the loss asks for.

        Raises:
            InputError: there are too few or too many columns, or labels lack or do not fit.
        """
        given = list(sentence_features)
        if len(given) == 1 and isinstance(given[0], Mapping):
            features = dict(given[0])
        else:
            self.check_columns(len(given), labels is not None)
            features = {**self.model.tokenize(self.pairs(given, labels)), ROWS: len(given[0])}
        rows = features.pop(ROWS, None)
        return self.compute_loss_from_logits(self.laid_out(self.scores(features), rows), labels)

    def scores(self, features: Features) -> Tensor:
        """The scores of pairs, with gradients: (pairs, labels of the model)."""
        return outputs_of(self.network, [features], (SCORES,), self.chunks, pad_id_of(self.model))[0][SCORES]

    def laid_out(self, scores: Tensor, rows: int | None) -> Tensor:  # noqa: ARG002
        """Scores as :meth:`compute_loss_from_logits` takes them.

        Args:
            scores: (pairs, labels of the model).
            rows: of the batch; None where features did not come from :meth:`features`.
        """
        return scores

    def compute_loss_from_logits(self, logits: Tensor, labels: Any = None) -> Value:
        """The loss of scores that are there already.

        Args:
            logits: (pairs, labels of the model), or (pairs,), in the order of :meth:`pairs`.
            labels: as for :meth:`forward`.

        Raises:
            InputError: labels lack, or do not fit.
        """
        if self.label and labels is None:
            raise InputError(f"{type(self).__name__} needs labels: {self.label}.")
        # Scores of half precision would lose in a formula what they have.
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        if isinstance(labels, (list, tuple)):
            labels = [torch.as_tensor(one, device=logits.device) for one in labels]
        elif labels is not None:
            labels = labels.to(logits.device)
        return self.loss(self.activation_fn(logits), labels)

    def compute_loss_from_embeddings(self, embeddings: Any, labels: Any = None) -> Value:  # noqa: ARG002
        """Not of this family: raises.

        Raises:
            InputError: always; what wraps a loss of vectors cannot wrap this one.
        """
        raise InputError(f"{type(self).__name__} reads scores of pairs, not vectors; use compute_loss_from_logits().")

    @abstractmethod
    def loss(self, logits: Any, labels: Any) -> Value:
        """The formula; scores have gone through ``activation_fn``, and all stands on their device."""

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"activation_fn": called(self.activation_fn)}


def called(part: Any) -> str | None:
    """What a part of a loss is called, for a model card."""
    if part is None:
        return None
    return type(part).__name__ if isinstance(part, nn.Module) else name_of(part)


def one_for_each(loss: Loss, labels: Any, pairs: int) -> Tensor:
    """Labels as (pairs,).

    Raises:
        InputError: there are not as many.
    """
    if not isinstance(labels, Tensor) or labels.numel() != pairs:
        got = tuple(labels.shape) if isinstance(labels, Tensor) else "lists"
        raise InputError(f"{type(loss).__name__} needs a label for each of {pairs} pairs; got {got}.")
    return labels.reshape(-1)
