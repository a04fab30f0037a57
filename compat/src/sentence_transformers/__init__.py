"""sbert under the names of sentence-transformers.

Nothing is computed here: every name forwards to ``sbert``, and small classes put back what sbert does otherwise on
purpose (:mod:`._models`, :mod:`._util`). What there is stands in :mod:`._table`; what is not there says what to use
instead. Importing this loads nothing heavy.
"""

from __future__ import annotations

import sys

from ._forwarding import install
from ._version import VERSION

#: Libraries compare it.
__version__ = VERSION
#: The organisation on the hub whose models may be named without it.
__MODEL_HUB_ORGANIZATION__ = "sentence-transformers"

install(sys.modules[__name__])
