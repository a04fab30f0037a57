"""Readers of files as documents: plain text, Markdown, HTML, PDF, and tables with a document a row."""

from __future__ import annotations

from .files import FileDocuments, find_documents, read_documents

__all__ = ["FileDocuments", "find_documents", "read_documents"]
