"""For the site: docstrings are written to be read in an editor; roles and examples become what Markdown shows well."""

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr|exc):`~?(?:[\w.]*\.)?(\w+)`")
_EXAMPLE = re.compile(r"(?:^|(?<=\n\n))(>>> .*?)(?=\n\n|\Z)", re.DOTALL)


def as_markdown(text: str) -> str:
    """A docstring with roles as code, and examples in fences.

    >>> as_markdown("See :class:`~sbert.losses.FlopsLoss`.")
    'See `FlopsLoss`.'
    """
    text = _ROLE.sub(r"`\1`", text)
    return _EXAMPLE.sub(r"```python\n\1\n```", text)


class Docstrings(griffe.Extension):
    """Rewrites each docstring before it is parsed."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Of an object that was read."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
