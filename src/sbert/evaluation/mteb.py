"""Models in the form that the ``mteb`` package runs, which has the tasks and the scores of MTEB's leaderboards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np

from ..checkpoints import ModelSpec
from ..checkpoints.names import looks_like_path
from ..checkpoints.weights import learned, open_weights
from ..errors import CheckpointError, InputError, MissingDependencyError
from ..late_interaction import MAXSIM
from ..models import CrossEncoder, MultiVectorEncoder, SentenceTransformer, SparseEncoder
from ..models.base import BaseModel
from ..models.multi_vector_encoder import MEANMAXSIM
from ..models.queries import DOCUMENT, QUERY
from ..types import AnyArray
from ..vectors import as_array

#: What mteb hands over: batches of columns, such as ``{"text": [...]}``.
Batches: TypeAlias = Iterable[Mapping[str, Any]]

#: The organisation of models that have none, since mteb's names must have one.
_NO_ORGANISATION = "local"
#: Documents whose token vectors are in memory together: mteb's own 50,000 would take several gigabytes.
_DOCUMENTS = 5_000
#: What mteb calls families, engines, and similarities that it calls otherwise.
_KINDS = {
    SentenceTransformer.family: "dense",
    SparseEncoder.family: "sparse",
    MultiVectorEncoder.family: "late-interaction",
    CrossEncoder.family: "cross-encoder",
}
_FRAMEWORKS = {"openvino": ["OpenVINO"], "torch": ["PyTorch"], "static": ["NumPy"], "onnx": ["ONNX"]}
_SIMILARITIES = {MAXSIM: "MaxSim", MEANMAXSIM: "custom"}


def for_mteb(
    model: BaseModel,
    *,
    name: str | None = None,
    revision: str | None = None,
    prompts: Mapping[str, str] | None = None,
    batch_size: int | None = None,
) -> Any:
    """A model as ``mteb.evaluate`` takes it.

    Of several prompts that fit, mteb's order chooses: that of the task for queries or documents (``SciFact-query``), of
    the task (``SciFact``), of its type for queries or documents (``Retrieval-query``), of its type (``STS``), of
    queries or documents (``query``). Where none fits, texts are read as by ``encode_query``, ``encode_document`` or
    ``encode``. The vectors of a sparse model are full ones where a task needs them so: that is all but retrieval. A
    model of late interaction runs retrieval and reranking, a cross-encoder reranking; mteb refuses them other tasks.

    Args:
        model: of any family.
        name: ``organisation/name``, by which mteb keeps results; by default the model's, or ``local/`` and the name of
            its folder.
        revision: likewise; by default a hash of the model, its settings and ``prompts``, so that results which mteb has
            kept of another state of the model are not taken for those of this one.
        prompts: further prompts by such names; they win over the model's own.
        batch_size: texts in a batch at the most; by default what mteb says, which is 32 unless ``encode_kwargs`` names
            another.

    Returns:
        An object of mteb's ``EncoderProtocol``, ``SearchProtocol`` (late interaction) or ``CrossEncoderProtocol``.

    Raises:
        MissingDependencyError: mteb is not installed.
        InputError: the name is not of that form, the model is none of this package, or a cross-encoder that gives
            several scores for a pair.
    """
    adapter = next((adapter for family, adapter in _ADAPTERS if isinstance(model, family)), None)
    if adapter is None:
        raise InputError(
            f"model must be a SentenceTransformer, SparseEncoder, MultiVectorEncoder or CrossEncoder of sbert; got "
            f"{type(model).__name__}."
        )
    if name is not None and not _is_full(name):
        raise InputError(f"name must be of the form 'organisation/name', as mteb wants it; got {name!r}.")
    given = dict(prompts or {})
    return adapter(model, _meta(model, name, revision, given), given, batch_size)


class _Adapter:
    """What all families have: facts for mteb, and the choice of a prompt.

    Args:
        model: the model.
        meta: facts about it.
        prompts: further prompts by name.
        batch_size: texts in a batch at the most; None leaves it to mteb.
    """

    def __init__(self, model: Any, meta: Any, prompts: dict[str, str], batch_size: int | None) -> None:
        self.model, self.mteb_model_meta = model, meta
        self._prompts, self._batch_size = prompts, batch_size

    def _prompt(self, task: Any, kind: str | None) -> str | None:
        """The prompt for a task, the most specific that there is; None leaves it to the model.

        Args:
            task: mteb's description of it.
            kind: ``query``, ``document``, or None for texts that are neither.
        """
        known: dict[str, str] = {**self.model.prompts, **self._prompts}
        for name in (str(task.name), str(task.type)):
            for full in [name] if kind is None else [f"{name}-{kind}", name]:
                if full in known:
                    return known[full]
        # The model itself knows its prompts for queries and documents, by all the names that they may have.
        return None if kind is None else self._prompts.get(kind)

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        return options if self._batch_size is None else options | {"batch_size": self._batch_size}


class _Encoder(_Adapter):
    """A model that gives a vector a text."""

    def encode(
        self,
        inputs: Batches,
        *,
        task_metadata: Any,
        hf_split: str,  # noqa: ARG002  (mteb passes it)
        hf_subset: str,  # noqa: ARG002
        prompt_type: Any = None,
        **options: Any,
    ) -> Any:
        """The vectors of texts or images; arguments as mteb passes them, and as ``encode`` of the model takes them.

        Raises:
            InputError: the model reads no images, or rows hold a text and an image each.
        """
        kind = None if prompt_type is None else str(prompt_type.value)
        ways: dict[str | None, Callable[..., Any]] = {
            None: self.model.encode,
            QUERY: self.model.encode_query,
            DOCUMENT: self.model.encode_document,
        }
        encode = partial(ways[kind], prompt=self._prompt(task_metadata, kind), **self._options(options))
        texts: list[str] = []
        of_images: list[AnyArray] = []
        for batch in inputs:
            if "image" in batch:  # batch by batch, since images take much memory
                of_images.append(encode(self._images(batch)))
            else:
                texts.extend(_texts(batch))
        return np.concatenate(of_images) if of_images else self._given(encode, texts, task_metadata)

    def _images(self, batch: Mapping[str, Any]) -> list[Any]:
        if not self.model.spec.input.reads_images:
            raise InputError(f"{self.mteb_model_meta.name} reads texts alone; the task holds images.")
        if "text" in batch:
            raise InputError("The task's inputs are texts with images; a model reads one or the other of each input.")
        return list(batch["image"])

    def _given(self, encode: Callable[..., Any], texts: list[str], task: Any) -> Any:  # noqa: ARG002
        """Vectors of texts, in a form that the task takes."""
        return encode(texts)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Every vector of one set compared with every one of another, the model's way: a tensor, (n, m)."""
        return _as_tensor(self.model.similarity(_rows(embeddings1), _rows(embeddings2)))

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Two sets of vectors compared row by row, the model's way: a tensor, (n,)."""
        return _as_tensor(self.model.similarity_pairwise(_rows(embeddings1), _rows(embeddings2)))


