"""What clients send and get, declared once: requests are checked by it, and ``/openapi.json`` is made of it.

Fields that a route does not read are refused by name, so that a misspelt ``dimension`` is not taken for none.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

#: In front of the names of a field's forms, by which they are left out of messages.
TAG = "form:"


class Schema(BaseModel):
    """A JSON object."""

    model_config = ConfigDict(strict=True, extra="forbid", protected_namespaces=())


# --- inputs -----------------------------------------------------------------------------------------------------------


class ImageItem(Schema):
    """An image among inputs."""

    image: str = Field(description="A data URL in base64, such as data:image/png;base64,..., or the base64 alone.")


class TextItem(Schema):
    """A text among inputs."""

    text: str


def _whole(value: Any) -> Any:
    """8.0 as 8: to JSON they are one number, and some languages know no other."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count: TypeAlias = Annotated[int, BeforeValidator(_whole)]
Token: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]
TokenArray: TypeAlias = Annotated[list[Token], Field(min_length=1, fail_fast=True)]


def _item_form(value: Any) -> str | None:
    if isinstance(value, str):
        return f"{TAG}text"
    if isinstance(value, (dict, TextItem, ImageItem)):
        return f"{TAG}image" if isinstance(value, ImageItem) or "image" in value else f"{TAG}textitem"
    return None


Item: TypeAlias = Annotated[
    Annotated[str, Tag(f"{TAG}text")]
    | Annotated[ImageItem, Tag(f"{TAG}image")]
    | Annotated[TextItem, Tag(f"{TAG}textitem")],
    Discriminator(
        _item_form,
        custom_error_type="item",
        custom_error_message="must be a string, or an object with text or image",
    ),
]


def _input_form(value: Any) -> str | None:
    if isinstance(value, list):
        first = value[0] if value else None
        if isinstance(first, int):
            return f"{TAG}tokens"
        return f"{TAG}token arrays" if isinstance(first, list) else f"{TAG}items"
    return f"{TAG}one" if isinstance(value, (str, dict)) else None


Input: TypeAlias = Annotated[
    Annotated[Item, Tag(f"{TAG}one")]
    | Annotated[list[Item], Field(min_length=1, fail_fast=True), Tag(f"{TAG}items")]
    | Annotated[TokenArray, Tag(f"{TAG}tokens")]
    | Annotated[list[TokenArray], Field(min_length=1, fail_fast=True), Tag(f"{TAG}token arrays")],
    Discriminator(
        _input_form,
        custom_error_type="input",
        custom_error_message="must be a string, a list of strings, a token array or a list of these",
    ),
]
Texts: TypeAlias = Annotated[list[str], Field(min_length=1, fail_fast=True)]
Direction: TypeAlias = Literal["right", "Right"]

_MODEL = Field(default=None, description="Name of a model; the first that can do it where none is named.")
_PROMPT = Field(default=None, description="Name of a prompt of the model, to go in front of each text.")
_TRUNCATE = Field(
    default=None,
    description="What is done with texts that are longer than the model reads: true cuts them, false refuses them. By "
    "default they are cut, and X-Truncated says how many.",
)
_DIRECTION = Field(default=None, description="The end is cut off, always.")
_DIMENSIONS = Field(default=None, ge=1, description="Leading dimensions to keep.")

# --- requests ---------------------------------------------------------------------------------------------------------


class EmbeddingsRequest(Schema):
    """As in OpenAI's API."""

    input: Input
    model: str | None = _MODEL
    dimensions: Count | None = _DIMENSIONS
    encoding_format: Literal["float", "base64"] | None = Field(
        default="float", description="base64 of float32, the lowest byte first, or numbers."
    )
    user: str | None = Field(default=None, description="Not read.")
    input_type: Literal["query", "document"] | None = Field(
        default=None, description="What the texts are for, where the model reads queries and documents differently."
    )
    prompt_name: str | None = _PROMPT


class EmbedRequest(Schema):
    """As in text-embeddings-inference."""

    inputs: Input
    normalize: bool | None = Field(default=True, description="Scale vectors to length one.")
    truncate: bool | None = _TRUNCATE
    truncation_direction: Direction | None = _DIRECTION
    prompt_name: str | None = _PROMPT
    dimensions: Count | None = _DIMENSIONS
    model: str | None = _MODEL


class EmbedSparseRequest(Schema):
    """As in text-embeddings-inference."""

    inputs: Input
    truncate: bool | None = _TRUNCATE
    truncation_direction: Direction | None = _DIRECTION
    prompt_name: str | None = _PROMPT
    model: str | None = _MODEL


class SimilarityInputs(Schema):
    """A text, and those that it is compared with."""

    source_sentence: str
    sentences: Texts


class SimilarityParameters(Schema):
    """How the texts are read."""

    truncate: bool | None = _TRUNCATE
    truncation_direction: Direction | None = _DIRECTION
    prompt_name: str | None = _PROMPT


class SimilarityRequest(Schema):
    """As in text-embeddings-inference."""

    inputs: SimilarityInputs
    parameters: SimilarityParameters | None = None
    model: str | None = _MODEL


class Document(BaseModel):
    """A document of which only the text is read."""

    model_config = ConfigDict(strict=True, extra="ignore")

    text: str


def _document_form(value: Any) -> str | None:
    if isinstance(value, str):
        return f"{TAG}text"
    return f"{TAG}document" if isinstance(value, (dict, Document)) else None


DocumentItem: TypeAlias = Annotated[
    Annotated[str, Tag(f"{TAG}text")] | Annotated[Document, Tag(f"{TAG}document")],
    Discriminator(
        _document_form, custom_error_type="document", custom_error_message="must be a string or an object with text"
    ),
]


