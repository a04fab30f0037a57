"""SentenceTransformer: one vector for each text, made to be compared (https://arxiv.org/abs/1908.10084)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..checkpoints import ModelSpec
from ..checkpoints.modules import DropoutSpec, NormalizeSpec, PoolingSpec
from ..checkpoints.read import SENTENCE_TRANSFORMER
from ..engines.base import Engine
from ..errors import InputError, NotTextError, one_of
from ..quantization import quantize_embeddings
from ..similarity import SimilarityFunction, unit
from ..types import AnyArray, FloatArray, Precision, Vectors
from .base import BaseModel
from .chunks import Chunks
from .comparing import Comparing
from .encoding import Job, sentence_vectors, token_vectors
from .explanation import Explanation, explained
from .images import ImageOptions, as_items, image_places, mixed_vectors, refuse_for_images
from .inputs import as_texts, check_counts, is_single, with_prompt
from .long_documents import WHOLE, Reader, Reading, check_choice, choose_policy
from .outputs import converted, torch_for
from .pool import Pool, engine_of
from .progress import progress_bar
from .prompts import choose_prompt, document_prompt_name
from .queries import DOCUMENT, QUERY, QueriesAndDocuments
from .router import unpacked
from .saving import Card
from .streaming import Streaming, check_options
from .truncation import Truncation

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import LoadOptions

OUTPUTS = ("sentence_embedding", "token_embeddings", None)


class SentenceTransformer(QueriesAndDocuments, Comparing, Streaming, BaseModel):
    """A model that maps texts to vectors.

    Args:
        model_name_or_path: a folder, or a model's name; a name without an organisation means
            ``sentence-transformers/...``. Looked for in this order: folder, hub's cache, installed packages, hub.
        similarity_fn_name: ``cosine``, ``dot``, ``euclidean`` or ``manhattan``; as saved with the model by default.
        truncate_dim: keep this many leading dimensions of each vector.
        on_long: how ``encode`` reads texts that are longer than the model reads, as described there; ``truncate`` by
            default. Not saved.
        **options: those of all families: ``device``, ``prompts``, ``dtype``, ``backend`` and more, as in
            :class:`~sbert.models.options.LoadOptions`.

    Raises:
        ModelNotFoundError: there is no such model on this machine, and it could not be fetched.
        CheckpointError: the model's folder cannot be used.
        UnsupportedModelError: no installed engine runs it.
        InputError: an argument is wrong.
    """

    family = SENTENCE_TRANSFORMER
    organisation = "sentence-transformers"
    card = Card(
        "sentence-similarity",
        ("sentence-similarity", "feature-extraction"),
        (
            'embeddings = model.encode(["The weather is lovely today.", "It is sunny outside."])',
            "print(model.similarity(embeddings, embeddings))",
        ),
    )

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str] | None = None,
        *,
        similarity_fn_name: str | SimilarityFunction | None = None,
        truncate_dim: int | None = None,
        on_long: str | None = None,
        **options: Unpack[LoadOptions],
    ) -> None:
        #: How ``encode`` reads texts that are longer than the model reads, where the call does not say.
        self.on_long = check_choice(on_long)
        super().__init__(model_name_or_path, **options)
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
        device: str | Sequence[str] | None = None,
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
        *,
        on_truncation: str | None = None,
        on_long: str | None = None,
        chunk_overlap: int | None = None,
        pool: Pool | None = None,
        chunk_size: int | None = None,
        task: str | None = None,
        on_bad_image: str = "error",
        allow_urls: bool = False,
        sentences: Any = None,
    ) -> Any:
        """Map texts to vectors, and with models such as CLIP images too.

        A text gets the same vector whatever it is encoded with: bit for bit with the OpenVINO engine.

        Args:
            inputs: a text, or texts in a list, generator, array or column. A pair of texts is a tuple in a list. An
                image is one of Pillow, a ``pathlib.Path``, an array of uint8, (height, width) or (height, width,
                channels), or ``{"image": ...}`` with one of these, a path or an address as a string; texts and images
                may stand in one list.
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
            device: moves the whole model there first, for other threads too, as soon as none is in a forward pass. A
                list of devices: starts a pool for this call, see :meth:`start_multi_process_pool`.
            normalize_embeddings: scale vectors to length one, after ``truncate_dim``.
            truncate_dim: keep this many leading dimensions; the model's own setting by default.
            on_truncation: ``warn``, ``error`` or ``ignore``; the model's own setting by default.
            on_long: how to read texts that are longer than the model reads; the model's own setting by default.
                ``truncate``: their beginning alone, and ``on_truncation`` says what else happens. ``error``: not at
                all, as with ``on_truncation="error"``. ``chunk``: in overlapping chunks, whose vectors are averaged by
                the number of new tokens in each. ``late``: in such chunks too, but the network reads as much at once
                as it has positions for, so that each chunk's vector knows its context. With the last two nothing goes
                unread, and other texts get the vectors that they always get.
            chunk_overlap: tokens that neighbouring chunks share; an eighth of a chunk by default.
            pool: devices that :meth:`start_multi_process_pool` has put to work; the vectors are the same.
            chunk_size: taken from scripts that pass it; work is handed to a pool in batches, counted in tokens.
            task: ``query``, ``document`` or another route of a model with a Router, which chooses the modules; other
                models read all texts alike.
            on_bad_image: what is done about an image that cannot be read: ``error``, or ``skip``, which leaves a row of
                NaN and warns with its number.
            allow_urls: whether images are fetched from addresses.
            sentences: the old name of ``inputs``.

        Returns:
            (n, dimension) float32, or (dimension,) for a single text; (0, dimension) for no texts. With another
            precision: int8 or uint8 of that shape, or packed bits (n, ceil(dimension / 8)). With ``token_embeddings``:
            a list of (tokens, width) float32.

        Raises:
            NotTextError: an item is not text; its index is named.
            TruncationError: a text is too long and ``on_truncation="error"`` or ``on_long="error"``.
            ImageError: an image is not there, is none, or is too large to be safe.
            InputError: an argument is wrong, or int8 is asked of a single text, whose ranges nothing tells.
        """
        if inputs is None:
            inputs = sentences
        if output_value not in OUTPUTS:
            raise one_of("output_value", output_value, [value for value in OUTPUTS if value])
        check_options(precision, batch_size, truncate_dim, prompt)
        check_counts(chunk_size=chunk_size)
        if self.spec.router is not None:
            inputs, task = unpacked(inputs, task)
        side = self._for_task(task)
        side._follow_length()
        if side.spec.input.reads_images:
            inputs, alone = as_items(inputs)
            if alone or image_places(inputs):
                refuse_for_images(output_value, pool)
                of_texts = partial(
                    self.encode, prompt_name=prompt_name, prompt=prompt, batch_size=batch_size, device=device,
                    show_progress_bar=False, truncate_dim=self.spec.dimension, on_truncation=on_truncation,
                    on_long=on_long, chunk_overlap=chunk_overlap, task=task,
                )  # fmt: skip
                options = ImageOptions(on_bad_image, allow_urls, batch_size)
                with (
                    engine_of(side.engine, device, None) as engine,
                    progress_bar(len(inputs), show_progress_bar) as progress,
                ):
                    vectors = mixed_vectors(engine, inputs, of_texts, options, progress)
                vectors = self._finished(vectors, truncate_dim, normalize_embeddings)
                result = converted(_quantized(vectors, precision), convert_to_numpy, convert_to_tensor, self.device)
                return result[0] if alone else result
        single = is_single(inputs)
        chosen = choose_prompt(self.prompts, self.default_prompt_name, prompt_name, prompt)
        method, policy = choose_policy(self.on_long, on_long, self.on_truncation, on_truncation)
        whole = method in WHOLE
        if whole and output_value != "sentence_embedding":
            raise InputError(f"on_long={method!r} gives sentence embeddings alone; pass on_long='truncate' for others.")
        texts = as_texts(inputs) if whole else with_prompt(as_texts(inputs), chosen)
        with (
            engine_of(side.engine, device, pool if side is self else None) as engine,
            progress_bar(len(texts), show_progress_bar) as progress,
        ):
            job = Job(texts, side._prompt_length(chosen), batch_size, policy, progress)
            reading = Reading(method, chosen, chunk_overlap=chunk_overlap) if whole else None
            if output_value == "sentence_embedding":
                vectors, self.truncation = side._sentence_vectors(
                    engine, job, truncate_dim, normalize_embeddings, reading
                )
                result = converted(_quantized(vectors, precision), convert_to_numpy, convert_to_tensor, self.device)
            else:
                result = side._token_outputs(engine, job, output_value, convert_to_tensor)
        self.truncation.tell(policy, stacklevel=2)
        return result[0] if single else result

    def encode_chunks(
        self,
        inputs: Any,
        prompt_name: str | None = None,
        prompt: str | None = None,
        *,
        on_long: str = "chunk",
        chunk_tokens: int | None = None,
        chunk_overlap: int | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
        pool: Pool | None = None,
    ) -> Chunks:
        """Cut texts into chunks and map each chunk to a vector, with its place in the text.

        Cuts are made between tokens of the whole text, and each chunk gets the special tokens and the prompt in front.

        Args:
            inputs: a text, or texts; not pairs.
            prompt_name: name of the prompt for each chunk, as for :meth:`encode`.
            prompt: the prompt itself.
            on_long: ``chunk``: each chunk goes through the network by itself. ``late``: the network reads as much of
                the text at once as it has positions for, in overlapping windows where that is not enough, and the
                token vectors are averaged chunk by chunk, so that each chunk's vector knows its context (late chunking,
                https://arxiv.org/abs/2409.04701). Needs mean pooling, and more positions than a chunk takes.
            chunk_tokens: tokens of text in a chunk at the most; by default all that the model reads.
            chunk_overlap: tokens that neighbouring chunks share; an eighth of a chunk by default.
            batch_size: chunks in a batch at the most, as for :meth:`encode`.
            show_progress_bar: as for :meth:`encode`.
            normalize_embeddings: scale vectors to length one, after ``truncate_dim``.
            truncate_dim: keep this many leading dimensions; the model's own setting by default.
            pool: as for :meth:`encode`.

        Returns:
            The chunks of all texts, in order; at least one a text. The chunk of a text that is not cut has the vector
            that ``encode`` gives.

        Raises:
            NotTextError: an item is not text; its index is named.
            InputError: an argument is wrong, or the model cannot read in that way.
        """
        check_counts(batch_size=batch_size, truncate_dim=truncate_dim, chunk_tokens=chunk_tokens)
        chosen = choose_prompt(self.prompts, self.default_prompt_name, prompt_name, prompt)
        texts = as_texts(inputs)
        self._for_task(None)  # refuses a model whose routes have no default
        self._follow_length()
        reading = Reading(on_long, chosen, chunk_tokens, chunk_overlap)
        with engine_of(self.engine, None, pool) as engine, progress_bar(len(texts), show_progress_bar) as progress:
            job = Job(texts, self._prompt_length(chosen), batch_size, progress=progress)
            chunks = Reader(engine, self._tokenizer, job, reading).chunks()
        self.truncation = Truncation(len(texts), max_length=self.max_seq_length)
        return replace(chunks, vectors=self._finished(chunks.vectors, truncate_dim, normalize_embeddings))

    def _sentence_vectors(
        self,
        engine: Engine,
        job: Job,
        truncate_dim: int | None,
        normalize: bool,
        reading: Reading | None = None,
    ) -> tuple[FloatArray, Truncation]:
        if reading is not None:
            vectors = Reader(engine, self._tokenizer, job, reading).vectors()
            truncation = Truncation(len(job.texts), max_length=self._tokenizer.max_length)
        else:
            vectors, truncation = sentence_vectors(engine, self._tokenizer, job, self._kept(truncate_dim))
        return self._finished(vectors, truncate_dim, normalize), truncation

    def _kept(self, truncate_dim: int | None) -> int:
        kept = truncate_dim if truncate_dim is not None else self.truncate_dim
        return min(self.spec.dimension, kept or self.spec.dimension)

    def _finished(self, vectors: FloatArray, truncate_dim: int | None, normalize: bool) -> FloatArray:
        vectors = np.ascontiguousarray(vectors[:, : self._kept(truncate_dim)])
        return unit(vectors) if normalize else vectors

    def _prompt_length(self, prompt: str) -> int:
        return self._tokenizer.prompt_length(prompt) if prompt else 0

    def _token_outputs(self, engine: Engine, job: Job, output_value: str | None, as_tensors: bool) -> list[Any]:
        found, numbers, self.truncation = token_vectors(engine, self._tokenizer, job)
        tokens: list[Any] = list(found)
        if as_tensors:
            torch = torch_for("return tensors")
            tokens = [torch.from_numpy(vectors) for vectors in found]
        if output_value is not None:
            return tokens
        vectors, _ = self._sentence_vectors(engine, job, None, normalize=False)
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

    # --- several devices ----------------------------------------------------------------------------------------

    def encode_multi_process(
        self, inputs: Any, pool: Pool, prompt_name: str | None = None, prompt: str | None = None, **options: Any
    ) -> Any:
        """The old name of :meth:`encode` with a pool."""
        return self.encode(inputs, prompt_name, prompt, pool=pool, **options)

    # --- comparing ----------------------------------------------------------------------------------------------

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

    def explain(self, a: str, b: str, prompt_name: str | None = None, prompt: str | None = None) -> Explanation:
        """Why two texts are alike: what each pair of their tokens adds to the cosine of their vectors.

        Args:
            a: a text.
            b: another.
            prompt_name: name of the prompt to put in front of both, as for :meth:`encode`.
            prompt: the prompt itself.

        Returns:
            The shares, which sum to the cosine; ``draw("why.html")`` shows them.

        Raises:
            NotTextError: one is not a text.
            InputError: the model does not pool by the mean, so that no such sum exists, or a text says nothing.
        """
        for name, text in (("a", a), ("b", b)):
            if not isinstance(text, str):
                raise NotTextError(f"{name} must be a string; got {type(text).__name__}.")
        self._check_explainable()
        found = self.encode([a, b], prompt_name, prompt, output_value=None)
        chosen = choose_prompt(self.prompts, self.default_prompt_name, prompt_name, prompt)
        tokens, vectors = zip(*(self._taking_part(row, chosen) for row in found), strict=True)
        return explained(tokens, vectors, prompts=(chosen, chosen))

    def explain_search(self, query: str, document: str) -> Explanation:
        """Why a search finds a document: :meth:`explain` of a query and a document, each as the model reads them.

        Args:
            query: a text, read as :meth:`encode_query` does, with the model's prompt for queries.
            document: another, read as :meth:`encode_document` does.

        Returns:
            The shares, which sum to the cosine that the search compares by.

        Raises:
            NotTextError: one is not a text.
            InputError: as for :meth:`explain`.
        """
        documents = document_prompt_name(self.prompts)
        sides = {QUERY: (query, self.prompts[QUERY]), DOCUMENT: (document, self.prompts[documents])}
        for task, (text, _) in sides.items():
            if not isinstance(text, str):
                raise NotTextError(f"{task} must be a string; got {type(text).__name__}.")
            self._for_task(task)._check_explainable()
        read, cut = [], Truncation()
        for task, (text, prompt) in sides.items():
            row = self.encode(text, prompt=prompt, output_value=None, task=task)
            cut = cut.and_then(self.truncation)
            read.append(self._for_task(task)._taking_part(row, prompt))
        self.truncation = cut
        tokens, vectors = zip(*read, strict=True)
        return explained(tokens, vectors, (QUERY, DOCUMENT), (sides[QUERY][1], sides[DOCUMENT][1]))

    def _check_explainable(self) -> None:
        pooling, after = _pooling_of(self.spec)
        if pooling is None or pooling.modes != ("mean",) or after:
            raise InputError(
                "explain needs a model that pools by the mean and changes only lengths after that; this one is "
                f"{' > '.join(module.kind for module in self.spec.modules)}."
            )

    def _taking_part(self, row: dict[str, Any], prompt: str) -> tuple[list[str], FloatArray]:
        """The tokens of a text that take part in pooling, and their vectors."""
        pooling, _ = _pooling_of(self.spec)
        first = self._prompt_length(prompt) if pooling is not None and not pooling.include_prompt else 0
        words = self._tokenizer.words()
        return [words[number] for number in row["input_ids"][first:].tolist()], row["token_embeddings"][first:]

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
        modules = tuple(
            replace(module, include_prompt=include_prompt) if isinstance(module, PoolingSpec) else module
            for module in self.spec.modules
        )
        self.engine.set_spec(replace(self.spec, modules=modules))

    def card_rows(self) -> dict[str, str]:
        """Its dimensions, and how its vectors compare."""
        return {"Dimensions": str(self.get_embedding_dimension()), "Similarity": self.similarity_fn_name}

    @property
    def fingerprint(self) -> str:
        """As in :class:`BaseModel`; a model that reads long texts whole gives them other vectors, so it has another."""
        own = super().fingerprint
        return own if self.on_long not in WHOLE else hashlib.sha256(f"{own} {self.on_long}".encode()).hexdigest()[:32]

    def current_spec(self) -> ModelSpec:
        """The spec with the settings as they are now."""
        return replace(
            super().current_spec(), similarity_fn_name=self.similarity_fn_name, truncate_dim=self.truncate_dim
        )


def _pooling_of(spec: ModelSpec) -> tuple[PoolingSpec | None, list[str]]:
    """A model's pooling, and the kinds of modules after it that change more than lengths."""
    kinds = [type(module) for module in spec.modules]
    if PoolingSpec not in kinds:
        return None, []
    place = kinds.index(PoolingSpec)
    after = [
        module.kind for module in spec.modules[place + 1 :] if not isinstance(module, (NormalizeSpec, DropoutSpec))
    ]
    return cast("PoolingSpec", spec.modules[place]), after


def _quantized(vectors: FloatArray, precision: Precision) -> AnyArray:
    if precision == "float32":
        return vectors
    if not len(vectors):  # no rows have no ranges; any will do for the shape and the dtype
        zeros = np.zeros((1, vectors.shape[1]), np.float32)
        return quantize_embeddings(zeros, precision, ranges=np.concatenate([zeros, zeros + 1]))[:0]
    return quantize_embeddings(vectors, precision)
