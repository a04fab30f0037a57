"""Documents on disk that are embedded once and searched at any time: the lasting index, on LanceDB."""

from __future__ import annotations

from .contents import Contents
from .documents import Document, Section
from .formats import FileDocuments
from .hits import Hit
from .imports import Imported, import_table
from .index import Index
from .info import Info, Version
from .sync import Changes

__all__ = [
    "Changes",
    "Contents",
    "Document",
    "FileDocuments",
    "Hit",
    "Imported",
    "Index",
    "Info",
    "Section",
    "Version",
    "import_table",
]
