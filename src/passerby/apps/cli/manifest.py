"""Which output is which input, so that annotations of a data set find their pictures again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .outcome import Outcome


def manifest(
    inputs: Sequence[Path],
    to: Path | None,
    outcomes: Iterable[Outcome],
    skipped: Iterable[tuple[Path, str]],
) -> dict[str, Any]:
    """One entry a file, with paths within the folders that were named. `size`, `frames`: those of
    input and output, which are the same: boxes of the one fit the other."""
    return {
        "passerby": "manifest/1",
        "files": [_entry(inputs, to, outcome) for outcome in outcomes],
        "left_alone": [{"input": within(path, inputs), "why": why} for path, why in skipped],
    }


def _entry(inputs: Sequence[Path], to: Path | None, outcome: Outcome) -> dict[str, Any]:
    report = outcome.report or {}
    handed = outcome.output is not None
    made, found = report.get("output") or {}, report.get("input") or {}
    return {
        "input": within(outcome.input, inputs),
        "output": within(outcome.output, [to] if to else []) if outcome.output else None,
        "status": outcome.status,
        "sha256": made.get("sha256") if handed else None,
        "size": found.get("size"),
        "frames": found.get("frames"),
    }


def within(path: Path, folders: Iterable[Path]) -> str:
    """As seen from the one of `folders` in which it is; its name alone if it is in none."""
    for folder in folders:
        if folder in path.parents:
            return path.relative_to(folder).as_posix()
    return path.name
