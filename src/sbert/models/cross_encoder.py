"""CrossEncoder: one score for a pair of texts that are read together (https://arxiv.org/abs/1908.10084, section 1)."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checkpoints import ModelSpec
from ..checkpoints.modules.transformer import NEXT_WORD
from ..checkpoints.read import CROSS_ENCODER
from ..errors import InputError, NotTextError, positive
from ..text import ChatTokenizer
from ..types import FloatArray
from .activations import IDENTITY, SIGMOID, Activation, activation_of, softmax
from .base import BaseModel
from .encoding import Job, sentence_vectors
from .inputs import as_pairs, as_texts, check_counts, is_single, with_prompt
from .outputs import converted
from .pool import Pool, engine_of
from .progress import progress_bar
from .prompts import choose_prompt
from .saving import Card
from .truncation import check_policy

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import LoadOptions


class CrossEncoder(BaseModel):
    """A model that reads two texts together and scores the pair.

    It sees every word of one text beside every word of the other, so it judges better than vectors compared; but each
    pair costs a forward pass. So search finds candidates by vectors, and a cross-encoder puts them in order.

    Args:
        model_name_or_path: a folder, or a model's name; a name without an organisation means ``cross-encoder/...``.
            Looked for in this order: folder, hub's cache, installed packages, hub.
        num_labels: scores that come out for a pair; as saved with the model by default. With another number, and for a
            network without a head, a new head is made, which must be trained: that needs the torch engine.
        max_length: tokens that are read of a pair; what the model was saved with by default.
        activation_fn: what scores go through: ``sigmoid``, ``identity``, ``tanh``, ``relu``, a ``torch.nn`` module, or
            a function from an array to an array. By default what was saved with the model; else ``sigmoid`` for one
            label and ``identity`` for several.
        **options: those of all families: ``device``, ``prompts``, ``dtype``, ``backend`` and more, as in
            :class:`~sbert.models.options.LoadOptions`. A prompt goes in front of a pair's first text; ``calibrate`` is
            read in pairs.

    Raises:
        ModelNotFoundError: there is no such model on this machine, and it could not be fetched.
        CheckpointError: the model's folder cannot be used.
        UnsupportedModelError: no installed engine runs it.
        InputError: an argument is wrong.
    """

    family = CROSS_ENCODER
    organisation = "cross-encoder"
    conversion = "under a head that gives scores"
    card = Card(
        "text-ranking",
        ("cross-encoder", "reranker"),
        (
            'print(model.predict([("How many people live in Berlin?", "Berlin has 3.7 million inhabitants.")]))',
            'print(model.rank("How many people live in Berlin?", ["Berlin has 3.7 million.", "Berlin has museums."]))',
        ),
    )

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str] | None = None,
        num_labels: int | None = None,
        max_length: int | None = None,
        activation_fn: Any = None,
        **options: Unpack[LoadOptions],
    ) -> None:
        check_counts(num_labels=num_labels, max_length=max_length)
        self._asked_labels = num_labels
        super().__init__(model_name_or_path, **options)
        if not self.spec.scores:
            raise InputError(
                "A CrossEncoder needs a Transformer with transformer_task='sequence-classification', or one with "
                "'text-generation' and a LogitScore."
            )
        if max_length is not None:
            positions = self.spec.input.positions
            self.max_seq_length = max_length if positions is None else min(max_length, positions)
        usual = SIGMOID if self.num_labels == 1 else IDENTITY
        self._activation = activation_of(
            activation_fn if activation_fn is not None else self.spec.activation_fn or usual
        )

    # --- scoring ------------------------------------------------------------------------------------------------

    def predict(
        self,
        inputs: Any = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        activation_fn: Any = None,
        apply_softmax: bool = False,
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        device: str | Sequence[str] | None = None,
        *,
        on_truncation: str | None = None,
        pool: Pool | None = None,
        chunk_size: int | None = None,
        sentences: Any = None,
    ) -> Any:
        """Score pairs of texts.

        A pair gets the same score whatever it is scored with: bit for bit with the OpenVINO engine.

        Args:
            inputs: a pair of texts, or pairs in a list, generator or array of two columns.
            prompt_name: name of the prompt to put in front of each first text; the default prompt when none is named.
                A language model with a chat template is told it as the system's message.
            prompt: the prompt itself; wins over ``prompt_name``.
            batch_size: pairs in a batch at the most. Batches are counted in tokens, so there is no need to set it.
            show_progress_bar: True or False; by default a bar shows after two seconds, in a terminal.
            activation_fn: what scores go through in this call, as in the constructor.
            apply_softmax: with several labels, make each pair's scores numbers that sum to 1.
            convert_to_numpy: False with ``convert_to_tensor=False`` gives a list of torch tensors.
            convert_to_tensor: give a torch tensor instead of a NumPy array.
            device: moves the whole model there first; a list of devices starts a pool for this call.
            on_truncation: ``warn``, ``error`` or ``ignore``; the model's own setting by default.
            pool: devices that :meth:`start_multi_process_pool` has put to work; the scores are the same.
            chunk_size: taken from scripts that pass it.
            sentences: the old name of ``inputs``.

        Returns:
            (n,) float32 for one label, (n, labels) for several; one row less for a single pair.

        Raises:
            NotTextError: an item is not a pair of texts; its index is named.
            TruncationError: a pair is too long and ``on_truncation="error"``.
            InputError: an argument is wrong.
        """
        pairs, single = as_pairs(sentences if inputs is None else inputs)
        check_counts(batch_size=batch_size, chunk_size=chunk_size)
        chosen = choose_prompt(self.prompts, self.default_prompt_name, prompt_name, prompt)
        policy = self.on_truncation if on_truncation is None else check_policy(on_truncation)
        activation = self._activation if activation_fn is None else activation_of(activation_fn)
        self._follow_length()
        with (
            engine_of(self.engine, device, pool) as engine,
            progress_bar(len(pairs), show_progress_bar, "Scoring") as progress,
        ):
            tokenizer = self._tokenizer
            if isinstance(tokenizer, ChatTokenizer):
                tokenizer = tokenizer.with_system(chosen)
            else:
                pairs = with_prompt(pairs, chosen)
            job = Job(pairs, 0, batch_size, policy, progress)
            scores, self.truncation = sentence_vectors(engine, tokenizer, job, self.num_labels)
        scores = activation(scores)
        if apply_softmax and self.num_labels > 1 and len(scores):
            scores = softmax(scores)
        result = converted(
            scores[:, 0] if self.num_labels == 1 else scores, convert_to_numpy, convert_to_tensor, self.device
        )
        self.truncation.tell(policy, stacklevel=2)
        return result[0] if single else result

    def rank(
        self,
        query: str,
        documents: Sequence[str],
        top_k: int | None = None,
        return_documents: bool = False,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        activation_fn: Any = None,
        device: str | Sequence[str] | None = None,
        *,
        on_truncation: str | None = None,
        pool: Pool | None = None,
        chunk_size: int | None = None,
    ) -> list[dict[str, Any]]:
        """Put documents in the order in which they answer a query.

        Args:
            query: what is asked.
            documents: texts.
            top_k: how many to give; all by default.
            return_documents: whether each is given with its ``text``.
            prompt_name: as for :meth:`predict`.
            prompt: as for :meth:`predict`.
            batch_size: as for :meth:`predict`.
            show_progress_bar: as for :meth:`predict`.
            activation_fn: as for :meth:`predict`.
            device: as for :meth:`predict`.
            on_truncation: as for :meth:`predict`.
            pool: as for :meth:`predict`.
            chunk_size: as for :meth:`predict`.

        Returns:
            Dicts with ``corpus_id``, the document's number, and ``score``, the best first; of equal ones, the first.

        Raises:
            NotTextError: the query or a document is not text.
            InputError: the model gives several scores for a pair, or an argument is wrong.
        """
        if self.num_labels != 1:
            raise InputError(f"rank needs a model with one score for a pair; this one has {self.num_labels}.")
        if top_k is not None:
            positive("top_k", top_k, ", or None")
        texts = _documents(query, documents)
        scores = self.predict(
            [(query, text) for text in texts],
            prompt_name,
            prompt,
            batch_size,
            show_progress_bar,
            activation_fn,
            device=device,
            on_truncation=on_truncation,
            pool=pool,
            chunk_size=chunk_size,
        )
        order = np.argsort(-scores, kind="stable")[:top_k]
        ranked: list[dict[str, Any]] = [{"corpus_id": int(row), "score": float(scores[row])} for row in order]
        if return_documents:
            for row in ranked:
                row["text"] = texts[row["corpus_id"]]
        return ranked

    def score(self, query: str, documents: Sequence[str]) -> FloatArray:
        """How well each document answers a query, as :meth:`rank` has it but in the order given: (n,) float32.

        What search takes to rerank what it finds: ``index.search(query, rerank=model)``.
        """
        if self.num_labels != 1:
            raise InputError(f"Reranking needs a model with one score for a pair; this one has {self.num_labels}.")
        scores: FloatArray = self.predict([(query, text) for text in _documents(query, documents)])
        return scores

    # --- training -----------------------------------------------------------------------------------------------

    def training_features(self, texts: Sequence[Any], *, task: str | None = None, prompt: str = "") -> dict[str, Any]:
        """Pairs as the network reads them, in main memory; a prompt stands where :meth:`predict` puts it."""
        if prompt and isinstance(self._tokenizer, ChatTokenizer):
            told = copy.copy(self)
            told._tokenizer = self._tokenizer.with_system(prompt)
            return BaseModel.training_features(told, texts, task=task)
        return super().training_features(texts, task=task, prompt=prompt)

    # --- settings -----------------------------------------------------------------------------------------------

    @property
    def num_labels(self) -> int:
        """Scores that come out for a pair."""
        return self.spec.dimension

    @property
    def activation_fn(self) -> Activation:
        """What scores go through. Settable, to whatever the constructor takes."""
        return self._activation

    @activation_fn.setter
    def activation_fn(self, value: Any) -> None:
        self._activation = activation_of(value)

    @property
    def default_activation_function(self) -> Activation:
        """The old name of :attr:`activation_fn`."""
        return self._activation

    @property
    def max_length(self) -> int | None:
        """The older name of :attr:`max_seq_length`. Settable."""
        return self.max_seq_length

    @max_length.setter
    def max_length(self, value: int | None) -> None:
        self.max_seq_length = value

    @property
    def model(self) -> Any:
        """The network of transformers with its head; needs the torch engine."""
        network: Any = self.engine.network("model")[0]
        return network.auto_model

    def card_rows(self) -> dict[str, str]:
        """Its labels, and what its scores go through."""
        return {"Labels": str(self.num_labels), "Activation": str(self._activation).rpartition(".")[2]}

    def current_spec(self) -> ModelSpec:
        """The spec with the settings as they are now.

        Raises:
            InputError: scores go through a function that no checkpoint can name.
        """
        if self._activation.name is None:
            raise InputError(
                f"activation_fn {self._activation!r} has no name that a checkpoint can keep. Set it to one of torch.nn "
                "or to 'identity', and apply the function to what predict gives."
            )
        return replace(super().current_spec(), activation_fn=self._activation.name)

    # --- inside -------------------------------------------------------------------------------------------------

    def _adapted(self, spec: ModelSpec, backend: str) -> tuple[ModelSpec, dict[str, Any]]:
        """The spec with as many labels as were asked for; a network without a head gets one with one label."""
        network = spec.transformer
        if network.task == NEXT_WORD:
            if self._asked_labels not in (None, 1):
                raise InputError(f"A language model gives one score for a pair; got num_labels={self._asked_labels}.")
            return spec, {}
        wanted = self._asked_labels or (None if network.has_head else 1)
        if wanted is None or (network.has_head and wanted == network.labels):
            return spec, {}
        if backend == "openvino":
            head = f"a head with {network.labels} labels" if network.has_head else "no head that gives scores"
            raise InputError(
                f"{spec.name} has {head}; num_labels={wanted} needs a new one, which must be trained first. "
                "Use backend='torch'."
            )
        config = {key: value for key, value in network.config.items() if key not in ("id2label", "label2id")}
        return spec.with_input(replace(network, config=config | {"num_labels": wanted})), {"num_labels": wanted}


def _documents(query: Any, documents: Any) -> list[str]:
    """The documents as a list of texts; arguments are those of ``rank``."""
    if not isinstance(query, str):
        raise NotTextError(f"query must be a string; got {type(query).__name__}.")
    if is_single(documents):
        raise NotTextError("documents must be texts in a list; got a single string.")
    texts = []
    for index, text in enumerate(as_texts(documents)):
        if not isinstance(text, str):
            raise NotTextError(f"documents[{index}] must be a string; got a pair.")
        texts.append(text)
    return texts