class _SparseEncoder(_Encoder):
    """A model of sparse vectors: sparse tensors where a task only compares them, full rows elsewhere."""

    def _given(self, encode: Callable[..., Any], texts: list[str], task: Any) -> Any:
        # Reranking takes the rows of candidates out of those of all documents, which sparse tensors do not let it.
        if task.simplified_task_type == "retrieval" and "Reranking" not in task.type:
            return encode(texts, convert_to_tensor=True, save_to_cpu=True)
        return encode(texts).toarray()


class _LateInteraction:
    """A model that gives a vector a token: it searches, and has no ``encode``, so that mteb refuses it other tasks.

    Args:
        model: the model.
        meta: facts about it.
        prompts: further prompts by name.
        batch_size: texts in a batch at the most; None leaves it to mteb.
    """

    def __init__(self, model: MultiVectorEncoder, meta: Any, prompts: dict[str, str], batch_size: int | None) -> None:
        from mteb.models import SearchEncoderWrapper

        self.model, self.mteb_model_meta = model, meta
        encoder = _Encoder(model, meta, prompts, batch_size)
        self._search = SearchEncoderWrapper(encoder, corpus_chunk_size=_DOCUMENTS)

    def index(self, corpus: Any, **options: Any) -> None:
        """Take a corpus; it is encoded while it is searched."""
        self._search.index(corpus, **options)

    def search(self, queries: Any, **options: Any) -> Any:
        """The best documents of each query with their scores, or a query's candidates in order."""
        return self._search.search(queries, **options)


class _CrossEncoder(_Adapter):
    """A model that scores pairs.

    Args:
        model: the model.
        meta: facts about it.
        prompts: further prompts by name.
        batch_size: pairs in a batch at the most; None leaves it to mteb.

    Raises:
        InputError: it gives several scores for a pair.
    """

    def __init__(self, model: CrossEncoder, meta: Any, prompts: dict[str, str], batch_size: int | None) -> None:
        if model.num_labels != 1:
            raise InputError(f"mteb takes cross-encoders of 1 score a pair; this one gives {model.num_labels}.")
        super().__init__(model, meta, prompts, batch_size)

    def predict(
        self,
        inputs1: Batches,
        inputs2: Batches,
        *,
        task_metadata: Any,
        hf_split: str,  # noqa: ARG002  (mteb passes it)
        hf_subset: str,  # noqa: ARG002
        prompt_type: Any = None,  # noqa: ARG002
        **options: Any,
    ) -> AnyArray:
        """Scores of pairs, (n,); arguments as mteb passes them, and as ``predict`` of the model takes them."""
        first, second = ([text for batch in inputs for text in _texts(batch)] for inputs in (inputs1, inputs2))
        # A prompt goes in front of the query, so that is what the prompts are for.
        prompt = self._prompt(task_metadata, QUERY)
        pairs = list(zip(first, second, strict=True))
        scores: AnyArray = self.model.predict(pairs, prompt=prompt, **self._options(options))
        return scores


