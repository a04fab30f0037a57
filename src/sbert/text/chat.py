"""Pairs as a chat: what a language model is asked about a query and a document, by its folder's template."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..checkpoints.modules.chat_template import STRUCTURED, template_source
from ..errors import InputError, MissingDependencyError
from ..process import WORK
from .tokenizer import FastTokenizer, TextOrPair, Tokenizer
from .tokens import Tokens

#: How often a document is cut before it fits: where a cut makes other tokens of the words beside it.
_TRIES = 8


@dataclass(frozen=True)
class ChatTemplate:
    """How a conversation becomes a text.

    Args:
        source: the template, in Jinja.
        parts: whether the content of messages is a list of parts; otherwise it is the text.
        variables: values that it may use, special tokens among them.
    """

    source: str
    parts: bool
    variables: Mapping[str, Any] = field(default_factory=dict)

    def rendered(self, query: str, document: str, system: str = "") -> str:
        """The text of a conversation about a pair.

        Args:
            query: the first text.
            document: the second.
            system: what stands in front; empty for nothing.

        Raises:
            InputError: the template takes no such conversation.
            MissingDependencyError: Jinja is not installed.
        """
        messages = [("system", system)] * bool(system) + [("query", query), ("document", document)]
        content = [
            {"role": role, "content": [{"type": "text", "text": text}] if self.parts else text}
            for role, text in messages
        ]
        try:
            from jinja2 import TemplateError
        except ImportError as error:
            raise MissingDependencyError("jinja2", "ask a language model", "torch") from error
        try:
            text: str = _environment().from_string(self.source).render(messages=content, **self.variables)
        except (TemplateError, TypeError, ValueError, KeyError) as error:
            raise InputError(f"The model's chat template cannot ask about a query and a document: {error}") from error
        return text

    def check(self) -> None:
        """Refuse a template that leaves out what it is asked about.

        Raises:
            InputError: it does.
        """
        plain = self.rendered("one", "two")
        for name, other in (("query", self.rendered("three", "two")), ("document", self.rendered("one", "three"))):
            if other == plain:
                raise InputError(
                    f"The model's chat template leaves out the {name}: it must render messages of the roles 'query' "
                    "and 'document'. Put one that does into chat_template.jinja."
                )


def read_chat_template(folder: Path, form: str, variables: Mapping[str, Any]) -> ChatTemplate | None:
    """The chat template of a folder; None where it has none.

    Args:
        folder: the model's.
        form: ``structured`` where messages have parts, ``flat`` where they do not.
        variables: values for it.

    Raises:
        InputError: it cannot ask about a pair.
        CorruptCheckpointError: a file is damaged.
    """
    source, tokens = template_source(folder)
    if source is None:
        return None
    template = ChatTemplate(source, form == STRUCTURED, {"add_generation_prompt": False, **tokens, **variables})
    template.check()
    return template


class ChatTokenizer(FastTokenizer):
    """A tokenizer of pairs, each of which becomes a conversation; of a long one, the end of the document is cut.

    Args:
        backend: a ``tokenizers.Tokenizer``.
        max_length: number of tokens kept of a conversation; None for all.
        pad_id: number of the padding token.
        template: makes a text of a pair.
        system: what stands in front of each; empty for nothing.
    """

    def __init__(
        self, backend: Any, max_length: int | None, pad_id: int, template: ChatTemplate, system: str = ""
    ) -> None:
        super().__init__(backend, None, pad_id)
        self.max_length = max_length
        self.template, self.system = template, system

    def with_max_length(self, max_length: int | None) -> ChatTokenizer:  # noqa: D102
        return ChatTokenizer(copy.deepcopy(self.backend), max_length, self.pad_id, self.template, self.system)

    def with_backend(self, backend: Any) -> ChatTokenizer:  # noqa: D102
        return ChatTokenizer(copy.deepcopy(backend), self.max_length, self.pad_id, self.template, self.system)

    def with_system(self, system: str) -> ChatTokenizer:
        """The same with another text in front of each conversation."""
        return ChatTokenizer(self.backend, self.max_length, self.pad_id, self.template, system)

    def serialized(self) -> str:  # noqa: D102
        return json.dumps([super().serialized(), self.template.source, self.template.parts], sort_keys=True)

    def batch(self, texts: Sequence[TextOrPair]) -> Tokens:  # noqa: D102
        pairs = [_pair(text) for text in texts]
        with WORK.shared():
            rendered = [self.template.rendered(*pair, self.system) for pair in pairs]
            rows = [encoding.ids for encoding in self._encoded(rendered)]
            dropped = np.zeros(len(rows), np.int64)
            for place, row in enumerate(rows):
                if self.max_length is not None and len(row) > self.max_length:
                    rows[place] = self._cut(pairs[place], len(row), self.max_length)
                    dropped[place] = len(row) - len(rows[place])
        return Tokens.of(rows, None, dropped)

    def _cut(self, pair: tuple[str, str], length: int, most: int) -> list[int]:
        """The tokens of a conversation about less of a document, and where that is not enough, less of a query."""
        query, document = pair
        for _ in range(_TRIES):
            for text in (document, query):
                ends = [end for _, end in self._encoded([text])[0].offsets]
                if ends:
                    kept = len(ends) - (length - most)
                    shorter = text[: ends[kept - 1]] if kept > 0 else ""
                    break
            else:
                break
            query, document = (query, shorter) if text is document and document else (shorter, document)
            row: list[int] = self._encoded([self.template.rendered(query, document, self.system)])[0].ids
            length = len(row)
            if length <= most:
                return row
        raise InputError(
            f"max_length={most} leaves no room for the template's own words: they are {length} tokens. Raise it."
        )

    def _encoded(self, texts: list[str]) -> list[Any]:
        # The template has the special tokens where they belong.
        found: list[Any] = self.backend.encode_batch(texts, add_special_tokens=False)
        return found


def chat_tokenizer(plain: Tokenizer, template: ChatTemplate) -> ChatTokenizer:
    """A tokenizer of pairs as conversations, of one of texts.

    Raises:
        InputError: that is not one of the ``tokenizers`` library.
    """
    if not isinstance(plain, FastTokenizer):
        raise InputError("A language model that scores pairs needs a tokenizer.json in its folder.")
    return ChatTokenizer(plain.backend, plain.max_length, plain.pad_id, template)


def _pair(text: TextOrPair) -> tuple[str, str]:
    if isinstance(text, str):
        raise InputError(f"A language model scores pairs of texts; got one text: {text[:60]!r}.")
    return text


def _environment() -> Any:
    """Where templates run: Jinja's sandbox, which reaches nothing of the program."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refused
    environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    return environment


def _refused(message: str) -> str:
    raise ValueError(message)
