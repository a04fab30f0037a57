"""Queries and documents: the two kinds of texts that a search compares, which a model may read differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .prompts import document_prompt_name

#: What texts are encoded for.
QUERY, DOCUMENT = "query", "document"


class QueriesAndDocuments:
    """The methods of models that encode queries and documents, each with its prompt."""

    prompts: dict[str, str]

    #: Maps texts to vectors, as each family does.
    encode: Callable[..., Any]

    def encode_query(
        self, inputs: Any = None, prompt_name: str | None = None, prompt: str | None = None, **options: Any
    ) -> Any:
        """Map search queries to vectors: :meth:`encode` with the model's prompt for queries, where it has one."""
        if prompt is None and prompt_name is None:
            prompt_name = QUERY
        return self.encode(inputs, prompt_name, prompt, **{"task": QUERY, **options})

    def encode_document(
        self, inputs: Any = None, prompt_name: str | None = None, prompt: str | None = None, **options: Any
    ) -> Any:
        """Map documents to vectors: :meth:`encode` with the model's prompt for documents, where it has one.

        That prompt may be called ``document``, ``passage`` or ``corpus``; the first that has a text is used.
        """
        if prompt is None and prompt_name is None:
            prompt_name = document_prompt_name(self.prompts)
        return self.encode(inputs, prompt_name, prompt, **{"task": DOCUMENT, **options})
