"""Where a model comes from and how its folder is read and written.

``resolve`` turns a name into a folder, ``read`` a folder into a :class:`ModelSpec`, ``write`` one back into a folder.
"""

from .read import read
from .resolve import Resolved, resolve
from .spec import ModelSpec
from .write import write

__all__ = ["ModelSpec", "Resolved", "read", "resolve", "write"]
