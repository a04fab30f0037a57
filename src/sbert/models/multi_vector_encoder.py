"""MultiVectorEncoder: a vector for each token, compared by late interaction (ColBERT, https://arxiv.org/abs/2004.12832)."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checkpoints import ModelSpec
from ..checkpoints.late_interaction import is_untrained
from ..checkpoints.modules import HierarchicalTokenPoolingSpec, MultiVectorMaskSpec, QueryExpansion
from ..checkpoints.read import MULTI_VECTOR_ENCODER
from ..errors import InputError, NotTextError, SbertWarning, UnsupportedModelError, one_of
from ..late_interaction import MAXSIM, maxsim, maxsim_pairwise
from ..similarity import unit
from ..text import FastTokenizer, Tokenizer, make_batch
from ..text.expansion import expanded, expansion_id
from ..types import AnyArray, FloatArray, IntArray
from .base import BaseModel
from .encoding import Job, Keep, token_vectors
from .explanation import Explanation, explained_by_maxsim
from .inputs import as_texts, check_counts, is_single, with_prompt
from .outputs import torch_for
from .pool import Pool, engine_of
from .progress import progress_bar
from .prompts import choose_prompt, document_prompt_name
from .queries import DOCUMENT, QUERY, QueriesAndDocuments
from .saving import Card
from .token_pooling import HierarchicalTokenPooling, TokenPooling
from .truncation import check_policy

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import LoadOptions

TASKS = (QUERY, DOCUMENT)
#: What MaxSim divided by the number of the query's vectors is called.
MEANMAXSIM = f"mean{MAXSIM}"


class MultiVectorEncoder(QueriesAndDocuments, BaseModel):
    """A model that maps a text to a vector for each of its tokens.

    Two texts are compared token by token, so more is kept of a text than one vector can hold; there is more to store.

    Args:
        model_name_or_path: a folder, or a model's name. Looked for in this order: folder, hub's cache, installed
            packages, hub. Folders of PyLate's and of Stanford's ColBERT are read too.
        similarity_fn_name: ``maxsim`` (the usual one), or ``meanmaxsim``.
        **options: those of all families: ``device``, ``prompts``, ``dtype``, ``backend`` and more, as in
            :class:`~sbert.models.options.LoadOptions`.

    Raises:
        ModelNotFoundError: there is no such model on this machine, and it could not be fetched.
        CheckpointError: the model's folder cannot be used.
        UnsupportedModelError: no installed engine runs it.
        InputError: an argument is wrong.
    """

    family = MULTI_VECTOR_ENCODER
    conversion = "under a layer that is yet to be trained"
    card = Card(
        "feature-extraction",
        ("multi-vector", "late-interaction", "colbert"),
        (
            'queries = model.encode_query(["How is the weather?"])',
            'documents = model.encode_document(["It is sunny outside.", "He reads a book."])',
            "print(model.similarity(queries, documents))",
        ),
    )

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str] | None = None,
        *,
        similarity_fn_name: str | None = None,
        **options: Unpack[LoadOptions],
    ) -> None:
        super().__init__(model_name_or_path, **options)
        if self.spec.router is not None:
            raise UnsupportedModelError(
                "Late interaction with a Router is not supported: use query_expansion and lengths."
            )
        if self.spec.pools:
            raise InputError(
                "A MultiVectorEncoder keeps a vector a token; this model makes one a text: "
                f"{' > '.join(module.kind for module in self.spec.modules)}."
            )
        if self.spec.markers and isinstance(self._tokenizer, FastTokenizer):
            self._tokenizer, self._own_tokenizer = self._tokenizer.with_markers(self.spec.markers), True
        self.similarity_fn_name = similarity_fn_name or self.spec.similarity_fn_name or MAXSIM
        #: A tokenizer, and those that were made of it for the lengths of tasks.
        self._cut: tuple[Tokenizer, dict[int, Tokenizer]] = self._tokenizer, {}
        self._poolings = [
            HierarchicalTokenPooling.from_spec(module)
            for module in self.spec.modules
            if isinstance(module, HierarchicalTokenPoolingSpec)
        ]

    # --- settings -----------------------------------------------------------------------------------------------

    @property
    def similarity_fn_name(self) -> str:
        """How two texts are compared: ``maxsim`` or ``meanmaxsim``. Settable."""
        return self._similarity

    @similarity_fn_name.setter
    def similarity_fn_name(self, value: str) -> None:
        if value not in (MAXSIM, MEANMAXSIM):
            raise one_of("similarity_fn_name", str(value), (MAXSIM, MEANMAXSIM))
        self._similarity = value

    @property
    def query_length(self) -> int | None:
        """Tokens that are read of a query; None for ``max_seq_length``. Settable."""
        return self.spec.transformer.query_length

    @query_length.setter
    def query_length(self, value: int | None) -> None:
        check_counts(query_length=value)
        self._set(query_length=value)

    @property
    def document_length(self) -> int | None:
        """Tokens that are read of a document; None for ``max_seq_length``. Settable."""
        return self.spec.transformer.document_length

    @document_length.setter
    def document_length(self, value: int | None) -> None:
        check_counts(document_length=value)
        self._set(document_length=value)

    @property
    def query_expansion(self) -> dict[str, Any] | None:
        """How short queries are filled up, such as ``{"strategy": "fixed", "length": 32}``; None for not. Settable."""
        expansion = self.spec.transformer.query_expansion
        return None if expansion is None else expansion.to_dict()

    @query_expansion.setter
    def query_expansion(self, value: Mapping[str, Any] | None) -> None:
        expansion = QueryExpansion.checked(value)
        if expansion is not None:
            expansion_id(self._tokenizer, expansion)  # refuses a token that is not there
        self._set(query_expansion=expansion)

    def get_embedding_dimension(self) -> int:
        """Width of the token vectors."""
        return self.spec.dimension

    def get_sentence_embedding_dimension(self) -> int:
        """The old name of :meth:`get_embedding_dimension`."""
        return self.get_embedding_dimension()

    def card_rows(self) -> dict[str, str]:
        """Its dimensions, and how its vectors compare."""
        return {"Dimensions of a token": str(self.spec.dimension), "Similarity": self.similarity_fn_name}

    def current_spec(self) -> ModelSpec:
        """The spec with the settings as they are now."""
        # Lengths of tasks are the spec's: torch's modules know nothing of them.
        first = self.spec.transformer
        now = super().current_spec()
        network = replace(
            now.transformer,
            query_length=first.query_length,
            document_length=first.document_length,
            query_expansion=first.query_expansion,
        )
        return replace(now.with_input(network), similarity_fn_name=self.similarity_fn_name)

    # --- encoding -----------------------------------------------------------------------------------------------

    def encode(
        self,
        inputs: Any = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        output_value: str | None = "token_embeddings",
        convert_to_numpy: bool = True,
        device: str | Sequence[str] | None = None,
        normalize_embeddings: bool = False,
        pool: Pool | None = None,
        chunk_size: int | None = None,
        token_pooling: TokenPooling | None = None,
        *,
        task: str | None = None,
        on_truncation: str | None = None,
        sentences: Any = None,
    ) -> Any:
        """Map texts to token vectors.

        A text gets the same vectors whatever it is encoded with: bit for bit with the OpenVINO engine.

        Args:
            inputs: a text, or texts in a list, generator, array or column.
            prompt_name: name of the prompt to put in front of each text; the default prompt when none is named.
            prompt: the prompt itself; wins over ``prompt_name``.
            batch_size: texts in a batch at the most; chosen by itself.
            show_progress_bar: True or False; by default a bar shows after two seconds, in a terminal.
            output_value: ``token_embeddings``; or None for a dict a text, with ``token_embeddings`` and ``input_ids``.
            convert_to_numpy: False gives torch tensors.
            device: moves the whole model there first; a list of devices starts a pool for this call.
            normalize_embeddings: scale each vector to length one.
            pool: devices that :meth:`start_multi_process_pool` has put to work; the vectors are the same.
            chunk_size: taken from scripts that pass it.
            token_pooling: merges the vectors of each text, such as
                :class:`~sbert.models.token_pooling.HierarchicalTokenPooling`.
            task: ``query`` or ``document``: how long texts are read, whether they are filled up, and which tokens are
                left out. None reads to ``max_seq_length``, and leaves out what is left out of documents.
            on_truncation: ``warn``, ``error`` or ``ignore``; the model's own setting by default.
            sentences: the old name of ``inputs``.

        Returns:
            A list of (tokens, d) float32, one a text; the array alone for a single text. Of a text whose tokens are all
            left out, (0, d).

        Raises:
            NotTextError: an item is not text; its index is named.
            TruncationError: a text is too long and ``on_truncation="error"``.
            InputError: an argument is wrong.
        """
        if inputs is None:
            inputs = sentences
        if task is not None and task not in TASKS:
            raise one_of("task", str(task), TASKS)
        if output_value not in ("token_embeddings", None):
            raise one_of("output_value", str(output_value), ["token_embeddings"])
        check_counts(batch_size=batch_size, chunk_size=chunk_size)
        policy = self.on_truncation if on_truncation is None else check_policy(on_truncation)
        single = is_single(inputs)
        chosen = choose_prompt(self.prompts, self.default_prompt_name, prompt_name, prompt)
        self._follow_length()
        texts = with_prompt(as_texts(inputs), chosen)
        for index, text in enumerate(texts):
            if not isinstance(text, str):
                raise NotTextError(f"inputs[{index}] is a pair of texts; late interaction reads one text at a time.")
        expansion = self.spec.transformer.query_expansion if task == QUERY else None
        expand = None
        if expansion is not None:
            expand = partial(expanded, expansion=expansion, number=expansion_id(self._tokenizer, expansion))
        with engine_of(self.engine, device, pool) as engine, progress_bar(len(texts), show_progress_bar) as progress:
            job = Job(texts, 0, batch_size, policy, progress, expand=expand)
            vectors, numbers, self.truncation = token_vectors(
                engine, self._tokenizer_for(task, expansion), job, self._keep(task)
            )
        self.truncation.tell(policy, stacklevel=2)
        if output_value is None:
            rows = [{"token_embeddings": v, "input_ids": n} for v, n in zip(vectors, numbers, strict=True)]
            return rows[0] if single else rows
        for merge in (*self._poolings, *([] if token_pooling is None else [token_pooling])):
            vectors = merge.pool(vectors, task=task)
        if normalize_embeddings:
            vectors = [unit(rows) for rows in vectors]
        found = vectors if convert_to_numpy else self._as_tensors(vectors)
        return found[0] if single else found

    # --- comparing ----------------------------------------------------------------------------------------------

    def similarity(self, embeddings1: Any, embeddings2: Any) -> FloatArray:
        """Compare every query with every document, the model's way.

        Args:
            embeddings1: of queries: a list of (tokens, d), or (tokens, d) for one.
            embeddings2: of documents.

        Returns:
            (n, m) float32, larger for more similar.

        Raises:
            DimensionError: the widths differ.
        """
        return maxsim(embeddings1, embeddings2, length_normalize=self.similarity_fn_name == MEANMAXSIM)

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> FloatArray:
        """Compare queries and documents at the same places, the model's way; arguments as for :meth:`similarity`.

        Returns:
            (n,) float32, larger for more similar.

        Raises:
            DimensionError: the widths differ.
            InputError: there are not as many of each.
        """
        return maxsim_pairwise(embeddings1, embeddings2, length_normalize=self.similarity_fn_name == MEANMAXSIM)

    def explain(self, query: str, document: str) -> Explanation:
        """Why a document answers a query: for each token of the query, the document's token that is most like it.

        Args:
            query: a text, read as a query.
            document: another, read as a document.

        Returns:
            The shares, which sum to MaxSim; ``draw("why.html")`` shows them.

        Raises:
            NotTextError: one is not a text.
            InputError: a text has no token that counts.
        """
        for name, text in (("query", query), ("document", document)):
            if not isinstance(text, str):
                raise NotTextError(f"{name} must be a string; got {type(text).__name__}.")
        asked = self.encode_query(query, output_value=None)
        cut = self.truncation
        read = self.encode_document(document, output_value=None)
        self.truncation = cut.and_then(self.truncation)
        words = self._tokenizer.words()
        tokens = [[words[number] for number in row["input_ids"].tolist()] for row in (asked, read)]
        vectors = asked["token_embeddings"], read["token_embeddings"]
        prompts = self.prompts[QUERY], self.prompts[document_prompt_name(self.prompts)]
        return explained_by_maxsim((tokens[0], tokens[1]), vectors, self.similarity_fn_name, prompts)

    def explain_search(self, query: str, document: str) -> Explanation:
        """The same as :meth:`explain`, by the name that other families have for it."""
        return self.explain(query, document)

    # --- training -----------------------------------------------------------------------------------------------

    def training_features(self, texts: Sequence[Any], *, task: str | None = None, prompt: str = "") -> dict[str, Any]:
        """A column of texts as the network reads it, in main memory.

        Args:
            texts: the column.
            task: ``query`` or ``document``, as for :meth:`encode`.
            prompt: put in front of each text.

        Returns:
            ``input_ids`` and ``attention_mask``, (n, tokens) int64, and ``kept``, (n, tokens) bool: the tokens whose
            vectors count.

        Raises:
            NotTextError: an item is not text.
        """
        import torch

        if task is not None and task not in TASKS:
            raise one_of("task", str(task), TASKS)
        self._follow_length()
        expansion = self.spec.transformer.query_expansion if task == QUERY else None
        tokenizer = self._tokenizer_for(task, expansion)
        tokens = tokenizer.batch(with_prompt(as_texts(list(texts)), prompt))
        if expansion is not None:
            tokens = expanded(tokens, expansion, expansion_id(self._tokenizer, expansion))
        batch = make_batch(tokens, np.arange(len(tokens)), int(tokens.lengths.max(initial=1)), tokenizer.pad_id)
        kept = np.arange(batch.ids.shape[1]) < batch.lengths[:, None]
        if (keep := self._keep(task)) is not None:
            kept &= keep(batch.ids.ravel()).reshape(batch.ids.shape)
        arrays = {"input_ids": batch.ids, "attention_mask": batch.mask, "token_type_ids": batch.type_ids, "kept": kept}
        return {name: torch.from_numpy(array) for name, array in arrays.items() if array is not None}

    # --- inside -------------------------------------------------------------------------------------------------

    def _adapted(self, spec: ModelSpec, backend: str) -> tuple[ModelSpec, dict[str, Any]]:
        if spec.model_type == self.family and spec.folder is not None and is_untrained(spec.folder):
            warnings.warn(
                f"{spec.name} has no layer for late interaction; a new one of random numbers is put on its network. "
                "Train it before use.",
                SbertWarning,
                stacklevel=4,
            )
        return super()._adapted(spec, backend)

    def _set(self, **settings: Any) -> None:
        self.engine.set_spec(self.spec.with_input(replace(self.spec.transformer, **settings)))

    def _tokenizer_for(self, task: str | None, expansion: QueryExpansion | None) -> Tokenizer:
        """The tokenizer that cuts texts to the length of a task.

        Raises:
            InputError: the model cannot read so many tokens.
        """
        length = {QUERY: self.query_length, DOCUMENT: self.document_length}.get(task or "")
        most = self._tokenizer.max_length
        if expansion is not None:
            floor = expansion.length
            length = floor if expansion.strategy == "fixed" else max(length or most or floor, floor)
        if length is None or length == most:
            return self._tokenizer
        positions = self.spec.input.positions
        if positions is not None and length > positions:
            raise InputError(f"The model reads {positions} tokens at the most; its settings for a {task} say {length}.")
        # Made once for each length: it is a copy, and takes longer than a query.
        whole, by_length = self._cut
        if whole is not self._tokenizer:
            whole, by_length = self._cut = self._tokenizer, {}
        if length not in by_length:
            by_length[length] = whole.with_max_length(length)
        return by_length[length]

    def _keep(self, task: str | None) -> Keep | None:
        """Which tokens of a text count; None for all."""
        mask = next((module for module in self.spec.modules if isinstance(module, MultiVectorMaskSpec)), None)
        if mask is None:
            return None
        skipped: IntArray | None = None
        if (task or DOCUMENT) in mask.skiplist_tasks and mask.skiplist_words:
            # A word that is no token by itself is left out of the list: it stands for no single vector.
            numbers = map(self._tokenizer.token_id, mask.skiplist_words)
            skipped = np.array([number for number in numbers if number is not None], np.int64)
        kept = None if task == QUERY or not mask.keep_only_token_ids else np.array(mask.keep_only_token_ids, np.int64)
        if skipped is None and kept is None:
            return None

        def wanted(ids: IntArray) -> AnyArray:
            found = np.ones(len(ids), bool)
            if skipped is not None:
                found &= ~np.isin(ids, skipped)
            if kept is not None:
                found &= np.isin(ids, kept)
            return found

        return wanted

    def _as_tensors(self, vectors: list[FloatArray]) -> list[Any]:
        torch = torch_for("return tensors")
        return [torch.from_numpy(rows).to(str(self.device)) for rows in vectors]
