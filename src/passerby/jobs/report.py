"""What was done, and what was not: an account without paths, names or content of the original."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..core.errors import VerificationFailed

Outcome = Literal["passed", "failed", "not made"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FoundMedia(_Part):
    """What came in, without anything that leads back to it."""

    kind: Literal["video", "photo"]
    container: str
    codec: str
    size: tuple[int, int]
    orientation: int
    frames: int
    seconds: float


class MadeFile(_Part):
    """What went out."""

    name: str
    sha256: str
    bytes: int
    container: str


class DetectorUse(_Part):
    """A detector, its weights and how it was used."""

    name: str
    family: str
    kind: str
    sha256: str
    runtime: str
    licence: str
    thresholds: dict[str, float] = {}
    smallest: float = 0.0
    looks: dict[str, int] = {}


class Counts(_Part):
    """How much was hidden. `covered`: share of all pixels of all frames."""

    frames: int = 0
    frames_hidden_in: int = 0
    tracks: int = 0
    keys: int = 0
    regions: int = 0
    covered: float = 0.0


class TrackSpan(_Part):
    """First and last frame with somebody: their first ticks, and seconds from the film's start."""

    id: int
    kind: str
    start: int
    last: int
    start_seconds: float
    last_seconds: float
    score: float


class Finding(_Part):
    """Something that verification found. `at`: a tick of the original; `box`: display pixels."""

    check: str
    what: str
    at: int | None = None
    box: tuple[float, float, float, float] | None = None
    score: float | None = None


class Verification(_Part):
    """What was checked, what was not, and what came of it."""

    verdict: Outcome = "not made"
    checks: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def summary(self) -> str:
        """The verdict in a few words."""
        match self.verdict:
            case "passed":
                return "verified"
            case "failed":
                return f"verification found {_many(len(self.findings), 'thing')}"
            case "not made":
                return "not verified"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


class Report(_Part):
    """The account of one job. JSON by `as_dict` and `text`."""

    passerby: Literal["report/1"] = "report/1"
    job: Literal["redact", "scan", "verify"]
    versions: dict[str, str]
    settings: dict[str, Any] = {}
    input: FoundMedia | None = None
    output: MadeFile | None = None
    detectors: tuple[DetectorUse, ...] = ()
    counts: Counts = Counts()
    tracks: tuple[TrackSpan, ...] = ()
    dropped: tuple[str, ...] = Field((), description="What of the original did not come along.")
    not_looked_for: tuple[str, ...] = ()
    damaged: tuple[str, ...] = Field((), description="How and where the input is damaged.")
    notes: tuple[str, ...] = Field((), description="What a person should know.")
    verification: Verification = Verification()
    timings: dict[str, float] = Field({}, description="Seconds by phase.")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What verification found; empty when it passed or was not made."""
        return self.verification.findings

    @property
    def passed(self) -> bool:
        """True when verification was made and found nothing."""
        return self.verification.verdict == "passed"

    def summary(self) -> str:
        """One line for people."""
        counts = self.counts
        frames, tracks = _many(counts.frames, "frame"), _many(counts.tracks, "track")
        photo = self.input is not None and self.input.kind == "photo"
        match self.job:
            case "scan":
                # One face of a photo may have been seen, and is covered, more than once.
                found = _many(counts.tracks, "place") if photo else f"{tracks} in {frames}"
                return f"{found} to hide; the plan is written"
            case "redact" if photo:
                said = f"{_many(counts.regions, 'place')} hidden"
            case "redact":
                said = f"{tracks} hidden, in {counts.frames_hidden_in} of {frames}"
            case "verify":
                said = "looked at"
        return f"{said}; {self.verification.summary()}"

    def said(self) -> tuple[str, ...]:
        """The summary, and the notes below it."""
        return (self.summary(), *self.notes)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in a fixed order."""
        return self.model_dump(mode="json")

    def text(self) -> str:
        """The JSON text, ending in a newline."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n"


class NotHandedOver(VerificationFailed):
    """The finished file did not pass, and was removed. `report` says what was found."""

    def __init__(self, report: Report, *, path: Path | None = None) -> None:
        count = len(report.findings)
        what = f"verification found {_many(count, 'thing')}, first: {report.findings[0].what}"
        super().__init__(what, path=path, hint="nothing was handed over")
        self.report = report
