"""How far an upload is, and of whose vectors: a note that the collection itself keeps.

It is in the collection and not beside the index, so that it goes when the collection goes, and any machine finds it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

#: Of what is kept. A reader takes what is newer for nothing.
FORM = 1


@dataclass(frozen=True)
class Record:
    """An upload.

    Attributes:
        model: whose vectors these are, by name.
        fingerprint: of that model.
        version: of the index.
        time: at which that version was made; with its number it tells indexes apart.
        where: the condition that its passages meet; None for all.
        read: passages of the index that were looked at.
        written: of these, that are in the collection: the others have no vector.
        complete: whether that was all.
        form: of what is kept.
    """

    model: str
    fingerprint: str
    version: int
    time: str
    where: str | None
    read: int = 0
    written: int = 0
    complete: bool = False
    form: int = FORM

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def read_from(cls, text: str | None) -> Record | None:
        """The record that a collection keeps; None where it keeps none, or none that is understood."""
        if text is None:
            return None
        try:
            found = cls(**json.loads(text))
        except (ValueError, TypeError):
            return None
        return found if found.form == FORM else None

    def is_same_job(self, other: Record) -> bool:
        """Whether the same passages were to be uploaded."""
        return (self.version, self.time, self.where, self.fingerprint) == (
            other.version,
            other.time,
            other.where,
            other.fingerprint,
        )
