"""CBOR, as far as C2PA writes it (RFC 8949): one value from some bytes, and not a byte more."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

DEEPEST: Final = 12
_FLOATS: Final = {25: ">e", 26: ">f", 27: ">d"}
_PLAIN: Final = {20: False, 21: True, 22: None}


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value and the number that says what it means."""

    tag: int
    value: Any


def decoded(data: bytes) -> Any:
    """The one value in `data`; ValueError for anything else."""
    value, at = _value(data, 0, 0)
    if at != len(data):
        raise ValueError("bytes behind a value")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > DEEPEST:
        raise ValueError("values too deep in each other")
    kind, short = divmod(_taken(data, at, 1)[0], 32)
    at += 1
    if kind == 7 and short in _FLOATS:
        size = 1 << (short - 24)
        return struct.unpack(_FLOATS[short], _taken(data, at, size))[0], at + size
    if kind == 7:
        if short not in _PLAIN:
            raise ValueError("a simple value of no known meaning")
        return _PLAIN[short], at
    number, at = _number(data, at, short)
    match kind:
        case 0:
            return number, at
        case 1:
            return -1 - number, at
        case 2:
            return _taken(data, at, number), at + number
        case 3:
            return _taken(data, at, number).decode(), at + number
        case 4:
            items = []
            for _ in range(number):
                item, at = _value(data, at, depth + 1)
                items.append(item)
            return items, at
        case 5:
            return _map(data, at, number, depth)
        case _:
            value, at = _value(data, at, depth + 1)
            return Tagged(number, value), at


def _map(data: bytes, at: int, number: int, depth: int) -> tuple[dict[int | str, Any], int]:
    found: dict[int | str, Any] = {}
    for _ in range(number):
        key, at = _value(data, at, depth + 1)
        if not isinstance(key, int | str) or key in found:
            raise ValueError("a key that is no name, or is there twice")
        found[key], at = _value(data, at, depth + 1)
    return found, at


def _number(data: bytes, at: int, short: int) -> tuple[int, int]:
    if short < 24:
        return short, at
    if short > 27:
        raise ValueError("a length that is not said")
    size = 1 << (short - 24)
    return int.from_bytes(_taken(data, at, size), "big"), at + size


def _taken(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise ValueError("a value that ends too soon")
    return data[at : at + size]
