"""What a transport stream carries besides pictures and sound, by the numbers of its packets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SYNC: Final = 0x47
_SIZES: Final = (188, 192, 204)
_LOOKED_AT: Final = 4 << 20  # bytes; tables are repeated several times a second
_KINDS: Final = {0x10: "broadcast tables", 0x11: "service names", 0x12: "programme guide",
                 0x14: "broadcast time"}  # fmt: skip


def ts_kinds(path: Path) -> list[str]:
    """The tables at the start of the stream at `path` that name who sends what, where and when."""
    with path.open("rb") as file:
        data = file.read(_LOOKED_AT)
    for size in _SIZES:
        for first in range(min(size, len(data))):
            heads = range(first, min(len(data) - 2, first + 20 * size), size)
            if all(data[at] == _SYNC for at in heads) and len(heads) > 1:
                places = range(first, len(data) - 2, size)
                numbers = {(data[at + 1] & 0x1F) << 8 | data[at + 2] for at in places}
                return [kind for number, kind in _KINDS.items() if number in numbers]
    return []
