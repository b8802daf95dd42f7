"""What other eyes found is added to the plan, as edits, so that two families agree in the end."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from ..core.time import Clock, Ticks
from ..plan import Document, Hide
from ..verify.episodes import Episode, cover
from .report import Report

# Seconds before and after a sighting that are hidden too. What is seen again after the first round
# comes and goes, so the second is generous; there is no third.
REACH: Final = (Fraction(1, 2), Fraction(2))
ROUNDS: Final = len(REACH)
NOTE: Final = "verify: other eyes saw a face here"


def mended(document: Document, found: Sequence[Episode], clock: Clock, turn: int) -> Document:
    """The plan, with edits that hide every sighting and what lies near it in time and place.

    `turn`: how often it was mended before, 0 or 1.
    """
    still = document.media.kind == "photo"  # pages have nothing to do with each other
    reach = Ticks(0) if still else clock.ticks(REACH[turn])
    edits = tuple(
        Hide(span=(start, end), box=box.corners, note=NOTE)
        for episode in found
        for start, end, box in cover(episode, reach)
    )
    return document.model_copy(update={"edits": (*document.edits, *edits)})


def noted(report: Report) -> Report:
    """The report, saying how many faces had to be added, if any."""
    added = 0 if report.other_eyes is None else report.other_eyes.added
    if not added:
        return report
    faces = "1 face" if added == 1 else f"{added} faces"
    note = f"{faces} that only other eyes saw had to be added to the plan: look there first"
    return report.model_copy(update={"notes": (*report.notes, note)})
