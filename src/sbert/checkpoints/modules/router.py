"""Router: other modules for queries than for documents, in one model."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import CorruptCheckpointError, InputError, one_of
from ..files import inside, read_json, setting, write_json
from .base import ModuleSpec, output_width

#: What is looked for in the folders of its first releases.
_OLD_CONFIG = "config.json"
#: The kind of input that routes are chosen for here.
TEXT = "text"

#: A task and a kind of input, either of which may be any.
Key = tuple[str | None, Any]


@dataclass(frozen=True)
class RouterSpec(ModuleSpec):
    """Several lists of modules, one of which a text goes through.

    Args:
        routes: the modules of each, by name.
        default_route: where texts go that no task is named for; None for nowhere.
        mappings: which route a task and a kind of input take; None in a key stands for any, and kinds of several
            inputs are put in order.

    Raises:
        InputError: there are no routes, or one that is named is not there.
    """

    routes: dict[str, tuple[ModuleSpec, ...]]
    default_route: str | None = None
    mappings: dict[Key, str] = field(default_factory=dict)

    kind = "Router"
    config_file = "router_config.json"
    in_root = True

    def __post_init__(self) -> None:
        if not self.routes or not all(self.routes.values()):
            raise InputError("A Router needs at least one route, and each route a module.")
        in_order = {
            (task, tuple(sorted(kind)) if isinstance(kind, tuple) else kind): route
            for (task, kind), route in self.mappings.items()
        }
        object.__setattr__(self, "mappings", in_order)
        for name in (self.default_route, *self.mappings.values()):
            if name is not None and name not in self.routes:
                raise one_of("route", name, self.routes)

    @classmethod
    def read(cls, folder: Path) -> RouterSpec:
        """Read all modules of all routes; one that several share is read once."""
        from ..aliases import read_module  # which knows all kinds, this one among them

        path = folder / (cls.config_file if (folder / cls.config_file).is_file() else _OLD_CONFIG)
        if not path.is_file():
            raise CorruptCheckpointError(f"{folder / cls.config_file} is missing: modules.json names a Router.")
        settings = read_json(path)
        types = setting(settings, "types", dict, path, {})
        structure = setting(settings, "structure", dict, path, {})
        parameters = setting(settings, "parameters", dict, path, {})
        modules = {str(name): read_module(str(kind), inside(folder, str(name))) for name, kind in types.items()}
        try:
            routes = {str(route): tuple(modules[name] for name in names) for route, names in structure.items()}
            mappings = {ast.literal_eval(key): str(to) for key, to in (parameters.get("route_mappings") or {}).items()}
            default = parameters.get("default_route")
            if default is None and parameters.get("allow_empty_key", True):
                default = next(iter(routes), None)
            return cls(routes, default, mappings)
        except (InputError, KeyError, TypeError, ValueError, SyntaxError, AttributeError) as error:
            raise CorruptCheckpointError(f"{path} has routes that cannot be followed: {error}") from error

    def write(self, folder: Path) -> None:
        """Write all modules, each into a folder of its own."""
        from ..aliases import written_name

        names = self.folders()
        types: dict[str, str] = {}
        for route, modules in self.routes.items():
            for name, module in zip(names[route], modules, strict=True):
                if name not in types:
                    types[name] = written_name(module)
                    (folder / name).mkdir(exist_ok=True)
                    module.write(folder / name)
        parameters = {
            "default_route": self.default_route,
            "allow_empty_key": self.default_route is not None,
            "route_mappings": {str(key): route for key, route in self.mappings.items()},
        }
        write_json(folder / self.config_file, {"types": types, "structure": names, "parameters": parameters})

    def folders(self) -> dict[str, list[str]]:
        """The sub-folder of each module of each route; routes that share a module share its folder."""
        known: dict[int, str] = {}
        return {
            route: [
                known.setdefault(id(module), f"{route}_{place}_{module.kind}") for place, module in enumerate(modules)
            ]
            for route, modules in self.routes.items()
        }

    def route_for(self, task: str | None) -> str:
        """The route of texts that are encoded for a task.

        Looked up in this order: the task and texts; the task; texts; anything; a route of the task's name; one called
        ``text``; where no task is named, the default.

        Raises:
            InputError: there is none.
        """
        route = self._found(task)
        if route is None and task is not None:
            raise one_of("task", task, self.routes)
        if route is None:
            raise InputError(
                f"This model has no default route: pass task=, one of {', '.join(map(repr, self.routes))}, or use "
                "encode_query and encode_document."
            )
        return route

    @property
    def usual(self) -> str:
        """The route of texts that no task is named for; the last one where there is none."""
        return self._found(None) or next(reversed(self.routes))

    def _found(self, task: str | None) -> str | None:
        for key in ((task, TEXT), (task, None), (None, TEXT), (None, None)):
            if key in self.mappings:
                return self.mappings[key]
        if task is not None and task in self.routes:
            return task
        if TEXT in self.routes:
            return TEXT
        return self.default_route if task is None else None

    def output_dimension(self, dimension: int) -> int:
        """The width of what every route gives.

        Raises:
            InputError: routes differ.
        """
        found = {route: output_width(modules, dimension) for route, modules in self.routes.items()}
        if len(set(found.values())) > 1:
            raise InputError(f"The routes of a Router must give vectors of one width to be compared; got {found}.")
        return next(iter(found.values()))
