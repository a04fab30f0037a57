"""Why two texts are alike."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...errors import InputError
from ...models.explained_words import WordShares, by_word
from ...models.queries import DOCUMENT, QUERY
from ..answers import answer, truncation_headers
from ..body import checked
from ..schemas import ExplainRequest
from ..served import own_name
from ..state import State, state_of
from ..tally import tally_of
from ..work import check_sizes


async def explain(request: Request) -> Response:
    """The shares that pairs of words have in the similarity of two texts."""
    state, tally = state_of(request), tally_of(request)
    async with state.bodies.json(request) as body:
        asked = checked(ExplainRequest, body)
        name, model = _model(state, asked.model)
        check_sizes([asked.a, asked.b], 2, state.limits.text_characters)
        tally.items, tally.model = 2, name

        def run() -> tuple[dict[str, Any], int]:
            found = _explained(model, asked)
            words = {"a": [word.to_dict() for word in found.left], "b": [word.to_dict() for word in found.right]}
            told = {"measure": found.measure, "score": float(found.shares.sum()), **words, "shares": found.shares}
            return told, model.truncation.truncated

        found, truncated = await state.explanations.run(request, run)
    tally.truncated = truncated
    return answer({"model": name, **found, "truncated": truncated}, truncation_headers(truncated, 2))


def _explained(model: Any, asked: ExplainRequest) -> WordShares:
    if asked.task == "similarity":
        return by_word(model.explain(asked.a, asked.b), asked.a, asked.b, model._tokenizer)
    found = model.explain_search(asked.a, asked.b)
    of_query, of_document = (model._for_task(task)._tokenizer for task in (QUERY, DOCUMENT))
    return by_word(found, asked.a, asked.b, of_query, of_document)


def _model(state: State, name: str | None) -> tuple[str, Any]:
    """The model that explains: the one that is named, else that of the index, else the first that gives embeddings.

    Raises:
        InputError: it has no vectors of tokens.
        NoSuchModel: there is none of that name.
    """
    if name is None and state.searches is not None:
        model: Any = state.searches.index.model
        shown = own_name(model)
    else:
        served = state.models.find(name, "embedding")
        model, shown = served.model, served.name
    if not hasattr(model, "explain"):
        raise InputError(f"Only models that give vectors of tokens are explained; {shown} does not.")
    return shown, model
