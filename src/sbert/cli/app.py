"""The command's root: its sub-commands, and how their errors are told."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..errors import SbertError, SbertWarning
from ..version import __version__
from . import (
    align,
    cluster,
    dedupe,
    distill,
    encode,
    evaluate,
    explain,
    index,
    info,
    pairs,
    quantize,
    rerank,
    search,
    serve,
    similarity,
    train,
)
from . import map as map_texts
from .console import note


class Group(TyperGroup):
    """Tells errors in one message, without a traceback, and ends with the codes that shells expect.

    2 for an error, 130 for Ctrl-C, 141 when the reader of a pipe has gone.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run a sub-command."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", SbertWarning)
                warnings.showwarning = _show_warning
                result = super().invoke(ctx)
            sys.stdout.flush()  # here, where a broken pipe is still looked after
            return result
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # The interpreter flushes standard output once more when it ends, and would complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(141) from None
        except (SbertError, OSError) as error:
            if ctx.params.get("traceback"):
                raise
            typer.echo(f"sbert: {error}", err=True)
            raise typer.Exit(2) from error


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    text = str(message) if issubclass(category, SbertWarning) else f"{category.__name__}: {message}"
    note(text)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"sbert {__version__}")
        raise typer.Exit


# Without rich's markup and tracebacks, whose import would be most of the time that --help takes.
app = typer.Typer(
    cls=Group,
    help="Sentence embeddings: encode, compare and search texts.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", envvar="SBERT_TRACEBACK", help="Show where an error came from.")
    ] = False,
) -> None:
    """Sentence embeddings: encode, compare and search texts."""
    # Both are acted on elsewhere: the version by its callback, the traceback by Group.invoke.


for _command in (
    encode.encode,
    similarity.similarity,
    explain.explain,
    search.search,
    rerank.rerank,
    pairs.pairs,
    align.align,
    cluster.cluster,
    dedupe.dedupe,
    quantize.quantize,
    distill.distill,
    train.train,
    evaluate.evaluate,
    serve.serve,
    info.info,
):
    app.command()(_command)
app.command("map")(map_texts.draw)
app.add_typer(index.app, name="index")
