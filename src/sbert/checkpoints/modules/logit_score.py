"""LogitScore: a score from what a language model would say next, such as "yes" or "no"."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import CheckpointError, UnsupportedModelError
from ..files import read_json, setting, write_json
from .base import ModuleSpec, needed_setting, read_settings

LOGITS = "causal_logits"
#: What models are asked to say, where a folder does not tell.
_YES, _NO = "yes", "no"


@dataclass(frozen=True)
class LogitScoreSpec(ModuleSpec):
    """How much likelier one token is than another, after the last of a text's own.

    Args:
        true_token_id: the token that means that a pair belongs together.
        false_token_id: the one that means that it does not; None where only the first counts.
    """

    true_token_id: int
    false_token_id: int | None = None

    kind = "LogitScore"
    package = "sentence_transformers.cross_encoder.modules.logit_score"
    pools = True
    needed_files = ("config.json",)

    @classmethod
    def read(cls, folder: Path) -> LogitScoreSpec:
        """Read the settings."""
        settings = read_settings(folder, cls.config_file, required=True)
        path = folder / cls.config_file
        name = setting(settings, "module_input_name", str, path, LOGITS)
        if name != LOGITS:
            raise UnsupportedModelError(f"{path}: a score of {name!r} is not supported; {LOGITS!r} is.")
        false = setting(settings, "false_token_id", int, path)
        return cls(needed_setting(settings, ("true_token_id",), path), false)

    @classmethod
    def usual(cls, folder: Path) -> LogitScoreSpec:
        """The score of a language model's folder that does not say: by the tokens "yes" and "no".

        Raises:
            CheckpointError: its tokenizer does not have them.
        """
        path = folder / "tokenizer.json"
        numbers = _numbers(read_json(path)) if path.is_file() else {}
        if _YES not in numbers or _NO not in numbers:
            raise CheckpointError(
                f"{folder}: the tokenizer has no tokens {_YES!r} and {_NO!r}, by which a language model scores pairs. "
                "Put the model together with a LogitScore of its own tokens."
            )
        return cls(numbers[_YES], numbers[_NO])

    def write(self, folder: Path) -> None:
        """Write the settings."""
        settings = {"true_token_id": self.true_token_id, "false_token_id": self.false_token_id}
        write_json(folder / self.config_file, settings | {"module_input_name": LOGITS})

    @property
    def scores(self) -> bool:
        """Scores come out."""
        return True

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """One score."""
        return 1


def _numbers(tokenizer: dict[str, Any]) -> dict[str, int]:
    """Every token of a ``tokenizer.json`` and its number."""
    vocabulary = (tokenizer.get("model") or {}).get("vocab") or {}
    if isinstance(vocabulary, list):  # Unigram's: pairs of token and weight
        vocabulary = {str(entry[0]): number for number, entry in enumerate(vocabulary)}
    added = {str(token["content"]): int(token["id"]) for token in tokenizer.get("added_tokens") or ()}
    return {**vocabulary, **added}
