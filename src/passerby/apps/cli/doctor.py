"""What is installed: models and their hashes, codecs, accelerators. Works offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .options import JsonOption
from .outcome import DONE, FAILED
from .terminal import plain, put


def doctor(json: JsonOption = False) -> int:
    from ... import jobs

    found = jobs.doctor()
    code = DONE if found.healthy else FAILED
    if json:
        put({"passerby": "doctor/1", "exit": code, **found.as_dict()})
    else:
        print("\n".join(plain(line) for line in outline(found.as_dict())), flush=True)
    return code


def outline(facts: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Nested facts as indented lines, in the order in which they come."""
    indent = "  " * depth
    for name, value in facts.items():
        rows = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(row, Mapping) for row in rows):
            yield f"{indent}{name}"
            for row in rows:
                yield from outline(row, depth + 1)
        else:
            yield f"{indent}{name}: {', '.join(map(said, rows)) or 'none'}"


def said(value: object) -> str:
    """Yes and no for people."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
