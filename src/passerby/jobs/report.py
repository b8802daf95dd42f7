"""What was done, and what was not: an account without paths, names or content of the original."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..core.errors import VerificationFailed
from .attacked import Attacked
from .voiced import Voiced

Outcome = Literal["passed", "failed", "not made"]
Words = Literal["safe as far as checked", "look here", "not safe", "not checked"]

# Checks that may be wrong, so that a person has to decide.
ASKS_A_PERSON: Final = ("eyes", "hiding")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FoundMedia(_Part):
    """What came in, without anything that leads back to it."""

    kind: Literal["video", "photo", "sound"]
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
    """How much was hidden. `tracks`: found, of which `tracks_hidden` were hidden somewhere and the
    others kept by a person; `covered`: share of all pixels of all frames."""

    frames: int = 0
    frames_hidden_in: int = 0
    tracks: int = 0
    tracks_hidden: int = 0
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


class Moment(_Part):
    """A place that a person should look at. `time`: from the film's start, as h:mm:ss.mmm; `page`:
    of a photo, from 1. `found`: a check found something there."""

    at: int
    time: str | None = None
    page: int | None = None
    box: tuple[float, float, float, float] | None = None
    track: int | None = None
    reasons: tuple[str, ...]
    found: bool = False

    @property
    def when(self) -> str:
        """For people."""
        return self.time or f"page {self.page}"


class Verification(_Part):
    """What was checked, what was not, and what came of it. `words` say it for people."""

    verdict: Outcome = "not made"
    words: Words = "not checked"
    checks: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _worded(cls, given: Any) -> Any:
        """The words follow from the rest."""
        if not isinstance(given, dict) or "words" in given:
            return given
        found = [f if isinstance(f, Finding) else Finding(**f) for f in given.get("findings", ())]
        return {**given, "words": _words(given.get("verdict", "not made"), found)}

    def adding(self, check: str, findings: Sequence[Finding]) -> Verification:
        """With one more check that was made."""
        return Verification(
            verdict="failed" if findings else self.verdict,
            checks=(*self.checks, check),
            not_checked=self.not_checked,
            findings=(*self.findings, *findings),
        )

    def summary(self) -> str:
        """The verdict in a few words."""
        found = f" ({_many(len(self.findings), 'finding')})" if self.findings else ""
        return self.words + found


def _words(verdict: Outcome, findings: Sequence[Finding]) -> Words:
    if verdict == "not made":
        return "not checked"
    if verdict == "passed":
        return "safe as far as checked"
    unsure = all(f.check.split(".")[0] in ASKS_A_PERSON for f in findings)
    return "look here" if unsure and findings else "not safe"


MOST_TOLD: Final = 5


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


class Sealed(_Part):
    """The encrypted original beside the output, and the hash of what is in it."""

    sha256: str
    bytes: int
    original_sha256: str


class Provenance(_Part):
    """Is there a C2PA manifest in the output that is valid for these bytes, and was the original
    sealed? Who signed is not said."""

    manifest: Literal["none", "valid", "not valid", "not checked"] = "none"
    sealed: Sealed | None = None


class OtherEyes(_Part):
    """Who looked for faces in the finished file, and how many of them had to be `added` to the plan
    before it passed. `detector.smallest`: pixels of the smallest face that was searched for."""

    detector: DetectorUse
    added: int = 0


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
    other_eyes: OtherEyes | None = None
    attack: Attacked | None = None
    attack_on_voices: Voiced | None = None
    provenance: Provenance = Provenance()
    moments: tuple[Moment, ...] = Field((), description="Where to look first, in order of risk.")
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
        sound = self.input is not None and self.input.kind == "sound"
        match self.job:
            case "scan":
                # One face of a photo may have been seen, and is covered, more than once.
                found = _many(counts.tracks, "place") if photo else f"{tracks} in {frames}"
                return f"{found} to hide; the plan is written"
            case "redact" if sound and self.input is not None:
                said = f"{self.input.seconds:.1f} s of sound written anew"
            case "redact" if photo:
                said = f"{_many(counts.regions, 'place')} hidden"
            case "redact":
                tracks = _many(counts.tracks_hidden, "track")
                said = f"{tracks} hidden, in {counts.frames_hidden_in} of {frames}"
            case "verify":
                said = "looked at"
        return f"{said}; {self.verification.summary()}"

    def said(self) -> tuple[str, ...]:
        """The summary, and below it the notes, what was found where, and what was not checked."""
        return (self.summary(), *self.notes, *self.look_first(), *self._unchecked())

    def look_first(self) -> tuple[str, ...]:
        """Where a person should look: one line, or one for each place where something was found."""
        found = [moment for moment in self.moments if moment.found]
        lines = [f"look at {m.when}: {', '.join(m.reasons)}" for m in found[:MOST_TOLD]]
        if len(found) > MOST_TOLD:
            lines.append(f"and at {_many(len(found) - MOST_TOLD, 'more place')}")
        lines += self._nowhere()
        timed = [moment.when for moment in self.moments if moment.time]
        if not lines and timed:
            lines.append(f"look first at {', '.join(timed[:3])}")
        return tuple(lines)

    def _nowhere(self) -> list[str]:
        """A line for each thing that was found in the file and not at a time."""
        timed = {f.check for f in self.findings if f.at is not None}
        found = [f for f in self.findings if f.check not in timed]
        lines = [f"found {f.check}: {f.what}" for f in found[:MOST_TOLD]]
        if len(found) > MOST_TOLD:
            lines.append(f"and {_many(len(found) - MOST_TOLD, 'more thing')} in the file")
        return lines

    def _unchecked(self) -> tuple[str, ...]:
        """One line for who verifies; the report says why."""
        names = dict.fromkeys(line.split(":")[0] for line in self.verification.not_checked)
        if self.job != "verify" or not names:
            return ()
        return (f"not checked, or in part: {', '.join(names)} (--report says why)",)

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
