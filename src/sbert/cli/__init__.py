"""The ``sbert`` command: doors that parse, call one function and print.

Nothing heavy is imported before a command needs it, so that ``sbert --help`` answers at once.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command."""
    try:
        from .app import app

        app(prog_name="sbert")
    except KeyboardInterrupt:  # pressed before or after the time in which the commands look after it
        sys.exit(130)
