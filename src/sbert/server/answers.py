"""Results as responses."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from starlette.responses import Response

from ..types import AnyArray

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def as_json(value: Any) -> bytes:
    """A value as JSON. Rows of float32 are written with as few digits as tell them apart, so nothing is lost."""
    return orjson.dumps(value, default=str, option=_OPTIONS)


def answer(value: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """A response of JSON."""
    return Response(as_json(value), status, headers, media_type="application/json")


def truncation_headers(truncated: int, items: int) -> dict[str, str]:
    """What tells clients that the model did not read all: ``X-Truncated: 2 of 10``; nothing where it did."""
    return {"X-Truncated": f"{truncated} of {items}"} if truncated else {}


def as_base64(row: AnyArray) -> str:
    """A vector as OpenAI's clients read it: float32, the lowest byte first."""
    return base64.b64encode(np.ascontiguousarray(row, dtype="<f4").tobytes()).decode("ascii")
