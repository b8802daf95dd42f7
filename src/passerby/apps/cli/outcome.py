"""What became of each input, as the person, the script and the exit code see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ... import __version__
from ...core.errors import Interrupted, PasserbyError, failure

if TYPE_CHECKING:
    from ...jobs import Report

DONE, FAILED, MISUSED, FOUND = 0, 1, 2, 3

Status = Literal["done", "found", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One input: done, done with something found by verification, or failed with an error.

    `said`: what is told of it on standard error, a summary and then notes.
    """

    input: Path
    output: Path | None
    status: Status
    report: dict[str, Any] | None = None
    error: PasserbyError | None = None
    said: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "input": str(self.input),
            "output": None if self.output is None else str(self.output),
            "status": self.status,
            "error": None if self.error is None else failure(self.error),
            "report": self.report,
        }


def settled(report: Report) -> Status:
    """What a report makes of its input."""
    return "found" if report.findings else "done"


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """1 if anything failed, else 3 if verification found anything, else 0."""
    states = {outcome.status for outcome in outcomes}
    return FAILED if "failed" in states else FOUND if "found" in states else DONE


def result(
    command: str,
    outcomes: list[Outcome],
    skipped: Iterable[tuple[Path, str]] = (),
    unwritten: Sequence[PasserbyError] = (),
) -> dict[str, Any]:
    """The one object that `--json` prints. `unwritten`: what became of papers beside the outputs
    that couldn't be written."""
    return {
        "passerby": "result/1",
        "version": __version__,
        "command": command,
        "exit": FAILED if unwritten else exit_code(outcomes),
        "files": [outcome.as_dict() for outcome in outcomes],
        "skipped": [{"path": str(path), "why": why} for path, why in skipped],
        "unwritten": [failure(error) for error in unwritten],
    }


def stopped() -> Interrupted:
    """The person, or the system, asked to stop."""
    return Interrupted("stopped", hint="what was unfinished has been removed")
