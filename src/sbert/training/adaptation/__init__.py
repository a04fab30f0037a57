"""Ways to make training data where there is none, or not of the kind, and smaller or wider models: one file each."""

from .alignment import align_to_teacher
from .augmented import silver_pairs
from .gpl import gpl_rows
from .layers import drop_layers
from .multilingual import extend_vocabulary, translation_rows

__all__ = ["align_to_teacher", "drop_layers", "extend_vocabulary", "gpl_rows", "silver_pairs", "translation_rows"]
