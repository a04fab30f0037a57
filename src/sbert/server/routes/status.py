"""How the server is, what it has, and how it is asked."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...checkpoints.modules import PoolingSpec
from ...version import __version__
from ..answers import answer
from ..metrics import CONTENT_TYPE
from ..served import Served
from ..state import state_of


async def health(request: Request) -> Response:  # noqa: ARG001  (every route takes it)
    """That the process lives; waits for no model."""
    return answer({"status": "ok"})


async def ready(request: Request) -> Response:
    """Whether requests will be answered: 503 while the server is about to stop, or a model is stuck."""
    state = state_of(request)
    if state.is_ready:
        return answer({"status": "ready"})
    return answer({"status": "stopping" if state.stopping else "stuck"}, status=503)


async def metrics(request: Request) -> Response:
    """Counters in Prometheus's form."""
    return Response(state_of(request).metrics.text(), headers={"Content-Type": CONTENT_TYPE})


async def openapi(request: Request) -> Response:
    """What can be asked, as OpenAPI 3.1."""
    return answer(request.app.state.openapi)


async def info(request: Request) -> Response:
    """What the server has, in the names of text-embeddings-inference."""
    state = state_of(request)
    every = list(state.models)
    first = every[0]
    index = None if state.searches is None else await state.searches.facts(request)
    return answer(
        {
            "model_id": first.name,
            "model_sha": None,
            "model_dtype": first.model.dtype,
            "model_type": _type(first),
            "max_concurrent_requests": state.limits.requests,
            "max_input_length": first.model.max_seq_length,
            "max_batch_tokens": state.limits.batch_tokens,
            "max_client_batch_size": state.limits.items,
            "auto_truncate": True,
            "version": __version__,
            "models": [_told(served) for served in every],
            "index": index,
        }
    )


def _type(served: Served) -> dict[str, Any]:
    if served.kind == "reranker":
        return {"reranker": {}}
    pooling = next((module for module in served.model.spec.modules if isinstance(module, PoolingSpec)), None)
    return {
        "embedding": {"pooling": "splade" if served.kind == "sparse" else "+".join(pooling.modes) if pooling else ""}
    }


def _told(served: Served) -> dict[str, Any]:
    model = served.model
    return {
        "model_id": served.name,
        "kind": served.kind,
        "dimension": 1 if served.kind == "reranker" else model.get_embedding_dimension(),
        "max_input_length": model.max_seq_length,
        "dtype": model.dtype,
        "backend": model.backend,
        "prompts": sorted(name for name, text in model.prompts.items() if text),
        "reads_images": bool(model.spec.input.reads_images),
    }
