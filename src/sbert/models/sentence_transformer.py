"""SentenceTransformer: one vector for each text, made to be compared (https://arxiv.org/abs/1908.10084)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from ..checkpoints import ModelSpec
from ..errors import InputError, MissingDependencyError, one_of
from ..quantization import quantize_embeddings
from ..similarity import SimilarityFunction, unit
from ..types import AnyArray, FloatArray, Precision, Vectors
from .base import BaseModel
from .encoding import Job, progress_bar, sentence_vectors, token_vectors
from .inputs import as_texts, is_single, with_prompt
from .prompts import choose_prompt, document_prompt_name
from .truncation import Truncation, check_policy

if TYPE_CHECKING:
    import torch

OUTPUTS = ("sentence_embedding", "token_embeddings", None)


class SentenceTransformer(BaseModel):
    """A model that maps texts to vectors.

    Args:
        model_name_or_path: a folder, or a model's name; a name without an organisation means
            ``sentence-transformers/...``. Looked for in this order: folder, hub's cache, installed packages, hub.
        modules: torch modules to put a model together from, instead of loading one.
        device: where to compute: ``cpu``, ``cuda``, ``cuda:1``, ``mps`` ...; the best there is by default.
        prompts: text to put in front of inputs, by name; wins over the prompts saved with the model.
        default_prompt_name: the prompt used when ``encode`` names none.
        similarity_fn_name: ``cosine``, ``dot``, ``euclidean`` or ``manhattan``; as saved with the model by default.
        cache_folder: the hub's cache; ``$SENTENCE_TRANSFORMERS_HOME`` or the hub's own by default.
        trust_remote_code: whether code that comes with a model may run; never by default.
        revision: branch, tag or commit on the hub.
        local_files_only: never use the network. Models that are on this machine cause no network call anyway.
        token: for models of the hub that need one.
        truncate_dim: keep this many leading dimensions of each vector.
        model_kwargs: passed to transformers by the torch engine.
        processor_kwargs: ``model_max_length`` sets ``max_seq_length``.
        config_kwargs: changes to the network's configuration, for the torch engine.
        backend: the engine: ``auto``, ``openvino``, ``torch`` or ``static``.
        dtype: what to compute in: ``float32`` (the default) or ``bfloat16``; with torch also ``float16``.
        on_truncation: what to do when texts are longer than the model reads: ``warn`` (one warning a call, with
            counts), ``error`` or ``ignore``.

    Raises:
        ModelNotFoundError: there is no such model on this machine, and it could not be fetched.
        CheckpointError: the model's folder cannot be used.
        UnsupportedModelError: no installed engine runs it.
        InputError: an argument is wrong.
    """

    family = "SentenceTransformer"
    organisation = "sentence-transformers"

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str] | None = None,
        *,
        modules: Iterable[torch.nn.Module] | None = None,
        device: str | torch.device | None = None,
        prompts: Mapping[str, str] | None = None,
        default_prompt_name: str | None = None,
        similarity_fn_name: str | SimilarityFunction | None = None,
        cache_folder: str | Path | None = None,
        trust_remote_code: bool = False,
        revision: str | None = None,
        local_files_only: bool = False,
        token: str | bool | None = None,
        use_auth_token: str | bool | None = None,
        truncate_dim: int | None = None,
        model_kwargs: Mapping[str, Any] | None = None,
        processor_kwargs: Mapping[str, Any] | None = None,
        tokenizer_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
        model_card_data: object = None,  # noqa: ARG002  (taken so that scripts which pass it run)
        backend: str = "auto",
        dtype: str | None = None,
        on_truncation: str = "warn",
    ) -> None:
        super().__init__(
            model_name_or_path,
            modules=modules,
            device=device,
            prompts=prompts,
            default_prompt_name=default_prompt_name,
            cache_folder=cache_folder,
            trust_remote_code=trust_remote_code,
            revision=revision,
            local_files_only=local_files_only,
            token=token if token is not None else use_auth_token,
            model_kwargs=model_kwargs,
            processor_kwargs=processor_kwargs if processor_kwargs is not None else tokenizer_kwargs,
            config_kwargs=config_kwargs,
            backend=backend,
            dtype=dtype,
            on_truncation=on_truncation,
        )
        self.truncate_dim = truncate_dim if truncate_dim is not None else self.spec.truncate_dim
        self.similarity_fn_name = similarity_fn_name or self.spec.similarity_fn_name

    # --- encoding -----------------------------------------------------------------------------------------------

    def encode(
        self,
        inputs: Any = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        output_value: str | None = "sentence_embedding",
        precision: Precision = "float32",
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        device: str | None = None,
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
        *,
        on_truncation: str | None = None,
        sentences: Any = None,
    ) -> Any:
        """Map texts to vectors.

        A text gets the same vector whatever it is encoded with: bit for bit with the OpenVINO engine.

        Args:
            inputs: a text, or texts in a list, generator, array or column. A pair of texts is a tuple in a list.
            prompt_name: name of the prompt to put in front of each text; the default prompt when none is named.
            prompt: the prompt itself; wins over ``prompt_name``.
            batch_size: texts in a batch at the most. Batches are counted in tokens, so there is no need to set it:
                None (the default) lets the engine choose.
            show_progress_bar: True or False; by default a bar shows after two seconds, in a terminal.
            output_value: ``sentence_embedding``; ``token_embeddings`` for one vector a token; None for everything, as
                a dict a text.
            precision: ``float32``, ``int8``, ``uint8``, ``binary`` or ``ubinary``. int8 and uint8 take their ranges
                from this call's own vectors.
            convert_to_numpy: False with ``convert_to_tensor=False`` gives a list of torch tensors.
            convert_to_tensor: give torch tensors instead of NumPy arrays.
            device: moves the whole model there first, for other threads too.
            normalize_embeddings: scale vectors to length one, after ``truncate_dim``.
            truncate_dim: keep this many leading dimensions; the model's own setting by default.
            on_truncation: ``warn``, ``error`` or ``ignore``; the model's own setting by default.
            sentences: the old name of ``inputs``.

        Returns:
            (n, dimension) float32, or (dimension,) for a single text; (0, dimension) for no texts. With another
            precision: int8 or uint8 of that shape, or packed bits (n, ceil(dimension / 8)). With ``token_embeddings``:
            a list of (tokens, width) float32.

        Raises:
            NotTextError: an item is not text; its index is named.
            TruncationError: a text is too long and ``on_truncation="error"``.
            InputError: an argument is wrong, or int8 is asked of a single text, whose ranges nothing tells.
        """
        if inputs is None:
            inputs = sentences
        if output_value not in OUTPUTS:
            raise one_of("output_value", output_value, [value for value in OUTPUTS if value])
        if precision not in get_args(Precision):
            raise one_of("precision", precision, get_args(Precision))
        for argument, number in (("batch_size", batch_size), ("truncate_dim", truncate_dim)):
            if number is not None and (not isinstance(number, (int, np.integer)) or number < 1):
                raise InputError(f"{argument} must be a whole number of at least 1, or None; got {number!r}.")
        if prompt is not None and not isinstance(prompt, str):
            raise InputError(f"prompt must be a string, or None; got {prompt!r}.")
        if device is not None and str(device) != str(self.device):
            self.to(device)
        self._follow_length()
        single = is_single(inputs)
        chosen = choose_prompt(self.prompts, self.default_prompt_name, prompt_name, prompt)
        texts = with_prompt(as_texts(inputs), chosen)
        policy = check_policy(on_truncation) if on_truncation is not None else self.on_truncation
        with progress_bar(len(texts), show_progress_bar) as progress:
            prompt_length = self._tokenizer.prompt_length(chosen) if chosen else 0
            job = Job(texts, prompt_length, batch_size, policy, progress)
            if output_value == "sentence_embedding":
                vectors, self.truncation = self._sentence_vectors(job, truncate_dim, normalize_embeddings)
                result = _converted(_quantized(vectors, precision), convert_to_numpy, convert_to_tensor, self.device)
            else:
                result = self._token_outputs(job, output_value, convert_to_tensor)
        self.truncation.tell(policy, stacklevel=2)
        return result[0] if single else result

    def encode_query(
        self, inputs: Any = None, prompt_name: str | None = None, prompt: str | None = None, **options: Any
    ) -> Any:
        """Map search queries to vectors: :meth:`encode` with the model's prompt for queries, where it has one."""
        if prompt is None and prompt_name is None:
            prompt_name = "query"
        return self.encode(inputs, prompt_name, prompt, **options)

    def encode_document(
        self, inputs: Any = None, prompt_name: str | None = None, prompt: str | None = None, **options: Any
    ) -> Any:
        """Map documents to vectors: :meth:`encode` with the model's prompt for documents, where it has one.

        That prompt may be called ``document``, ``passage`` or ``corpus``; the first that has a text is used.
        """
        if prompt is None and prompt_name is None:
            prompt_name = document_prompt_name(self.prompts)
        return self.encode(inputs, prompt_name, prompt, **options)

    def _sentence_vectors(self, job: Job, truncate_dim: int | None, normalize: bool) -> tuple[FloatArray, Truncation]:
        width = self.spec.dimension
        kept = truncate_dim if truncate_dim is not None else self.truncate_dim
        vectors, truncation = sentence_vectors(self.engine, self._tokenizer, job, min(width, kept or width))
        if normalize:
            vectors = unit(vectors)
        return vectors, truncation

    def _token_outputs(self, job: Job, output_value: str | None, as_tensors: bool) -> list[Any]:
        found, numbers, self.truncation = token_vectors(self.engine, self._tokenizer, job)
        tokens: list[Any] = list(found)
        if as_tensors:
            torch = _torch("return tensors")
            tokens = [torch.from_numpy(vectors) for vectors in found]
        if output_value is not None:
            return tokens
        vectors, _ = self._sentence_vectors(job, None, normalize=False)
        sentences: Any = torch.from_numpy(vectors) if as_tensors else vectors
        return [
            {
                "input_ids": ids,
                "attention_mask": np.ones_like(ids),
                "token_embeddings": token,
                "sentence_embedding": sentence,
            }
            for ids, token, sentence in zip(numbers, tokens, sentences, strict=True)
        ]

    # --- comparing ----------------------------------------------------------------------------------------------

    @property
    def similarity_fn_name(self) -> str:
        """How two vectors of this model are compared: ``cosine``, ``dot``, ``euclidean`` or ``manhattan``. Settable."""
        return self._similarity.value

    @similarity_fn_name.setter
    def similarity_fn_name(self, value: str | SimilarityFunction | None) -> None:
        self._similarity = SimilarityFunction(value or "cosine")

    def similarity(self, embeddings1: Vectors, embeddings2: Vectors) -> Any:
        """Compare every vector of one set with every vector of another, the model's way.

        Args:
            embeddings1: (n, dimension) or (dimension,).
            embeddings2: (m, dimension) or (dimension,).

        Returns:
            (n, m), larger for more similar: NumPy for NumPy, torch for torch. Distances are negated.

        Raises:
            DimensionError: the widths differ.
        """
        return SimilarityFunction.to_similarity_fn(self._similarity)(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1: Vectors, embeddings2: Vectors) -> Any:
        """Compare two sets of vectors row by row, the model's way.

        Args:
            embeddings1: (n, dimension).
            embeddings2: (n, dimension).

        Returns:
            (n,), larger for more similar.

        Raises:
            DimensionError: the widths differ.
        """
        return SimilarityFunction.to_similarity_pairwise_fn(self._similarity)(embeddings1, embeddings2)

    # --- dimensions ---------------------------------------------------------------------------------------------

    def get_embedding_dimension(self) -> int:
        """Width of the vectors that ``encode`` gives."""
        return min(self.spec.dimension, self.truncate_dim or self.spec.dimension)

    def get_sentence_embedding_dimension(self) -> int:
        """The old name of :meth:`get_embedding_dimension`."""
        return self.get_embedding_dimension()

    def get_max_seq_length(self) -> int | None:
        """The old form of :attr:`max_seq_length`."""
        return self.max_seq_length

    @contextmanager
    def truncate_embeddings(self, truncate_dim: int | None) -> Iterator[None]:
        """Keep fewer leading dimensions inside a ``with`` block."""
        before, self.truncate_dim = self.truncate_dim, truncate_dim
        try:
            yield
        finally:
            self.truncate_dim = before

    def truncate_sentence_embeddings(self, truncate_dim: int | None) -> Any:
        """The old name of :meth:`truncate_embeddings`."""
        return self.truncate_embeddings(truncate_dim)

    def set_pooling_include_prompt(self, include_prompt: bool) -> None:
        """Say whether the tokens of a prompt take part in pooling."""
        from ..checkpoints.modules import PoolingSpec

        modules = tuple(
            replace(module, include_prompt=include_prompt) if isinstance(module, PoolingSpec) else module
            for module in self.spec.modules
        )
        self.engine.set_spec(replace(self.spec, modules=modules))

    def current_spec(self) -> ModelSpec:
        """The spec with the settings as they are now."""
        return replace(
            super().current_spec(), similarity_fn_name=self.similarity_fn_name, truncate_dim=self.truncate_dim
        )


def _quantized(vectors: FloatArray, precision: Precision) -> AnyArray:
    if precision == "float32":
        return vectors
    if not len(vectors):  # no rows have no ranges; any will do for the shape and the dtype
        zeros = np.zeros((1, vectors.shape[1]), np.float32)
        return quantize_embeddings(zeros, precision, ranges=np.concatenate([zeros, zeros + 1]))[:0]
    return quantize_embeddings(vectors, precision)


def _converted(vectors: AnyArray, to_numpy: bool, to_tensor: bool, device: Any) -> Any:
    if to_numpy and not to_tensor:
        return vectors
    tensors = _torch("return tensors").from_numpy(vectors).to(device)
    return tensors if to_tensor else list(tensors)


def _torch(purpose: str) -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError("torch", purpose, "torch") from error
    return torch
