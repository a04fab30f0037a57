"""An index and tables of others: Parquet files and Lance datasets, written and read a batch at a time.

::

    stream.py    the rows of one version of an index, batch after batch
    facts.py     what an exported table says of itself
    tables.py    a Parquet file or a Lance dataset, opened and read
    export.py    an index written as a table
    ours.py      a table that an index was exported to, as rows of an index
    foreign.py   a table that others made, as rows of an index
    known.py     which rows are there already, in 16 bytes each
"""

from __future__ import annotations
