"""What verification says: findings, and which checks were made and which were not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.geometry import Box
from ..core.time import Ticks


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that should not be in the output. Says what and where, never what it shows.

    `check`: which check found it, as a dotted name ("pixels.left").
    `at`: the first tick of the original's frame; `box`: display pixels.
    `score`: how strong it is, in the check's own measure; larger is worse.
    """

    check: str
    what: str
    at: Ticks | None = None
    box: Box | None = None
    score: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is unknown is left out."""
        whole = {
            "check": self.check,
            "what": self.what,
            "at": self.at,
            "box": None if self.box is None else list(self.box.corners),
            "score": None if self.score is None else round(self.score, 3),
        }
        return {name: value for name, value in whole.items() if value is not None}


@dataclass(frozen=True, slots=True)
class NotMade:
    """A check that was not made, and why."""

    check: str
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that was found, by checks that were `made`; `not_made` says what stays open."""

    findings: tuple[Finding, ...]
    made: tuple[str, ...]
    not_made: tuple[NotMade, ...] = ()

    @property
    def safe(self) -> bool:
        """Something was checked, and nothing was found."""
        return bool(self.made) and not self.findings

    def joined(self, other: Verdict) -> Verdict:
        """Both verdicts in one."""
        return Verdict(
            self.findings + other.findings,
            self.made + other.made,
            self.not_made + other.not_made,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "safe": self.safe,
            "findings": [finding.as_dict() for finding in self.findings],
            "made": list(self.made),
            "not_made": [{"check": n.check, "why": n.why} for n in self.not_made],
        }


class Tally:
    """Collects findings; of each check the first `most`, then only their number."""

    def __init__(self, most: int = 20) -> None:
        self._most = most
        self._kept: list[Finding] = []
        self._counts: dict[str, int] = {}

    def add(self, finding: Finding) -> None:
        count = self._counts[finding.check] = self._counts.get(finding.check, 0) + 1
        if count <= self._most:
            self._kept.append(finding)

    def findings(self) -> list[Finding]:
        more = [
            Finding(check, f"and {count - self._most} more like these")
            for check, count in self._counts.items()
            if count > self._most
        ]
        return self._kept + more
