"""int8: the linear layers of a network in whole numbers of one byte, found without training.

The steps, one file each: ``texts`` to calibrate on; ``observe`` what goes into each linear layer; ``search`` for the
scales that lose least; ``calibrate`` puts them together and measures what was lost; ``linears`` lowers the result;
``cache`` keeps it, and ``folder`` writes it as a model of its own.
"""

from .cache import int8_weights, kept_fidelity
from .calibrate import Quantized
from .fidelity import Fidelity
from .folder import store
from .linears import Int8Linears
from .texts import own_texts

__all__ = ["Fidelity", "Int8Linears", "Quantized", "int8_weights", "kept_fidelity", "own_texts", "store"]
