"""The routes of text-embeddings-inference, but for reranking."""

from __future__ import annotations

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from ..answers import answer, truncation_headers
from ..body import checked
from ..readers import Reading
from ..schemas import EmbedRequest, EmbedSparseRequest, SimilarityParameters, SimilarityRequest
from ..state import state_of
from ..work import work
from .inputs import as_items
from .openai import check_dimensions, shortened


async def embed(request: Request) -> Response:
    """Vectors of texts, of length one unless ``normalize`` is false."""
    state = state_of(request)
    async with state.bodies.json(request) as body:
        asked = checked(EmbedRequest, body)
        served = state.models.find(asked.model, "embedding")
        dimensions = check_dimensions(asked.dimensions, served)
        items = as_items(asked.inputs, served, state.limits, "inputs")
        done = await work(request, served, Reading(None, asked.prompt_name), items, truncate=asked.truncate)
    # What has length one already stays as it is, to the bit.
    is_unit = served.has_unit_vectors and dimensions == served.model.spec.dimension
    rows = shortened(done.rows, dimensions, normalize=asked.normalize is not False and not is_unit)
    return answer(rows, truncation_headers(done.truncated, len(items)))


async def embed_sparse(request: Request) -> Response:
    """Of each text, the words of the vocabulary that have a weight."""
    state = state_of(request)
    async with state.bodies.json(request) as body:
        asked = checked(EmbedSparseRequest, body)
        served = state.models.find(asked.model, "sparse")
        items = as_items(asked.inputs, served, state.limits, "inputs")
        done = await work(request, served, Reading(None, asked.prompt_name), items, truncate=asked.truncate)
    rows = [
        [{"index": index, "value": value} for index, value in zip(indices, values, strict=True)]
        for indices, values in done.rows
    ]
    return answer(rows, truncation_headers(done.truncated, len(items)))


async def similarity(request: Request) -> Response:
    """How similar a text is to others, the model's way."""
    state = state_of(request)
    async with state.bodies.json(request) as body:
        asked = checked(SimilarityRequest, body)
        options = asked.parameters or SimilarityParameters()
        served = state.models.find(asked.model, "embedding")
        items = [asked.inputs.source_sentence, *asked.inputs.sentences]
        done = await work(request, served, Reading(None, options.prompt_name), items, truncate=options.truncate)
    vectors = np.stack(shortened(done.rows, served.model.get_embedding_dimension(), normalize=False))
    scores = served.model.similarity(vectors[:1], vectors[1:])[0]
    return answer(np.ascontiguousarray(scores), truncation_headers(done.truncated, len(items)))
