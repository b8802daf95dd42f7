"""Plans as text for people and for `git diff`: fixed order, one track key and one edit a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from .document import Document, KeyRow, TrackRows


def text_of(document: Document) -> str:
    """The whole document, ending in a newline. The same document gives the same text."""
    return head_of(document) + tail_of(document)


def head_of(document: Document) -> str:
    """All but the edits, which are the one part that changes while somebody reviews a plan."""
    return "".join(_parts(document))


def tail_of(document: Document) -> str:
    """The edits, and the end."""
    return f' "edits": {_lines([_line(_plain(e)) for e in document.edits])}\n}}\n'


def _parts(document: Document) -> Iterator[str]:
    yield "{\n"
    yield f' "passerby": {_line(document.passerby)},\n'
    yield f' "media": {_block(document.media)},\n'
    yield f' "made_by": {_line(_plain(document.made_by))},\n'
    yield f' "settings": {_block(document.settings)},\n'
    yield f' "policy": {_block(document.policy)},\n'
    yield f' "detectors": {_lines([_line(_plain(d)) for d in document.detectors])},\n'
    yield ' "tracks": ['
    for number, track in enumerate(document.tracks):
        yield "\n" if number == 0 else ",\n"
        yield from _track(track)
    yield "\n ],\n" if document.tracks else "],\n"


def _track(track: TrackRows) -> Iterator[str]:
    head = f'"id": {track.id}, "kind": {_line(track.kind)}, "score": {_number(track.score)}'
    yield f'  {{{head}, "keys": [\n'
    yield ",\n".join(map(_key, track.keys))
    yield "\n  ]}"


def _key(row: KeyRow) -> str:
    at, x0, y0, x1, y1, why, score = row
    numbers = ", ".join(map(_number, (x0, y0, x1, y1)))
    return f'   [{at}, {numbers}, "{why}", {"null" if score is None else _number(score)}]'


def _number(value: float) -> str:
    """As short as it can be without changing the value: 12, 12.25."""
    return repr(int(value)) if value == int(value) else repr(float(value))


def _plain(model: BaseModel) -> Any:
    return model.model_dump(mode="json", exclude_none=True)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _block(value: BaseModel | dict[str, Any]) -> str:
    """One field a line."""
    fields = _plain(value) if isinstance(value, BaseModel) else value
    if not fields:
        return "{}"
    body = ",\n".join(f"  {_line(name)}: {_line(content)}" for name, content in fields.items())
    return f"{{\n{body}\n }}"


def _lines(items: list[str]) -> str:
    """A list with one item a line."""
    return "[\n" + ",\n".join(f"  {item}" for item in items) + "\n ]" if items else "[]"
