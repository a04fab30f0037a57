"""Models behind HTTP: the routes that clients of OpenAI, Cohere, Jina and text-embeddings-inference know.

``create_app`` gives an ASGI application; ``sbert serve`` runs it. Loaded when first used, since Starlette is an extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app
    from .limits import Limits

_HOMES = {"Limits": "limits", "create_app": "app"}

__all__ = ["Limits", "create_app"]


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = importlib.import_module(f".{_HOMES[name]}", __name__)
    except ImportError as error:
        library = (error.name or "").partition(".")[0]
        if library in ("", __name__.partition(".")[0]):
            raise
        from ..errors import MissingDependencyError

        raise MissingDependencyError(library, "serve models", "serve") from error
    return getattr(home, name)
