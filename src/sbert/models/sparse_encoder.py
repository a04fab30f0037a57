"""SparseEncoder: a weight for each word of the vocabulary, most of them zero (SPLADE, https://arxiv.org/abs/2107.05720)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..checkpoints import ModelSpec
from ..checkpoints.modules import SparseAutoEncoderSpec
from ..checkpoints.read import SPARSE_ENCODER
from ..errors import InputError
from ..similarity import SimilarityFunction
from ..types import FloatArray
from .base import BaseModel
from .comparing import Comparing
from .encoding import Job, sparse_vectors
from .inputs import as_texts, check_counts, is_single, with_prompt
from .outputs import torch_for
from .pool import Pool, engine_of
from .progress import progress_bar
from .prompts import choose_prompt
from .queries import QueriesAndDocuments
from .router import unpacked
from .saving import Card
from .sparse_rows import scipy_sparse
from .truncation import check_policy

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import LoadOptions


class SparseEncoder(QueriesAndDocuments, Comparing, BaseModel):
    """A model that maps texts to weights of words: those that they hold, and others that they could.

    Such vectors are found by an inverted index, like words themselves, and can be read: :meth:`decode` tells the words.
    Models with a SparseAutoEncoder give latent numbers instead, which stand for no words.

    Args:
        model_name_or_path: a folder, or a model's name. Looked for in this order: folder, hub's cache, installed
            packages, hub.
        similarity_fn_name: ``dot`` (the usual one), ``cosine``, ``euclidean`` or ``manhattan``.
        max_active_dims: words kept of each text, the weightiest; as saved with the model by default, else all,
            or as many latent numbers as the model was trained for.
        **options: those of all families: ``device``, ``prompts``, ``dtype``, ``backend`` and more, as in
            :class:`~sbert.models.options.LoadOptions`.

    Raises:
        ModelNotFoundError: there is no such model on this machine, and it could not be fetched.
        CheckpointError: the model's folder cannot be used.
        UnsupportedModelError: no installed engine runs it.
        InputError: an argument is wrong.
        MissingDependencyError: SciPy, which holds the vectors, is not installed.
    """

    family = SPARSE_ENCODER
    conversion = "under the head that tells words"
    card = Card(
        "feature-extraction",
        ("sparse-encoder", "sparse", "splade"),
        (
            'embeddings = model.encode(["The weather is lovely today.", "It is sunny outside."])',
            "print(model.similarity(embeddings, embeddings))",
            "print(model.decode(embeddings, top_k=5))",
        ),
    )

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str] | None = None,
        *,
        similarity_fn_name: str | SimilarityFunction | None = None,
        max_active_dims: int | None = None,
        **options: Unpack[LoadOptions],
    ) -> None:
        scipy_sparse()  # told now, not after the weights have been read
        check_counts(max_active_dims=max_active_dims)
        super().__init__(model_name_or_path, **options)
        #: Words kept of each text; None for all.
        self.max_active_dims = max_active_dims if max_active_dims is not None else self.spec.max_active_dims
        self.similarity_fn_name = similarity_fn_name or self.spec.similarity_fn_name

    # --- encoding -----------------------------------------------------------------------------------------------

    def encode(
        self,
        inputs: Any = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        convert_to_tensor: bool = False,
        convert_to_sparse_tensor: bool = True,
        save_to_cpu: bool = False,
        device: str | Sequence[str] | None = None,
        max_active_dims: int | None = None,
        *,
        on_truncation: str | None = None,
        pool: Pool | None = None,
        chunk_size: int | None = None,
        task: str | None = None,
        sentences: Any = None,
    ) -> Any:
        """Map texts to sparse vectors.

        A text gets the same vector whatever it is encoded with: bit for bit with the OpenVINO engine.

        Args:
            inputs: a text, or texts in a list, generator, array or column. A pair of texts is a tuple in a list.
            prompt_name: name of the prompt to put in front of each text; the default prompt when none is named.
            prompt: the prompt itself; wins over ``prompt_name``.
            batch_size: texts in a batch at the most; chosen by itself.
            show_progress_bar: True or False; by default a bar shows after two seconds, in a terminal.
            convert_to_tensor: give a torch tensor instead of a SciPy array.
            convert_to_sparse_tensor: False with ``convert_to_tensor=True`` gives a full tensor.
            save_to_cpu: leave a tensor in main memory, where the model is elsewhere.
            device: moves the whole model there first; a list of devices starts a pool for this call.
            max_active_dims: words kept of each text, the weightiest; the model's own setting by default.
            on_truncation: ``warn``, ``error`` or ``ignore``; the model's own setting by default.
            pool: devices that :meth:`start_multi_process_pool` has put to work; the vectors are the same.
            chunk_size: taken from scripts that pass it.
            task: ``query``, ``document`` or another route of a model with a Router, which chooses the modules; other
                models read all texts alike.
            sentences: the old name of ``inputs``.

        Returns:
            ``scipy.sparse.csr_array`` (n, words) of float32, (1, words) for a single text. As a tensor: sparse COO or
            full, (n, words), (words,) for a single text.

        Raises:
            NotTextError: an item is not text; its index is named.
            TruncationError: a text is too long and ``on_truncation="error"``.
            InputError: an argument is wrong.
        """
        if inputs is None:
            inputs = sentences
        check_counts(batch_size=batch_size, max_active_dims=max_active_dims, chunk_size=chunk_size)
        policy = self.on_truncation if on_truncation is None else check_policy(on_truncation)
        keep = max_active_dims if max_active_dims is not None else self.max_active_dims
        if keep is None and self._auto_encoder is not None:
            keep = self._auto_encoder.k
        if self.spec.router is not None:
            inputs, task = unpacked(inputs, task)
        side = self._for_task(task)
        single = is_single(inputs)
        chosen = choose_prompt(self.prompts, self.default_prompt_name, prompt_name, prompt)
        side._follow_length()
        texts = with_prompt(as_texts(inputs), chosen)
        own_pool = pool if side is self else None
        with (
            engine_of(side.engine, device, own_pool) as engine,
            progress_bar(len(texts), show_progress_bar) as progress,
        ):
            job = Job(texts, 0, batch_size, policy, progress)
            rows, self.truncation = sparse_vectors(engine, side._tokenizer, job, keep)
        self.truncation.tell(policy, stacklevel=2)
        if not convert_to_tensor:
            return rows
        tensor = as_sparse_tensor(rows).to("cpu" if save_to_cpu else str(self.device))
        tensor = tensor if convert_to_sparse_tensor else tensor.to_dense()
        return tensor[0] if single else tensor

    # --- comparing and reading ----------------------------------------------------------------------------------

    def similarity(self, embeddings1: Any, embeddings2: Any) -> FloatArray:
        """Compare every vector of one set with every vector of another, the model's way.

        Args:
            embeddings1: (n, words): SciPy, NumPy or torch, sparse or full.
            embeddings2: (m, words).

        Returns:
            (n, m) float32, larger for more similar; distances are negated.

        Raises:
            DimensionError: the widths differ.
        """
        one, other = as_csr(embeddings1), as_csr(embeddings2)
        if self.similarity_fn_name == "dot" and one.shape[1] == other.shape[1]:
            return cast("FloatArray", (one @ other.T).toarray())
        compare = SimilarityFunction.to_similarity_fn(self._similarity)
        return cast("FloatArray", compare(one.toarray(), other.toarray()))

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> FloatArray:
        """Compare two sets of vectors row by row, the model's way; arguments as for :meth:`similarity`.

        Returns:
            (n,) float32, larger for more similar.

        Raises:
            DimensionError: the widths differ.
            InputError: there are not as many of each.
        """
        one, other = as_csr(embeddings1), as_csr(embeddings2)
        if self.similarity_fn_name == "dot" and one.shape == other.shape:
            return np.asarray(one.multiply(other).sum(axis=1), np.float32).ravel()
        compare = SimilarityFunction.to_similarity_pairwise_fn(self._similarity)
        return cast("FloatArray", compare(one.toarray(), other.toarray()))

    def decode(self, embeddings: Any, top_k: int | None = None) -> Any:
        """The words of vectors with their weights, the weightiest first.

        Args:
            embeddings: (n, words), or (words,) for one vector.
            top_k: words of each; all by default.

        Returns:
            A list of ``(word, weight)`` for each vector; the list alone where one vector was given.

        Raises:
            InputError: the model's vectors are of latent numbers, which stand for no words.
        """
        check_counts(top_k=top_k)
        if self._auto_encoder is not None:
            raise InputError("The numbers of this model's vectors are latent ones, which stand for no words.")
        rows, words = as_csr(embeddings), self._tokenizer.words()
        found = []
        for start, end in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
            columns, values = rows.indices[start:end], rows.data[start:end]
            order = np.lexsort((columns, -values))[:top_k]
            found.append([(words[int(columns[place])], float(values[place])) for place in order])
        return found[0] if getattr(embeddings, "ndim", 2) == 1 else found

    def intersection(self, embeddings_1: Any, embeddings_2: Any) -> Any:
        """What two vectors share: their product word by word, whose sum is their dot product.

        Args:
            embeddings_1: one vector, (words,) or (1, words).
            embeddings_2: one or more, (n, words).

        Returns:
            ``scipy.sparse.csr_array`` (n, words).

        Raises:
            InputError: the first is more than one vector, or the widths differ.
        """
        one, other = as_csr(embeddings_1), as_csr(embeddings_2)
        if one.shape[0] != 1 or one.shape[1] != other.shape[1]:
            raise InputError(
                f"embeddings_1 must be one vector as wide as those of embeddings_2; got {one.shape} and {other.shape}."
            )
        shared = other @ scipy_sparse().diags_array(one.toarray()[0]).tocsr()
        shared.eliminate_zeros()
        return shared

    @staticmethod
    def sparsity(embeddings: Any) -> dict[str, float]:
        """How sparse vectors are.

        Returns:
            ``active_dims``, the words of each on average, and ``sparsity_ratio``, the part of zeros.
        """
        rows = as_csr(embeddings)
        active = float(np.count_nonzero(rows.data)) / max(1, rows.shape[0])
        return {"active_dims": active, "sparsity_ratio": 1 - active / max(1, rows.shape[1])}

    @property
    def _auto_encoder(self) -> SparseAutoEncoderSpec | None:
        modules = self.spec.modules
        return next((module for module in modules if isinstance(module, SparseAutoEncoderSpec)), None)

    # --- settings -----------------------------------------------------------------------------------------------

    def get_embedding_dimension(self) -> int:
        """Number of words in the vocabulary: the width of the vectors."""
        return self.spec.dimension

    def get_sentence_embedding_dimension(self) -> int:
        """The old name of :meth:`get_embedding_dimension`."""
        return self.get_embedding_dimension()

    def card_rows(self) -> dict[str, str]:
        """Its words, and how its vectors compare."""
        kept = "all" if self.max_active_dims is None else str(self.max_active_dims)
        return {"Words": str(self.spec.dimension), "Kept of a text": kept, "Similarity": self.similarity_fn_name}

    def current_spec(self) -> ModelSpec:
        """The spec with the settings as they are now."""
        return replace(
            super().current_spec(), similarity_fn_name=self.similarity_fn_name, max_active_dims=self.max_active_dims
        )


def as_csr(embeddings: Any) -> Any:
    """Vectors as a ``scipy.sparse.csr_array`` of two dimensions, from SciPy, NumPy or torch, sparse or full."""
    sparse = scipy_sparse()
    if hasattr(embeddings, "detach"):
        tensor = embeddings.detach().cpu()
        tensor = tensor.unsqueeze(0) if tensor.ndim == 1 else tensor
        if not tensor.is_sparse:
            return sparse.csr_array(tensor.numpy())
        tensor = tensor.coalesce()
        return sparse.coo_array((tensor.values().numpy(), tensor.indices().numpy()), shape=tuple(tensor.shape)).tocsr()
    if sparse.issparse(embeddings):
        rows = embeddings if embeddings.ndim == 2 else embeddings.reshape(1, -1)
        return sparse.csr_array(rows)
    return sparse.csr_array(np.atleast_2d(np.asarray(embeddings, np.float32)))


def as_sparse_tensor(rows: Any) -> Any:
    """A SciPy array as a sparse COO tensor of torch."""
    torch = torch_for("return tensors")
    found = rows.tocoo()
    indices = torch.from_numpy(np.stack([found.row, found.col]).astype(np.int64))
    return torch.sparse_coo_tensor(indices, torch.from_numpy(found.data), found.shape).coalesce()
