"""Which version of sentence-transformers' names this is, for libraries that compare it; and our own."""

#: The version of sbert-compat.
DISTRIBUTION = "0.1.0"

#: The names, arguments and defaults are those of 6.2.0; the label after the plus says that this is not the original.
VERSION = "6.2.0+sbert"
