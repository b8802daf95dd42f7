"""GIF: blocks against what a picture needs, and no byte behind the coded pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .bytes import Data, finding, printable, whole
from .findings import Finding

IMAGE, MORE, END = 0x2C, 0x21, 0x3B
CONTROL, PROGRAM = 0xF9, 0xFF
LOOP: Final = b"NETSCAPE2.0"
WIDEST: Final = 12  # bits of a code
AT_ONCE: Final = 4096  # codes; most tables are cleared before
NAMES: Final = {0xFE: "a comment", 0x01: "a text"}


def walk_gif(data: Data) -> Iterator[Finding]:
    at = 13 + _table(whole(data, 10, 11)[0])
    while True:
        kind = whole(data, at, at + 1)[0]
        if kind == END:
            if at + 1 < len(data):
                yield finding("trailing", "bytes after the end of the picture", at + 1)
            return
        if kind == IMAGE:
            begun = at
            at += 10 + _table(whole(data, at + 9, at + 10)[0])
            bits = whole(data, at, at + 1)[0]
            coded, at = _blocks(data, at + 1)
            if not 2 <= bits <= 8 or not _ends(coded, bits):
                yield finding("hidden", "bytes behind the pixels, inside their blocks", begun)
        elif kind == MORE:
            begun, label = at, whole(data, at + 1, at + 2)[0]
            body, at = _blocks(data, at + 2)
            yield from _extension(label, body, begun)
        else:
            raise ValueError("no block of a GIF")


def _extension(label: int, body: bytes, at: int) -> Iterator[Finding]:
    if label == CONTROL:
        if len(body) != 4:
            yield finding("hidden", "more in a control block than it needs", at)
    elif label == PROGRAM and body.startswith(LOOP):
        if len(body) != len(LOOP) + 3 or body[len(LOOP)] != 1:
            yield finding("hidden", "more in the loop block than a number", at)
    elif label == PROGRAM:
        yield finding("metadata", f"GIF block {printable(body[:11])}", at)
    else:
        yield finding("metadata", NAMES.get(label, f"GIF block {label:02X}"), at)


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(data: Data, at: int) -> tuple[bytes, int]:
    """A row of sub-blocks put together, and where it ends."""
    parts = []
    while size := whole(data, at, at + 1)[0]:
        parts.append(whole(data, at + 1, at + 1 + size))
        at += 1 + size
    return b"".join(parts), at + 1


def _ends(coded: bytes, bits: int) -> bool:
    """Does the last byte of the codes hold the end code, and nothing but zeros behind it?

    Codes grow wider as their table fills, which depends on their number alone, so whole runs of
    one width are read at once and only searched for the two codes that mean something else.
    """
    stream = np.unpackbits(np.frombuffer(coded, np.uint8), bitorder="little")
    clear, at, width = 1 << bits, 0, bits + 1
    left = clear - 1
    while at + width <= len(stream):
        count = (len(stream) - at) // width
        count = min(count, AT_ONCE if width == WIDEST else left)
        codes = _codes(stream[at : at + count * width], width)
        marks = np.flatnonzero((codes == clear) | (codes == clear + 1))
        if not len(marks):
            at += count * width
            left -= count
            if left <= 0 and width < WIDEST:
                width += 1
                left = 1 << (width - 1)
            continue
        first = int(marks[0])
        at += (first + 1) * width
        if codes[first] == clear + 1:
            rest = stream[at:]
            return len(rest) < 8 and not rest.any()
        width, left = bits + 1, clear - 1
    return False


def _codes(stream: NDArray[np.uint8], width: int) -> NDArray[np.int64]:
    weights = 1 << np.arange(width, dtype=np.int64)
    codes: NDArray[np.int64] = stream.reshape(-1, width).astype(np.int64) @ weights
    return codes
