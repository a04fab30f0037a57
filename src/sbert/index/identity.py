"""What an index says of the model whose vectors it holds, and whether a model is that one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import OtherModelError, StoredIndexError, one_of
from ..models.prompts import document_prompt_name

if TYPE_CHECKING:
    from ..models.multi_vector_encoder import MultiVectorEncoder
    from ..models.sentence_transformer import SentenceTransformer

    #: What an index may be made with.
    IndexModel: TypeAlias = SentenceTransformer | MultiVectorEncoder

#: Where the schema of the table keeps it.
KEY = b"sbert.index"
#: Of the columns and of what is kept about them. A reader refuses what is newer than it knows.
FORM = 1
#: LanceDB's word for each similarity.
DISTANCES = {"cosine": "cosine", "dot": "dot", "euclidean": "l2", "maxsim": "cosine"}
#: Types of the vectors' numbers on disk.
PRECISIONS = ("float32", "float16")
#: Languages whose words LanceDB stems; with ``none``, words are looked for as they are written.
LANGUAGES = (
    "Arabic", "Danish", "Dutch", "English", "Finnish", "French", "German", "Greek", "Hungarian", "Italian", "Norwegian",
    "Portuguese", "Romanian", "Russian", "Spanish", "Swedish", "Tamil", "Turkish", "none",
)  # fmt: skip
#: Tokens of a passage at the most, where the model would read more: a passage should be about one thing.
PASSAGE_TOKENS = 256
#: Special tokens that models put around a text, at the most.
_AROUND = 4


@dataclass(frozen=True)
class Identity:
    """Whose vectors an index holds, and how its documents are cut and its words are read. It never changes.

    Attributes:
        model: its name, as it can be loaded by.
        fingerprint: of the model; it covers weights, tokenizer, settings, prompts, engine and dtype.
        backend: engine that it runs on.
        dtype: that it computes in.
        dimension: of its vectors.
        similarity: ``cosine``, ``dot`` or ``euclidean``; ``maxsim`` of late interaction.
        chunk_tokens: tokens of a passage at the most; None for all that the model reads.
        chunk_overlap: tokens that neighbouring passages share; None for an eighth.
        language: whose stems text search knows; one of :data:`LANGUAGES`.
        precision: in which vectors are kept; one of :data:`PRECISIONS`.
        form: of what is stored.
    """

    model: str
    fingerprint: str
    backend: str
    dtype: str
    dimension: int
    similarity: str
    chunk_tokens: int | None
    chunk_overlap: int | None
    language: str
    precision: str = "float32"
    form: int = FORM

    def to_json(self) -> str:
        """As text, for the schema."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of(
        cls,
        model: IndexModel,
        chunk_tokens: int | None = None,
        chunk_overlap: int | None = None,
        language: str = "English",
        precision: str = "float32",
    ) -> Identity:
        """The identity of a new index.

        Raises:
            InputError: the model compares vectors in a way that an index does not, or the language or the precision is
                not known.
        """
        if model.similarity_fn_name not in DISTANCES:
            raise one_of("The similarity of an index's model", model.similarity_fn_name, DISTANCES)
        if language not in LANGUAGES:
            raise one_of("language", language, LANGUAGES)
        if precision not in PRECISIONS:
            raise one_of("precision", precision, PRECISIONS)
        longest = model.max_seq_length
        if chunk_tokens is None and (longest is None or longest > PASSAGE_TOKENS + _AROUND):
            chunk_tokens = PASSAGE_TOKENS
        return cls(
            _lasting_name(model.spec.name),
            model.fingerprint,
            model.backend,
            model.dtype,
            model.get_embedding_dimension(),
            model.similarity_fn_name,
            chunk_tokens,
            chunk_overlap,
            language,
            precision,
        )

    @classmethod
    def read(cls, metadata: Mapping[bytes, bytes] | None, path: object) -> Identity:
        """The identity that a table's schema holds.

        Raises:
            StoredIndexError: it holds none, or that of a newer version.
        """
        written = (metadata or {}).get(KEY)
        if written is None:
            raise StoredIndexError(f"{path} was not made by sbert: it does not say whose vectors it holds.")
        facts: dict[str, Any] = json.loads(written)
        if facts.get("form", 0) > FORM:
            raise StoredIndexError(f"{path} was made by a newer version of sbert. Upgrade: pip install -U sbert")
        return cls(**facts)

    def check(self, model: IndexModel, path: object) -> None:
        """Refuse a model whose vectors are not comparable with those of the index.

        Raises:
            OtherModelError: both are named.
        """
        found = model.fingerprint
        if found != self.fingerprint:
            ours = _described(model.spec.name, model.backend, model.dtype, found)
            raise OtherModelError(
                f"{path} holds vectors of {self._described()}; the model given is {ours}. Their vectors cannot be "
                "compared. Open the index with its own model, or make a new one."
            )

    def check_maker(self, name: str, fingerprint: str, path: object) -> None:
        """Refuse stored vectors that another model made.

        Raises:
            OtherModelError: both are named.
        """
        if fingerprint != self.fingerprint:
            raise OtherModelError(
                f"{path} holds vectors of {self._described()}; the vectors given are of {name} (fingerprint "
                f"{fingerprint[:12]}). They cannot be compared."
            )

    def _described(self) -> str:
        return _described(self.model, self.backend, self.dtype, self.fingerprint)

    def load(self, path: object) -> IndexModel:
        """The model, loaded by its name.

        Raises:
            ModelNotFoundError: it is not on this machine.
            OtherModelError: what has that name now is another model.
        """
        model = load_embedder(self.model, **self.loading_options())
        self.check(model, path)
        return model

    def loading_options(self) -> dict[str, Any]:
        """Arguments of a model for the same engine and dtype."""
        return {"backend": self.backend, "dtype": None if self.dtype == "float32" else self.dtype}

    def embedding_options(self, model: IndexModel) -> dict[str, Any]:
        """Arguments for ``encode_chunks``."""
        return {
            "prompt_name": document_prompt_name(model.prompts),
            "chunk_tokens": self.chunk_tokens,
            "chunk_overlap": self.chunk_overlap,
            "show_progress_bar": False,
        }


def load_embedder(name: str, **options: Any) -> IndexModel:
    """A model by its name, as an index takes it: of late interaction where it was saved as that."""
    from ..models.families import family_of
    from ..models.multi_vector_encoder import MultiVectorEncoder
    from ..models.sentence_transformer import SentenceTransformer

    kind = MultiVectorEncoder if family_of(name) == MultiVectorEncoder.family else SentenceTransformer
    return kind(name, on_truncation="ignore", **options)


def _lasting_name(name: str) -> str:
    """A model's name; of a folder, one that means the same wherever a process is started."""
    return str(Path(name).resolve()) if Path(name).is_dir() else name


def _described(name: str, backend: str, dtype: str, fingerprint: str) -> str:
    return f"{name} ({backend}, {dtype}, fingerprint {fingerprint[:12]})"
