"""Vector databases: the passages of an index put into one, with their vectors, and kept up with it.

::

    target.py        the address of a database, and how it is shown without its password
    base.py          what a collection of any database does, and the boundary to their clients
    choose.py        the kind of database that an address names
    qdrant.py, milvus.py, pgvector.py, opensearch.py     one database each, through its own client
    rows.py          passages as databases take them
    record.py        how far an upload is, kept by the collection itself
    uploading.py     an index uploaded: begun, gone on with, checked

A database is added by one file with a class that does what :class:`Collection` says, one line in ``choose.py``, and one
in the tests' list: the conformance suite then holds for it.
"""

from __future__ import annotations

from .base import Collection, Description
from .choose import open_collection
from .rows import Rows
from .uploading import Uploaded, upload

__all__ = ["Collection", "Description", "Rows", "Uploaded", "open_collection", "upload"]