class RerankDocumentsRequest(Schema):
    """As in the APIs of Cohere and Jina."""

    query: str
    documents: Annotated[list[DocumentItem], Field(min_length=1, fail_fast=True)]
    top_n: Count | None = Field(default=None, ge=1, description="Documents to give, the best first; all by default.")
    return_documents: bool | None = Field(default=False, description="Give each with its text.")
    model: str | None = _MODEL


class RerankTextsRequest(Schema):
    """As in text-embeddings-inference."""

    query: str
    texts: Texts
    raw_scores: bool | None = Field(default=False, description="Scores as the head gives them, not from 0 to 1.")
    return_text: bool | None = Field(default=False, description="Give each with its text.")
    truncate: bool | None = _TRUNCATE
    truncation_direction: Direction | None = _DIRECTION
    model: str | None = _MODEL


class SearchRequest(Schema):
    """A search of the index."""

    query: str = Field(min_length=1)
    top_k: Count = Field(default=10, ge=1, description="Hits to give.")
    mode: Literal["hybrid", "vector", "text"] = Field(
        default="hybrid", description="vector compares meanings, text finds words, hybrid does both."
    )
    where: str | None = Field(
        default=None, min_length=1, description='A condition in SQL on metadata, such as "year >= 2020".'
    )
    rerank: bool = Field(default=False, description="Whether the server's reranker puts the best hundred in order.")


class ExplainRequest(Schema):
    """Two texts whose similarity is explained."""

    a: str = Field(description="A text; of a search or of late interaction, the query.")
    b: str = Field(description="Another; of a search or of late interaction, the document.")
    task: Literal["similarity", "search"] = Field(
        default="similarity",
        description="Whether the texts are compared as /similarity does, or as /search does: a query and a document, "
        "each with the model's prompt.",
    )
    model: str | None = Field(
        default=None, description="Name of a model; by default that of the index, else the first that can do it."
    )


# --- answers ----------------------------------------------------------------------------------------------------------


class Embedding(Schema):
    """A vector."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Usage(Schema):
    """What was read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsAnswer(Schema):
    """As in OpenAI's API, and how many inputs were cut."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: Usage
    truncated: int


class ModelCard(Schema):
    """A model that is served."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    kind: Literal["embedding", "sparse", "reranker"]


class ModelsAnswer(Schema):
    """All that are served."""

    object: Literal["list"]
    data: list[ModelCard]


class SparseValue(Schema):
    """A word's weight."""

    index: int
    value: float


class RankedDocument(Schema):
    """A document's place."""

    index: int
    relevance_score: float
    document: TextItem | None = None


class RerankAnswer(Schema):
    """As in the APIs of Cohere and Jina: the best first."""

    id: str
    model: str
    results: list[RankedDocument]
    usage: Usage
    truncated: int


class RankedText(Schema):
    """A text's place."""

    index: int
    score: float
    text: str | None = None


class FoundPassage(Schema):
    """A hit of a search."""

    id: str
    document: str
    passage: str
    span: tuple[int, int] = Field(strict=False)
    heading: str | None
    score: float
    scores: dict[str, float]
    metadata: dict[str, Any]
    image: bool = Field(description="Whether it is an image, of which /image gives a picture.")


class SearchAnswer(Schema):
    """Hits, the best first."""

    hits: list[FoundPassage]
    milliseconds: float
    truncated: int = Field(description="1 where the model read only the query's beginning.")


class ExplainedWord(Schema):
    """A word of a text, or a token that the model puts around texts."""

    text: str
    span: tuple[int, int] | None = Field(
        strict=False, description="Its first character and one past its last, in code points; null for none."
    )


class ExplainAnswer(Schema):
    """A similarity as a sum over pairs of words."""

    model: str
    measure: str
    score: float = Field(description="The similarity: the sum of all shares.")
    a: list[ExplainedWord]
    b: list[ExplainedWord]
    shares: list[list[float]] = Field(description="A row for each word of a, in it a number for each word of b.")
    truncated: int


class MapAnswer(Schema):
    """Passages of the index in a plane, column by column."""

    status: Literal["ready"]
    method: Literal["umap", "pca"]
    passages: int = Field(description="Of the whole index; where it has many, the map shows a sample.")
    ids: list[str]
    documents: list[str]
    texts: list[str] = Field(description="The beginnings of the passages.")
    x: list[float] = Field(description="From 0 to 1.")
    y: list[float]
    labels: list[int] = Field(description="Numbers of clusters; -1 for none.")
    names: list[str] = Field(description="Of the clusters.")
    images: list[int] = Field(description="Numbers of the passages that are images, of which /image gives pictures.")


class IndexInfo(Schema):
    """What there is to know of the index."""

    name: str
    passages: int
    model: str
    metadata: dict[str, str] = Field(description="Columns to filter by, with what they hold.")
    reranks: bool


class ModelInfo(Schema):
    """What there is to know of a model."""

    model_id: str
    kind: Literal["embedding", "sparse", "reranker"]
    dimension: int
    max_input_length: int | None
    dtype: str
    backend: str
    prompts: list[str]
    reads_images: bool


class InfoAnswer(Schema):
    """What the server does, in the names of text-embeddings-inference; of the first model, and of each."""

    model_id: str
    model_sha: str | None
    model_dtype: str
    model_type: dict[str, Any]
    max_concurrent_requests: int
    max_input_length: int | None
    max_batch_tokens: int
    max_client_batch_size: int
    auto_truncate: bool
    version: str
    models: list[ModelInfo]
    index: IndexInfo | None


class StatusAnswer(Schema):
    """How the server is."""

    status: str


class OpenAIErrorBody(Schema):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(Schema):
    """An error below /v1."""

    error: OpenAIErrorBody


class TeiError(Schema):
    """An error of the other routes."""

    error: str
    error_type: str
