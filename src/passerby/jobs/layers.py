"""Settings over settings: a policy, a file, the command line, each over the one before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

ADD_UP: Final = ("zone", "time")  # what is asked for again is hidden besides


def laid(
    below: Mapping[str, Any], above: Mapping[str, Any], kinds: Iterable[str]
) -> dict[str, Any]:
    """`above` wins, but zones and times add up, and of sizes and detectors, which are told kind by
    kind, those of kinds that `above` does not name stay. One number is the size of all `kinds`.
    What has a wrong form is left as it is, to be refused."""
    both = {**below, **above}
    for key in below.keys() & above.keys():
        under, over = below[key], above[key]
        if key in ADD_UP and _lists(under, over):
            both[key] = [*under, *over]
        elif key == "detector" and _lists(under, over):
            told = {_kind(text) for text in over}
            both[key] = [*(text for text in under if _kind(text) not in told), *over]
        elif key == "smallest" and isinstance(over, dict):
            every = dict.fromkeys(kinds, under) if isinstance(under, int | float) else under
            both[key] = {**every, **over} if isinstance(every, dict) else over
    return both


def _lists(*given: Any) -> bool:
    return all(isinstance(some, list | tuple) for some in given)


def _kind(detector: Any) -> str:
    """``faces=NAME:FILE`` -> ``faces``."""
    return str(detector).partition("=")[0]
