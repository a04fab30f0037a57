"""Ways to make training data where there is none, or not of the kind: one file each."""

from .multilingual import extend_vocabulary, translation_rows

__all__ = ["extend_vocabulary", "translation_rows"]
