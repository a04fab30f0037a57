"""The routes of OpenAI's API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ...similarity import unit
from ...types import FloatArray
from ..answers import answer, as_base64, truncation_headers
from ..body import checked
from ..readers import Reading
from ..refusals import WrongField
from ..schemas import EmbeddingsRequest
from ..served import Served
from ..state import state_of
from ..work import work
from .inputs import as_items


async def embeddings(request: Request) -> Response:
    """Vectors of texts: those of ``encode``; with ``dimensions``, as OpenAI's, scaled to length one again."""
    state = state_of(request)
    async with state.bodies.json(request) as body:
        asked = checked(EmbeddingsRequest, body)
        served = state.models.find(asked.model, "embedding")
        dimensions = check_dimensions(asked.dimensions, served)
        items = as_items(asked.input, served, state.limits, "input")
        done = await work(request, served, Reading(asked.input_type, asked.prompt_name), items)
    rows = shortened(done.rows, dimensions, normalize=asked.dimensions is not None and served.has_unit_vectors)
    in_base64 = asked.encoding_format == "base64"
    return answer(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": as_base64(row) if in_base64 else row}
                for index, row in enumerate(rows)
            ],
            "model": served.name,
            "usage": {"prompt_tokens": done.tokens, "total_tokens": done.tokens},
            "truncated": done.truncated,
        },
        truncation_headers(done.truncated, len(items)),
    )


async def models(request: Request) -> Response:
    """All models that are served."""
    return answer({"object": "list", "data": [_card(served) for served in state_of(request).models]})


def check_dimensions(dimensions: int | None, served: Served) -> int:
    """The width of the vectors that are asked for.

    Raises:
        WrongField: the model's have less.
    """
    most: int = served.model.spec.dimension
    if dimensions is not None and dimensions > most:
        raise WrongField(f"dimensions may be {most} at the most for {served.name}; got {dimensions}.", "dimensions")
    own: int = served.model.get_embedding_dimension()
    return dimensions or own


def shortened(rows: list[FloatArray], dimensions: int, *, normalize: bool) -> list[FloatArray]:
    """The leading dimensions of vectors, scaled to length one where that is asked for."""
    cut = [row[:dimensions] for row in rows]
    return [unit(row[None])[0] for row in cut] if normalize else cut


def _card(served: Served) -> dict[str, object]:
    return {
        "id": served.name,
        "object": "model",
        "created": served.created,
        "owned_by": "sbert",
        "kind": served.kind,
    }
