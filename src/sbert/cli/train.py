"""``sbert train``: a model made better, as a file says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import MissingDependencyError
from .console import note, print_json, print_table
from .options import Json

if TYPE_CHECKING:
    from ..training.run import Measure

#: Families that ``sbert encode`` takes.
_ENCODES = ("SentenceTransformer",)


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file that says what to train on what.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the file: --set arguments.seed=2."),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Delete the run that the output folder holds, and begin anew.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and say what would be done, and do nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a model as a YAML file says.

    The file names model, data, loss and arguments; all of it is checked before anything is loaded. The same command
    goes on where it was stopped. docs/training.md lists every key.
    """
    try:
        from ..training.config import read_config
        from ..training.run import plan
        from ..training.run import train as run
    except ImportError as error:
        if error.name in ("torch", "transformers", "accelerate"):
            raise MissingDependencyError(error.name, "train", "train") from error
        raise
    from .training_view import JsonView, PersonView, plan_as_json, plan_as_text

    read = read_config(config, changes or ())
    if dry_run:
        made = plan(read)
        if as_json:
            print_json({"event": "plan"} | plan_as_json(made))
        else:
            typer.echo(plan_as_text(made))
        return
    first = read.args.process_index == 0
    view = JsonView() if as_json else PersonView()
    with view:
        done = run(read, view, restart=restart)
    if not first:
        return
    if as_json:
        print_json(
            {
                "event": "end", "steps": done.steps, "seconds": round(done.seconds, 3), "model": str(done.model),
                "earlier": done.earlier, "measures": [_as_json(one) for one in done.measures],
            }
        )  # fmt: skip
        return
    if isinstance(view, PersonView):
        view.draw(done.history, done.measures)
    if done.earlier:
        note(f"This run had ended after {done.steps:,} steps. --restart begins anew.")
    else:
        note(f"{done.steps:,} steps in {done.seconds:,.0f} s.")
    if done.measures:
        rows = [(one.data, one.name, _shown(one.before), _shown(one.after)) for one in done.measures]
        print_table(("data", "measure", "before", "after"), rows)
    used = f" Use it by that name: sbert encode FILE --model {done.model}" if read.model.family in _ENCODES else ""
    note(f"The model: {done.model}.{used}")


def _as_json(measure: Measure) -> dict[str, object]:
    return {"data": measure.data, "measure": measure.name, "before": measure.before, "after": measure.after}


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
