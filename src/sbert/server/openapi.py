"""``/openapi.json``: the routes and their forms, as OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from ..version import __version__
from .door import OPEN
from .routes.table import OPERATIONS, Operation
from .schemas import OpenAIError, Schema, TeiError

_PLACE = "#/components/schemas/{model}"
#: Statuses of errors, of every route and of those with a body, and what they mean.
_ERRORS = {401: "No API key, or a wrong one."}
_ERRORS_OF_BODIES = {
    400: "The body is no JSON, or (below /v1) not of the form that is read.",
    404: "There is no such model.",
    408: "The body did not come in time.",
    413: "More than the server takes in one request.",
    422: "The body is not of the form that is read.",
    429: "There is enough to do already; Retry-After says when to come again.",
    500: "The server's own fault.",
    503: "The server is about to stop.",
    504: "It took too long.",
}


def description(*, with_keys: bool) -> dict[str, Any]:
    """The whole document.

    Args:
        with_keys: whether the server asks for an API key.
    """
    _, defined = models_json_schema([(form, "validation") for form in _all_forms(Schema)], ref_template=_PLACE)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        if not operation.unlisted:
            paths[operation.path] = {operation.method.lower(): _operation(operation, with_keys)}
    components: dict[str, Any] = {"schemas": defined["$defs"]}
    if with_keys:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "sbert", "version": __version__, "description": "Embeddings, reranking and search."},
        "paths": paths,
        "components": components,
    }


def _operation(operation: Operation, with_keys: bool) -> dict[str, Any]:
    told = (operation.endpoint.__doc__ or "").strip().splitlines()[0].replace("``", "")
    responses: dict[str, Any] = {"200": {"description": told, "content": _answers(operation)}}
    form = OpenAIError if operation.path.startswith("/v1") else TeiError
    errors = (_ERRORS if with_keys and operation.path not in OPEN else {}) | (
        _ERRORS_OF_BODIES if operation.asks else {}
    )
    for status, meaning in sorted(errors.items()):
        responses[str(status)] = {"description": meaning, "content": {"application/json": {"schema": _ref(form)}}}
    for status, (meaning, other) in operation.others.items():
        responses[str(status)] = {"description": meaning, "content": {"application/json": {"schema": _ref(other)}}}
    found: dict[str, Any] = {
        "summary": told,
        "operationId": operation.path.strip("/").replace("/", "_").replace(".", "_"),
        "responses": responses,
    }
    if operation.query:
        found["parameters"] = [
            {"name": name, "in": "query", "required": True, "schema": {"type": "string"}} for name in operation.query
        ]
    if operation.asks:
        content = {"application/json": {"schema": _any_of(operation.asks)}}
        found["requestBody"] = {"required": True, "content": content}
    if with_keys and operation.path not in OPEN:
        found["security"] = [{"key": []}]
    return found


def _answers(operation: Operation) -> dict[str, Any]:
    if isinstance(operation.gives, str):
        form = {"type": "object" if operation.gives.endswith("json") else "string"}
        return {operation.gives: {"schema": form}}
    return {"application/json": {"schema": _any_of(operation.gives)}}


def _any_of(forms: tuple[Any, ...]) -> dict[str, Any]:
    every = [_schema(form) for form in forms]
    return every[0] if len(every) == 1 else {"anyOf": every}


def _schema(form: Any) -> dict[str, Any]:
    if isinstance(form, type) and issubclass(form, Schema):
        return _ref(form)
    found = TypeAdapter(form).json_schema(ref_template=_PLACE)
    found.pop("$defs", None)  # they are among the components
    return found


def _ref(form: type[Schema]) -> dict[str, Any]:
    return {"$ref": _PLACE.format(model=form.__name__)}


def _all_forms(base: type[Schema]) -> list[type[Schema]]:
    return [form for direct in base.__subclasses__() for form in (direct, *_all_forms(direct))]
