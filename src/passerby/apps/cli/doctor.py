"""What is installed: models and their hashes, codecs, accelerators. Works offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .options import JsonOption
from .outcome import DONE
from .terminal import plain, put


def doctor(json: JsonOption = False) -> int:
    from ... import jobs

    found = jobs.doctor()
    facts = found.as_dict()
    if json:
        put({"passerby": "doctor/1", "exit": DONE, **facts})
    else:
        for line in outline(facts):
            print(plain(line))
    return DONE


def outline(facts: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Nested facts as indented lines, in the order in which they come."""
    indent = "  " * depth
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}"
            yield from outline(value, depth + 1)
        elif isinstance(value, list | tuple) and any(isinstance(v, Mapping) for v in value):
            yield f"{indent}{name}"
            for row in value:
                yield from outline(row, depth + 1)
        elif isinstance(value, list | tuple):
            yield f"{indent}{name}: {', '.join(map(str, value)) or 'none'}"
        else:
            yield f"{indent}{name}: {value}"
