"""``sbert serve``: models behind HTTP, for clients that people have already."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import note
from .options import Backend, Device, Dtype, load_reranker

if TYPE_CHECKING:
    from ..index import Index


def serve(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Folders or names of models, for embeddings, sparse vectors or reranking; NAME=MODEL names one.",
        ),
    ],
    index: Annotated[
        Path | None, typer.Option("--index", metavar="DIR", help="An index for /search, of `sbert index build`.")
    ] = None,
    reranker: Annotated[
        str | None, typer.Option("--reranker", metavar="MODEL", help="A cross-encoder for /rerank and /search.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen at; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 for any that is free.")] = 8000,
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            "--api-key", envvar="SBERT_API_KEY", help="Asked of clients; may be repeated. Others can read it in ps."
        ),
    ] = None,
    max_batch_tokens: Annotated[
        int, typer.Option("--max-batch-tokens", min=1, help="Tokens that a model takes from what waits at a time.")
    ] = 8192,
    queue: Annotated[
        int, typer.Option("--queue", min=1, help="Tokens that may wait for a model; beyond, clients get a 429.")
    ] = 1 << 19,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.001, help="Seconds that an answer may take; then it is a 504.")
    ] = 60.0,
    max_items: Annotated[int, typer.Option("--max-items", min=1, help="Texts of a request; beyond, 413.")] = 2048,
    max_body: Annotated[int, typer.Option("--max-body", min=1, help="Bytes of a request; beyond, 413.")] = 16 << 20,
    log: Annotated[bool, typer.Option("--log/--no-log", help="A line of JSON for each request.")] = True,
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="A page for people at /, beside the routes for programs.")
    ] = True,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
) -> None:
    """Serve models over HTTP, as clients of OpenAI, Cohere, Jina and text-embeddings-inference ask for them.

    Requests that wait are read together. SIGTERM or Ctrl-C stops it when those that it took are answered. All routes
    are listed at /openapi.json.
    """
    from ..models import load
    from ..server import Limits, create_app

    limits = Limits(
        batch_tokens=max_batch_tokens, queue_tokens=queue, timeout=timeout, items=max_items, body_bytes=max_body
    )
    options: dict[str, Any] = {"dtype": dtype, "backend": backend, "device": device}
    loaded = {}
    for each in models:
        name, source = _name_and_source(each)
        model = load(source, on_truncation="ignore", **options)
        loaded[name or _own_name(model)] = model
    scorer = None if reranker is None else load_reranker(reranker, **options)
    opened = None if index is None else _opened(index, list(loaded.values()))
    app = create_app(loaded, index=opened, reranker=scorer, limits=limits, api_keys=api_key or (), page=page)
    for served in app.state.server.models:
        served.reader.warm()
        note(f"{served.kind}: {served.name} ({served.model.backend}, {served.model.dtype})")
    if not api_key and not _is_here(host):
        note(f"Anybody who reaches {host} may use it: no --api-key.")
    from ..server.run import run

    run(app, host, port, log=log, tell=note)


def _name_and_source(given: str) -> tuple[str | None, str]:
    """A model's name for clients, where one is given, and where it comes from."""
    name, equals, source = given.partition("=")
    return (name, source) if equals and name and not Path(given).exists() else (None, given)


def _own_name(model: Any) -> str:
    from ..server.served import own_name

    return own_name(model)


def _opened(path: Path, models: list[Any]) -> Index:
    """The index with its model, which is one of those that are served where it can be."""
    from ..index import Index

    index = Index.open(path)
    fingerprint = index.info().fingerprint
    shared = next((model for model in models if model.fingerprint == fingerprint), None)
    opened = index if shared is None else Index.open(path, shared)
    note(f"index: {path}, {len(opened):,} passages, {opened.model.spec.name}")
    return opened


def _is_here(host: str) -> bool:
    """Whether only programs of this machine reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
