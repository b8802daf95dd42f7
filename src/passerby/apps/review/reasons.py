"""Why a moment is in doubt, as something that the page can say in its reader's language."""

from __future__ import annotations

import re
from typing import Any, Final

_NUMBER: Final = r"(\d+(?:\.\d+)?)"
_SAID: Final = {
    key: re.compile(pattern)
    for key, pattern in {
        "faint": rf"never seen well: the best score is {_NUMBER}",
        "once": "seen in one frame only",
        "small": rf"{_NUMBER} px high; nothing below {_NUMBER} px was searched for",
        "carried": rf"carried for {_NUMBER} s without being seen",
        "before": "the last frame before what seems to be a cut",
        "after": "the first frame after what seems to be a cut",
        "begins": r"hidden only from the next frame on: was it there before\?",
        "ends": r"no longer hidden from this frame on: is it still there\?",
        "between": rf"one track ends and {_NUMBER} s later another begins near it",
        "crosses": rf"crosses track {_NUMBER} while one of them is not seen",
        "kept": "left bare on purpose, by an edit",
        "edit": "hidden by an edit: no track follows it",
    }.items()
}


def told(reason: str) -> dict[str, Any]:
    """`key` of the page's catalogue (after ``doubt.``), with the numbers `a` and `b` that belong
    into it; or `text` as it is, where the catalogue has no words for it."""
    for key, pattern in _SAID.items():
        found = pattern.fullmatch(reason)
        if found:
            return {"key": key, **dict(zip("ab", found.groups(), strict=False))}
    return {"text": reason}
