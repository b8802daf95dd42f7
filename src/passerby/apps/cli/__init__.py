"""The command line: one file per command, contract in docs/reference/cli.md."""

from .app import main

__all__ = ["main"]