_ADAPTERS: tuple[tuple[type[BaseModel], Callable[..., Any]], ...] = (
    (SparseEncoder, _SparseEncoder),
    (MultiVectorEncoder, _LateInteraction),
    (CrossEncoder, _CrossEncoder),
    (SentenceTransformer, _Encoder),
)


# --- texts and vectors ------------------------------------------------------------------------------------------------


def _texts(batch: Mapping[str, Any]) -> list[str]:
    """The texts of a batch, which mteb has put together from titles, bodies, instructions and turns of talks.

    Raises:
        InputError: it has none.
    """
    if "text" not in batch:
        raise InputError(f"The task's inputs are {', '.join(sorted(batch))}; this model reads texts.")
    return list(batch["text"])


def _rows(embeddings: Any) -> Any:
    """Embeddings in main memory, where mteb has made tensors of them; sparse ones and lists of token vectors stay."""
    if isinstance(embeddings, list) or getattr(embeddings, "is_sparse", False):
        return embeddings
    return as_array(embeddings)


def _as_tensor(scores: AnyArray) -> Any:
    import torch  # mteb needs it, and calls methods of tensors

    return torch.from_numpy(scores)


# --- facts ------------------------------------------------------------------------------------------------------------


def _meta(model: BaseModel, name: str | None, revision: str | None, prompts: Mapping[str, str]) -> Any:
    """What is known of a model, in mteb's form, without asking the hub; arguments are those of :func:`for_mteb`.

    Raises:
        MissingDependencyError: mteb is not installed.
    """
    try:
        from mteb.models import ModelMeta
        from mteb.models.model_meta import ScoringFunction
    except ImportError as error:
        raise MissingDependencyError("mteb", "run its tasks", "mteb") from error
    similarity = _similarity_of(model)
    known = {
        "name": name or _name_of(model.spec),
        "revision": revision or _revision(model, prompts),
        "model_type": [_KINDS[model.family]],
        "framework": _FRAMEWORKS.get(model.backend, []),
        "similarity_fn_name": similarity and ScoringFunction(_SIMILARITIES.get(similarity, similarity)),
        "embed_dim": None if model.spec.scores else cast("Any", model).get_embedding_dimension(),
        "max_tokens": model.max_seq_length,
        "n_parameters": _parameters(model),
        "use_instructions": any({**model.prompts, **prompts}.values()),
        "modalities": ["text", "image"] if model.spec.input.reads_images else ["text"],
    }
    return ModelMeta.create_empty(overwrites=known)


def _is_full(name: str) -> bool:
    return name.count("/") == 1 and all(name.split("/"))


def _name_of(spec: ModelSpec) -> str:
    """The name of a model in mteb's form, with one organisation; a folder by its own name, not by the whole path."""
    name = spec.name or "model"
    if looks_like_path(name) or (spec.name and Path(name).is_dir()):
        name = Path(name).expanduser().resolve().name
    return name if _is_full(name) else f"{_NO_ORGANISATION}/{name}"


def _similarity_of(model: BaseModel) -> str | None:
    """How vectors compare; None for scores."""
    found = getattr(model, "similarity_fn_name", None)
    return None if found is None else str(found)


def _revision(model: BaseModel, prompts: Mapping[str, str]) -> str:
    """A hash of the model, and of what else the scores depend on."""
    settings = [
        _similarity_of(model),
        getattr(model, "max_active_dims", None),
        str(getattr(model, "activation_fn", "")),
    ]
    facts = repr((model.fingerprint, settings, sorted(prompts.items())))
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


def _parameters(model: BaseModel) -> int | None:
    """How many numbers were learned; None where they are not told easily: of several routes, or stored in int8."""
    spec = model.spec
    if spec.router is not None or spec.input.stored_int8 is not None:
        return None
    if model.backend == "torch":
        return sum(int(parameter.numel()) for parameter in model.parameters())
    try:
        weights = open_weights(spec.input.folder)
    except (CheckpointError, MissingDependencyError):
        return None
    later = [tensor.size for module in spec.modules[1:] for tensor in getattr(module, "tensors", {}).values()]
    return learned(weights) + int(sum(later))
