"""The index of a folder, kept beside it, so that the folder can be searched as it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.beside import cache_places
from ..errors import OtherModelError, StoredIndexError
from .formats import FileDocuments
from .index import Index
from .sync import Changes

if TYPE_CHECKING:
    from ..models.sentence_transformer import SentenceTransformer


def folder_index(
    model: SentenceTransformer, folder: str | os.PathLike[str], column: str | None = None
) -> tuple[Index, Changes]:
    """The index of a folder's documents with a model, brought in step with them.

    It is kept in ``<folder>.sbert-cache/``, one for each model, or where that may not be written in sbert's own cache
    folder. One that cannot be read is made anew: all that it holds is derived. Files that cannot be read are left out.

    Args:
        model: whose vectors.
        folder: of documents.
        column: of tables, the column of texts.

    Returns:
        The index, and what changed in it.

    Raises:
        DataError: nothing in the folder can be read.
        StoredIndexError: no place takes an index.
    """
    images = model.spec.input.reads_images
    documents = FileDocuments(Path(folder), column=column, on_bad_file="skip", images=images)
    problems = []
    for place in cache_places(folder):
        path = place / f"{model.fingerprint[:16]}.lance"
        try:
            place.mkdir(parents=True, exist_ok=True)
            if not os.access(place, os.W_OK):
                raise PermissionError(13, "not writable")
            index = _made(path, model)
        except (OSError, StoredIndexError) as error:
            problems.append(f"{path} cannot be made ({error})")
            continue
        return index, index.sync(documents)
    raise StoredIndexError(f"The index of {folder} cannot be kept: {'; '.join(problems)}.")


def _made(path: Path, model: SentenceTransformer) -> Index:
    try:
        return Index.create(path, model, exist_ok=True)
    except OtherModelError:
        raise
    except StoredIndexError:
        if not path.is_dir():
            raise
        shutil.rmtree(path)
        return Index.create(path, model, exist_ok=True)
