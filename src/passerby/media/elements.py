"""What a Matroska file says of Dolby Vision, which it keeps as a mapping of a track's additions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from .boxes import ALONE

_LOOKED_AT: Final = 1 << 20  # bytes; tracks come before the first picture
# What kind of addition it is, four letters; then, not far off, the record itself.
_KIND: Final = re.compile(rb"\x41\xe7\x84dv[cvw]C")
_RECORD: Final = re.compile(rb"\x41\xed(?:[\x85-\xfe]|[\x40-\x7f].)(.{5})", re.DOTALL)
_NEARBY: Final = 256


def mkv_kinds(path: Path) -> list[str]:
    """As `iso_kinds` does it for an MP4."""
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
    found = []
    for kind in _KIND.finditer(head):
        found.append("Dolby Vision")
        near = head[max(0, kind.start() - _NEARBY) : kind.end() + _NEARBY]
        records = [r[1] for r in _RECORD.finditer(near)]
        # Version 1, and a base picture that fits nothing else.
        if any(record[0] == 1 and record[4] >> 4 == 0 for record in records):
            found.append(ALONE)
    return found
