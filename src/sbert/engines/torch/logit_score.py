"""LogitScore: a score from what a language model would say next, such as "yes" or "no"."""

from __future__ import annotations

from ...checkpoints.modules import LogitScoreSpec
from ...checkpoints.modules.logit_score import LOGITS
from ...checkpoints.spec import SCORES
from .base import Features, Module, feature


class LogitScore(Module):
    """How much likelier one token is than another, after the last of a text's own.

    Args:
        true_token_id: the token that means that a pair belongs together.
        false_token_id: the one that means that it does not; None where only the first counts.
    """

    def __init__(self, true_token_id: int, false_token_id: int | None = None) -> None:
        super().__init__()
        self.true_token_id, self.false_token_id = true_token_id, false_token_id

    @classmethod
    def from_spec(cls, spec: LogitScoreSpec) -> LogitScore:
        """Make the module of its spec."""
        return cls(spec.true_token_id, spec.false_token_id)

    def to_spec(self) -> LogitScoreSpec:  # noqa: D102
        return LogitScoreSpec(self.true_token_id, self.false_token_id)

    def forward(self, features: Features) -> Features:
        """Add ``scores`` (B, 1) of ``causal_logits`` (B, 1, words)."""
        logits = feature(features, LOGITS)[:, -1]
        score = logits[:, self.true_token_id]
        if self.false_token_id is not None:
            score = score - logits[:, self.false_token_id]
        features[SCORES] = score.unsqueeze(1)
        return features

    def extra_repr(self) -> str:
        """What ``repr`` shows between the brackets."""
        return f"true_token_id={self.true_token_id}, false_token_id={self.false_token_id}"
