"""What the server answers instead of a result: a status, a message that says what to do, and its type.

These errors never leave the server: the door turns each into a response, in OpenAI's form below ``/v1`` and in that of
text-embeddings-inference elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import InputError, SbertError


class Refusal(SbertError):  # noqa: N818  (not all are errors of somebody)
    """A request is not answered with a result.

    Args:
        message: what is wrong and what to do.
        field: of the request's body, where one is to blame.
    """

    status: ClassVar[int] = 400
    #: The type of the error in OpenAI's form, and in that of text-embeddings-inference.
    openai_type: ClassVar[str] = "invalid_request_error"
    tei_type: ClassVar[str] = "Validation"
    #: OpenAI's code; None for none.
    code: ClassVar[str | None] = None
    #: The status below /v1, where it is another.
    openai_status: ClassVar[int | None] = None

    def __init__(self, message: str, field: str | None = None) -> None:
        self.field = field
        super().__init__(message)

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the response."""
        return {}

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """The status and the body for a path.

        Args:
            path: that was asked for.
        """
        if not path.startswith("/v1"):
            return self.status, {"error": str(self), "error_type": self.tei_type}
        error = {"message": str(self), "type": self.openai_type, "param": self.field, "code": self.code}
        return self.openai_status or self.status, {"error": error}


class Malformed(Refusal):
    """The body is no JSON."""


class WrongField(Refusal):
    """The body does not have the form that the route reads."""

    status, openai_status = 422, 400


class Unauthorized(Refusal):
    """No key, or one that is not known."""

    status, code, tei_type = 401, "invalid_api_key", "Unauthorized"

    @property
    def headers(self) -> Mapping[str, str]:  # noqa: D102
        return {"WWW-Authenticate": "Bearer"}


class NotHere(Refusal):
    """There is no such model or route."""

    status, code, tei_type = 404, "not_found", "NotFound"


class NoSuchModel(NotHere):
    """There is no such model."""

    code = "model_not_found"


class WrongMethod(Refusal):
    """The route is there for another method."""

    status, code = 405, "method_not_allowed"


class SlowBody(Refusal):
    """The body did not come in time."""

    status, code, tei_type = 408, "body_timeout", "Timeout"


class TooLarge(Refusal):
    """More than the server takes in one request."""

    status, code = 413, "too_large"


class Overloaded(Refusal):
    """There is enough to do already.

    Args:
        message: of what.
        seconds: after which to come again.
    """

    status, code, openai_type, tei_type = 429, "overloaded", "rate_limit_error", "Overloaded"

    def __init__(self, message: str, seconds: float = 1.0) -> None:
        self.retry_after = max(1, math.ceil(seconds))
        super().__init__(f"{message} Try again in {self.retry_after} s.")

    @property
    def headers(self) -> Mapping[str, str]:  # noqa: D102
        return {"Retry-After": str(self.retry_after)}


class Failed(Refusal):
    """The server's own fault; what happened is in its log."""

    status, code, openai_type, tei_type = 500, "failed", "server_error", "Backend"


class Stopping(Refusal):
    """The server takes nothing new."""

    status, code, openai_type, tei_type = 503, "stopping", "server_error", "Unhealthy"

    @property
    def headers(self) -> Mapping[str, str]:  # noqa: D102
        return {"Retry-After": "1", "Connection": "close"}


class TimedOut(Refusal):
    """It took too long."""

    status, code, openai_type, tei_type = 504, "timeout", "server_error", "Timeout"


class ClientGone(Refusal):
    """Nobody is there any more to read the answer; the status stands in logs alone."""

    status, code, tei_type = 499, "client_gone", "Cancelled"


def as_refusal(error: Exception) -> Refusal:
    """What clients are told of an error: of their own faults all, of the server's that there was one."""
    if isinstance(error, Refusal):
        return error
    return WrongField(str(error)) if isinstance(error, InputError) else Failed("The server failed. Its log has more.")
