"""The application: models, an index and limits in, ASGI out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import closest
from .auth import Keys
from .body import Bodies
from .door import Door, own_path, refused
from .limits import Limits
from .metrics import Metrics
from .openapi import description
from .refusals import NotHere, WrongMethod
from .routes.table import OPERATIONS
from .served import Registry
from .state import State
from .threads import Threads

if TYPE_CHECKING:
    from ..index import Index
    from ..models.base import BaseModel
    from ..models.cross_encoder import CrossEncoder


def create_app(
    models: BaseModel | Iterable[BaseModel] | Mapping[str, BaseModel],
    *,
    index: Index | None = None,
    reranker: CrossEncoder | None = None,
    limits: Limits | None = None,
    api_keys: Iterable[str] = (),
    page: bool = True,
) -> Starlette:
    """Models behind HTTP.

    >>> app = create_app(SentenceTransformer("all-MiniLM-L6-v2"))  # doctest: +SKIP
    >>> uvicorn.run(app)  # doctest: +SKIP

    Args:
        models: a model, several, or several by the names that clients call them by. Sentence transformers, sparse
            encoders and cross-encoders; the first of each family answers where no model is named.
        index: which ``/search`` searches.
        reranker: for ``/rerank``, and for searches that ask for it.
        limits: of what is taken on; the usual ones by default.
        api_keys: any of which opens the server; without one it is open to everybody.
        page: whether there is a page for people at ``/``. The routes that it asks are there without it, too.

    Returns:
        An application for any ASGI server. Each has one thread for each model.

    Raises:
        InputError: there is no model, two have one name, or one is of a family that cannot be served.
    """
    limits = limits or Limits()
    metrics = Metrics()
    registry = Registry(models, reranker, limits, metrics)
    if reranker is None:
        reranker = next((served.model for served in registry.of_kind("reranker")), None)
    searches = None
    if index is not None:
        from .searches import Searches

        searches = Searches(index, reranker, limits)
    keys = Keys(api_keys)
    explanations = Threads("explanations", 1, limits)
    state = State(registry, searches, limits, keys, metrics, Bodies(limits), explanations, has_page=page)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001  (Starlette passes it)
        yield
        # Whoever runs the application has waited for the requests that it took.
        await state.close()

    operations = [operation for operation in OPERATIONS if page or not operation.is_page]
    paths = [operation.path for operation in operations]
    app = Starlette(
        routes=[Route(each.path, each.endpoint, methods=[each.method]) for each in operations],
        middleware=[Middleware(Door, state=state, paths=paths)],
        exception_handlers={HTTPException: _no_route},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a POST that is sent elsewhere loses its body with many clients
    app.state.server, app.state.operations = state, operations
    app.state.openapi = description(with_keys=keys.are_asked_for)
    return app


async def _no_route(request: Request, error: Exception) -> Response:
    path, operations = own_path(request.scope), request.app.state.operations
    if isinstance(error, HTTPException) and error.status_code == 405:
        methods = sorted({each.method for each in operations if each.path == path})
        response = refused(WrongMethod(f"{path} is for {', '.join(methods)}."), path)
        response.headers["Allow"] = ", ".join(methods)
        return response
    near = closest(path[:100], (operation.path for operation in operations), count=1)
    return refused(NotHere(f"There is no {path[:100]} here.{near} GET /openapi.json lists all."), path)
