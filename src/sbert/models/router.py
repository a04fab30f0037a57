"""Router: a model that reads queries by other modules than documents, put together in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..checkpoints.modules.router import Key, RouterSpec
from ..engines.base import Engine
from ..errors import InputError, MissingDependencyError
from .queries import DOCUMENT, QUERY

if TYPE_CHECKING:
    import torch


class Router:
    """Several lists of modules, one of which a text goes through: the first of a model's ``modules``.

    Args:
        sub_modules: the modules of each route, by its name.
        default_route: where texts go that no task is named for.
        allow_empty_key: whether the first route is the default where none is named.
        route_mappings: which route a task and a kind of input, such as ``("query", "text")``, take; None stands for
            any.

    Raises:
        InputError: there are no routes, or one that is named is not there.
    """

    def __init__(
        self,
        sub_modules: Mapping[str, Sequence[torch.nn.Module]],
        default_route: str | None = None,
        allow_empty_key: bool = True,
        route_mappings: Mapping[Key, str] | None = None,
    ) -> None:
        self.sub_modules = {name: list(modules) for name, modules in sub_modules.items()}
        if default_route is None and allow_empty_key:
            default_route = next(iter(self.sub_modules), None)
        self.default_route = default_route
        self.route_mappings = dict(route_mappings or {})

    @classmethod
    def for_query_document(
        cls,
        query_modules: Sequence[torch.nn.Module],
        document_modules: Sequence[torch.nn.Module],
        default_route: str | None = DOCUMENT,
        allow_empty_key: bool = True,
    ) -> Router:
        """A route for ``encode_query`` and one for ``encode_document``."""
        return cls({QUERY: query_modules, DOCUMENT: document_modules}, default_route, allow_empty_key)


def engines_of(modules: list[Any], device: str | None) -> tuple[Engine, dict[str, Engine]]:
    """The engine of modules that were put together in memory, and those of other routes, by name.

    Raises:
        MissingDependencyError: torch is not installed.
        InputError: a Router is not the first, or its routes give vectors of several widths.
    """
    try:
        from ..engines.torch import TorchEngine
    except ImportError as error:
        raise MissingDependencyError("torch", "put a model together from modules", "torch") from error
    if any(isinstance(module, Router) for module in modules[1:]):
        raise InputError("A Router must be the first of modules, since each route reads texts its own way.")
    if not modules or not isinstance(modules[0], Router):
        return TorchEngine.from_modules(modules, device=device), {}
    router, rest = modules[0], modules[1:]
    engines: dict[str, Engine] = {
        name: TorchEngine.from_modules([*route, *rest], device=device) for name, route in router.sub_modules.items()
    }
    routes = {name: engine.spec.modules[: len(router.sub_modules[name])] for name, engine in engines.items()}
    spec = RouterSpec(routes, router.default_route, router.route_mappings)
    spec.output_dimension(0)  # refuses routes that cannot be compared
    own = engines.pop(spec.usual)
    own.spec = replace(own.spec, router=spec)
    return own, engines


def unpacked(inputs: Any, task: str | None) -> tuple[Any, str | None]:
    """Texts in the oldest form that routes were named in, ``[{"query": "a text"}]``, as texts and their task.

    Raises:
        InputError: they are of several tasks.
    """
    items = [inputs] if isinstance(inputs, Mapping) else inputs
    if not isinstance(items, (list, tuple)) or not items or not all(isinstance(item, Mapping) for item in items):
        return inputs, task
    tasks = {key for item in items for key in item}
    if len(tasks) != 1 or (task is not None and task not in tasks):
        raise InputError(
            f"inputs must be of one task; got {', '.join(map(repr, sorted(map(str, tasks))))}. Pass task=."
        )
    (named,) = tasks
    texts = [item[named] for item in items]
    return texts[0] if isinstance(inputs, Mapping) else texts, str(named)
