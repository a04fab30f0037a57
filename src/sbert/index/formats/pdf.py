"""The text of a PDF, page by page."""

from __future__ import annotations

import io
import logging
from typing import Any

from ...errors import DataError, MissingDependencyError
from ..documents import Section


def pages(data: bytes, source: str) -> tuple[str, list[Section], str | None]:
    """The text of a PDF, its pages as sections whose heading is ``page`` and the number, and its title.

    Args:
        data: the file.
        source: its name, for messages.

    Raises:
        DataError: it is damaged, needs a password, or holds pictures of pages and no text.
        MissingDependencyError: PDFs are read with pypdf, which is an extra.
    """
    try:
        import pypdf
    except ImportError as error:
        raise MissingDependencyError("pypdf", f"read {source}, a PDF", "pdf") from error
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of every small fault that it mends
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DataError(f"{source} needs a password. Save it without one.")
        text, sections = "", []
        for number, page in enumerate(reader.pages, start=1):
            words = _without_surrogates(page.extract_text())
            if words.strip():
                sections.append(Section(len(text), len(text) + len(words), f"page {number}"))
                text += words + "\n"
        title = _title(reader)
    except DataError:
        raise
    except Exception as error:  # pypdf raises errors of many kinds on damaged files
        raise DataError(f"{source} is not a readable PDF ({type(error).__name__}: {error}).") from error
    if not sections:
        raise DataError(f"{source} holds no text, perhaps pictures of pages. Run it through text recognition first.")
    return text, sections, title


def _title(reader: Any) -> str | None:
    title = reader.metadata.title if reader.metadata else None
    return _without_surrogates(title).strip() or None if isinstance(title, str) else None


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
