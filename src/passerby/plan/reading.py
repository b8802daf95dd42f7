"""Plans from disk: checked in full, with an error that says where a person slipped."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..core.errors import PlanError
from .document import VERSION, Document

MOST_BYTES: Final = 256 * 2**20  # some five million keys


def load(path: Path) -> Document:
    """The plan in `path`; `PlanError` when it can't be read, is damaged, or of another version."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise PlanError(f"{size} bytes are too many for a plan", path=path)
        text = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "can't be read"
        raise PlanError(f"the plan can't be read: {reason}", path=path) from error
    return parse(text, path)


def parse(text: bytes | str, path: Path | None = None) -> Document:
    """`text` as a plan; `path` is only named in errors."""
    try:
        return Document.model_validate_json(text)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
    raise _explained(details, path)


def _explained(details: list[ErrorDetails], path: Path | None) -> PlanError:
    for detail in details:
        if detail["loc"] == ("passerby",):
            return PlanError(
                f"the plan is of another version than {VERSION}",
                path=path,
                hint="make it again with `passerby scan`, or use the Passerby that made it",
            )
    first = details[0]
    if first["type"] == "json_invalid":
        return PlanError(f"no plan, or damaged: {first['msg']}", path=path)
    where = ".".join(str(part) for part in first["loc"]) or "the document"
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return PlanError(f"damaged or mistyped at {where}: {first['msg']}{more}", path=path)
