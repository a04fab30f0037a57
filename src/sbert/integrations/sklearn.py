"""Texts to vectors as a step of scikit-learn: in a ``Pipeline``, a ``ColumnTransformer``, a grid search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import InputError, MissingDependencyError, NotTextError
from ..evaluation.comparing import one_vector_each
from ..models import load
from ..models.cross_encoder import CrossEncoder
from ..models.multi_vector_encoder import MultiVectorEncoder
from ..models.sparse_encoder import SparseEncoder

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
except ImportError as error:
    raise MissingDependencyError("scikit-learn", "embed texts in its pipelines", "cluster") from error


class SentenceEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Makes vectors of texts, and learns nothing from them: ``fit`` loads the model; so does ``transform`` without it.

    It is cloned without copying the model, and pickled without it where ``model`` is a name or a folder: what is read
    back loads it when it is first used.

    Args:
        model: name or folder of a dense or sparse model; or a model.
        prompt_name: of the model's prompts, such as ``query``; by default what ``encode`` takes.
        prompt: in front of each text; instead of ``prompt_name``.
        normalize: whether vectors have length 1.
        truncate_dim: keep so many leading dimensions.
        batch_size: texts in a batch at the most; by default the engine chooses.
        dtype: what to compute in; as for the model.
        backend: engine; as for the model.
        device: as for the model.
        on_truncation: what happens where texts are longer than the model reads: ``warn``, ``error``, ``ignore``.

    Attributes:
        model_: the model, after ``fit``.

    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> told = make_pipeline(SentenceEmbedder("all-MiniLM-L6-v2"), LogisticRegression())
    >>> told.fit(["a dog barks", "the cat sleeps", "stocks fell", "the bank paid"], ["pets", "pets", "money", "money"])
    Pipeline(...)
    >>> told.predict(["my kitten purrs"]).tolist()
    ['pets']
    """

    def __init__(
        self,
        model: Any = "all-MiniLM-L6-v2",
        *,
        prompt_name: str | None = None,
        prompt: str | None = None,
        normalize: bool = False,
        truncate_dim: int | None = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        backend: str = "auto",
        device: str | None = None,
        on_truncation: str = "warn",
    ) -> None:
        self.model = model
        self.prompt_name, self.prompt = prompt_name, prompt
        self.normalize, self.truncate_dim = normalize, truncate_dim
        self.batch_size = batch_size
        self.dtype, self.backend, self.device = dtype, backend, device
        self.on_truncation = on_truncation

    def fit(self, X: Any = None, y: Any = None) -> SentenceEmbedder:  # noqa: ARG002, N803
        """Load the model.

        Args:
            X: texts, which are not looked at.
            y: not used.

        Raises:
            InputError: the model makes no single vector of a text.
        """
        self.model_ = self._loaded()
        return self

    def transform(self, X: Iterable[str]) -> Any:  # noqa: N803
        """The vectors of texts.

        Args:
            X: texts: a list, an array, a column of a data frame, or a frame or array of one column.

        Returns:
            (n, d) float32; of a sparse model a SciPy matrix of rows.

        Raises:
            InputError: there are several columns.
            NotTextError: something is no text.
        """
        if not hasattr(self, "model_"):
            self.fit()
        options = {
            "prompt_name": self.prompt_name, "prompt": self.prompt, "batch_size": self.batch_size,
            "truncate_dim": self.truncate_dim, "normalize_embeddings": self.normalize or None,
        }  # fmt: skip
        given = {name: value for name, value in options.items() if value is not None}
        return one_vector_each(self.model_, _texts(X), given)

    @property
    def _n_features_out(self) -> int:
        """How many columns come out, for scikit-learn's names of them."""
        return int(self.truncate_dim or self.model_.get_embedding_dimension())

    def _loaded(self) -> Any:
        model = self.model
        if isinstance(model, str) or hasattr(model, "__fspath__"):
            options: dict[str, Any] = {"dtype": self.dtype, "backend": self.backend, "device": self.device}
            model = load(model, on_truncation=self.on_truncation, **options)
        if isinstance(model, CrossEncoder | MultiVectorEncoder):
            raise InputError(f"model must make one vector of a text; a {type(model).__name__} does not.")
        if isinstance(model, SparseEncoder) and (self.normalize or self.truncate_dim):
            raise InputError("normalize and truncate_dim are for dense models; this one is sparse.")
        return model

    def __sklearn_clone__(self) -> SentenceEmbedder:
        return type(self)(**self.get_params(deep=False))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "model_"}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags


def _texts(given: Any) -> list[str]:
    """Texts of what scikit-learn passes on."""
    if isinstance(given, str):
        raise NotTextError("X must be several texts; got one string. Put it into a list.")
    if hasattr(given, "iloc") and getattr(given, "ndim", 1) == 2:
        given = given.to_numpy()
    if isinstance(given, np.ndarray) and given.ndim == 2:
        if given.shape[1] != 1:
            raise InputError(
                f"X must be one column of texts; got {given.shape[1]}. A ColumnTransformer gives one, by its name."
            )
        given = given[:, 0]
    return [str(text) if isinstance(text, np.str_) else text for text in given]
