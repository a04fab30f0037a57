"""A table kept in order: its pieces put together, its indexes made when it is large enough, and up to date."""

from __future__ import annotations

from datetime import timedelta

from ..errors import StoredIndexError
from .lance import committed, is_conflict
from .lookups import index_name, make_lookups
from .schema import PASSAGE
from .store import Store
from .words import words_config

#: Older versions are kept for so long; then the files that only they need are removed.
KEPT = timedelta(days=7)
#: Small pieces of the table from which on they are put together: each search opens every one. Pieces of a million rows
#: stay as they are, and large tables have many.
_PIECES = 16
#: Passages that text search reads one by one before they are taken into the index of words.
_UNREAD = 1000


class Upkeep:
    """Sees to the table of an index.

    Args:
        store: the table.
        language: whose words text search stems.
    """

    def __init__(self, store: Store, language: str) -> None:
        self._store, self._language = store, language

    def optimize(self, keep: timedelta = KEPT) -> None:
        """Put small files together, take new rows into the indexes, and remove what only old versions need.

        Args:
            keep: how long older versions are kept.
        """
        try:
            table = self._store.table
            committed(table, lambda: table.optimize(cleanup_older_than=keep), "be put in order", attempts=3)
        except StoredIndexError as error:
            # Only the order of things: other writers, who are at work, will see to it.
            if error.__cause__ is None or not is_conflict(error.__cause__):
                raise

    def settle(self) -> None:
        """Do what a change has made worth doing."""
        pieces = self._store.table.stats()["fragment_stats"]["num_small_fragments"]
        if pieces >= _PIECES or self._unread() >= _UNREAD:
            self.tidy()

    def tidy(self) -> None:
        """Put the table in order, with the indexes that it should have by its size."""
        make_lookups(self._store.table, self._store.count())
        self.optimize()

    def make_words(self) -> None:
        """Make the index of words, if there is none: a process may have been killed before it was made."""
        table = self._store.table
        if index_name(table, PASSAGE) is None:
            config = words_config(self._language)
            committed(table, lambda: table.create_index(PASSAGE, config=config), "index words")

    def _unread(self) -> int:
        """Passages that the index of words does not know yet: text search reads them one by one."""
        name = index_name(self._store.table, PASSAGE)
        stats = None if name is None else self._store.table.index_stats(name)
        return 0 if stats is None else int(stats.num_unindexed_rows)
