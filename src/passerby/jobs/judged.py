"""What verification says, as the report says it."""

from __future__ import annotations

from ..verify import Verdict
from .report import Finding, Verification


def verification(verdict: Verdict) -> Verification:
    """A verdict as a part of the report. Nothing checked is nothing passed."""
    return Verification(
        verdict="passed" if verdict.safe else "failed" if verdict.findings else "not made",
        checks=verdict.made,
        not_checked=tuple(f"{n.check}: {n.why}" for n in verdict.not_made),
        findings=tuple(Finding(**f.as_dict()) for f in verdict.findings),
    )
