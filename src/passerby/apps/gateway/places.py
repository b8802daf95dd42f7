"""Where in a TOML file something is said, so that an error can name its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_BARE: Final = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_NAME: Final = rf"{_BARE}(?:\s*\.\s*{_BARE})*"
_TABLE: Final = re.compile(rf"\s*\[\s*({_NAME})\s*\]")
_KEY: Final = re.compile(rf"\s*({_NAME})\s*=")


def line_of(text: str, place: Sequence[str | int]) -> int | None:
    """The line, from 1, that says what is at `place`, or the nearest line above it in the tree.

    `place`: names of tables and keys from the outside in; numbers of list items are passed over.
    """
    wanted = [str(part) for part in place if not isinstance(part, int)]
    best, where = 0, None
    for number, found in _said(text):
        depth = len(found)
        if best < depth <= len(wanted) and found == wanted[:depth]:
            best, where = depth, number
    return where


def _said(text: str) -> Iterator[tuple[int, list[str]]]:
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            table = _parts(header[1])
            yield number, table
        elif key := _KEY.match(line):
            yield number, [*table, *_parts(key[1])]


def _parts(name: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_BARE, name)]
