"""sentence-transformers behind FastAPI, as its users write it: a route that encodes what one request brings."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

folder, port = sys.argv[1], int(sys.argv[2])
app = FastAPI()
model = SentenceTransformer(folder, device="cpu")


class Embeddings(BaseModel):
    """What a request brings."""

    input: list[str]


@app.post("/v1/embeddings")
def embeddings(request: Embeddings) -> dict[str, Any]:
    """A function that is not async runs in one of FastAPI's threads, so the server answers meanwhile."""
    vectors = model.encode(request.input, show_progress_bar=False)
    return {"data": [{"index": place, "embedding": vector.tolist()} for place, vector in enumerate(vectors)]}


@app.get("/health")
async def health() -> dict[str, str]:
    """That it lives."""
    return {"status": "ok"}


uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
