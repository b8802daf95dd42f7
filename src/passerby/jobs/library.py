"""The functions behind `import passerby`: jobs with paths as people write them, plans in memory.

What is written here is public; docs/reference/python.md lists it by name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..core.errors import UsageError
from ..core.ports import Progress
from ..core.time import Clock, Ticks
from ..core.track import Track
from ..plan import Document, Edit, Hide, Keep, load, text_of
from . import footage
from .output import write_text
from .report import Report
from .settings import Settings
from .verify import verify as verified

Policy = Settings
PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is hidden in one file, when and why; people may hide more, and keep somebody.

    A value: whatever is decided gives another plan. `document` is all of it, as it is in the file.

    >>> plan = Plan.load("clip.plan.json")
    >>> {track.kind for track in plan.tracks}
    {'face'}
    >>> plan.seconds(plan.tracks[0].keys[0].at)
    Fraction(0, 1)
    >>> plan.hiding((0, 0, 80, 40), start=0.2, end=0.6).keeping(1).save("edited.json")
    """

    document: Document

    @classmethod
    def load(cls, path: PathLike) -> Plan:
        """The plan in a file; `PasserbyError` when it can't be read, or is none."""
        return cls(load(Path(path)))

    def save(self, path: PathLike, *, force: bool = False) -> None:
        """Write it down, whole or not at all; `force` replaces a file that is there."""
        write_text(Path(path), text_of(self.document), force=force)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Who was found, each with a box in every frame of their stay."""
        return tuple(self.document.whole_tracks())

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What people decided about it, in the order in which they did."""
        return self.document.edits

    def seconds(self, at: int) -> Fraction:
        """The exact moment of a tick, counted from the first frame."""
        return self._clock.seconds(Ticks(at - self.document.media.first))

    def editing(self, *edits: Edit) -> Plan:
        """With more edits, as docs/reference/plan.md knows them, behind those that are there."""
        return Plan(self.document.model_copy(update={"edits": (*self.edits, *edits)}))

    def hiding(
        self,
        box: tuple[float, float, float, float],
        *,
        start: float | Fraction | None = None,
        end: float | Fraction | None = None,
        kind: str = "zone",
    ) -> Plan:
        """With a place hidden, whatever the tracks say. `box`: x0, y0, x1, y1 in display pixels;
        `start`, `end`: seconds from the first frame, or from the beginning and to the end."""
        media = self.document.media
        first = media.first if start is None else media.first + self._ticks(start, up=False)
        last = media.end if end is None else media.first + self._ticks(end, up=True)
        if last <= first or not (first < media.end and media.first < last):
            raise UsageError(f"from {start} to {end} seconds nothing of this footage is shown")
        return self.editing(Hide(span=(first, last), box=box, kind=kind))

    def keeping(self, *tracks: int) -> Plan:
        """With these tracks, by their numbers, left as they are for all of their stay."""
        known = {track.id: track for track in self.tracks}
        return self.editing(*self._keeps(known, tracks))

    def _keeps(self, known: dict[int, Track], tracks: tuple[int, ...]) -> Iterator[Keep]:
        for number in tracks:
            if number not in known:
                raise UsageError(f"there is no track {number} in this plan")
            key = known[number].keys[0]
            yield Keep(track=number, where=(key.at, *key.box.corners))

    @property
    def _clock(self) -> Clock:
        return Clock(Fraction(self.document.media.time_base))

    def _ticks(self, seconds: float | Fraction, *, up: bool) -> int:
        exact = Fraction(str(seconds)) / self._clock.tick  # 0.2 means what it says
        return -(-exact.numerator // exact.denominator) if up else int(exact // 1)


def redact(
    input: PathLike,
    output: PathLike,
    policy: Policy | PathLike | None = None,
    *,
    plan: Plan | PathLike | None = None,
    save_plan: PathLike | None = None,
    transcript: PathLike | None = None,
    report_to: PathLike | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Hide people in a photo, video or sound; `output` appears only when it is whole and verified.

    `policy`: a `Policy`, the name of one, or a TOML file; faces are hidden without. `plan`: hide
    what this says instead of looking. `save_plan`: write down what was hidden. `transcript`: what a
    synthetic voice says, with `Policy(voice="retell")`. `report_to`: a folder for the report as a
    page. `progress(phase, done, total)` is told how far it is, in `Fraction`s of seconds.

    Raises a `PasserbyError`; `NotHandedOver`, with the report, when verification found something.

    >>> report = redact("clip.mp4", "solid.mp4", Policy(style="solid"))
    >>> report.counts.frames_hidden_in
    25
    """
    return footage.redact(
        Path(input),
        Path(output),
        policy_of(policy),
        plan=_plan_of(plan),
        save_plan=_path(save_plan),
        transcript=_path(transcript),
        report_to=_path(report_to),
        force=force,
        progress=progress,
    )


def scan(
    input: PathLike,
    policy: Policy | PathLike | None = None,
    *,
    progress: Progress | None = None,
) -> Plan:
    """Find and follow only: the plan of what would be hidden. Nothing is written.

    >>> plan = scan("photo.jpg", "publish")
    >>> {track.kind for track in plan.tracks}
    {'face'}
    """
    document, _ = footage.found(Path(input), policy_of(policy), progress=progress)
    return Plan(document)


def verify(
    output: PathLike,
    *,
    original: PathLike | None = None,
    plan: Plan | PathLike | None = None,
    thorough: bool = False,
    attack: bool = False,
    drawing: str | None = None,
    device: str = "auto",
    report_to: PathLike | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Look at a finished file, whoever made it, with other eyes. What is found is in the report.

    What can't be checked without `original`, or without the `plan`, is named in it. `thorough`:
    every frame is looked at. `attack`: programs that recognise people try to. `drawing`, which
    needs `original`: the plug-in that drew on the covers.

    >>> "eyes" in {found.check for found in verify("photo.jpg").findings}
    True
    """
    return verified(
        Path(output),
        original=_path(original),
        plan=_plan_of(plan),
        thorough=thorough,
        device=device,
        attack=attack,
        drawing=drawing,
        report_to=_path(report_to),
        force=force,
        progress=progress,
    )


def policy_of(policy: Policy | PathLike | None) -> Policy:
    """As it was given, by its name, or out of a file; the defaults without one."""
    if policy is None:
        return Policy()
    if isinstance(policy, Policy):
        return policy
    return Policy.load(policy=policy if isinstance(policy, str) else Path(policy))


def _plan_of(plan: Plan | PathLike | None) -> Document | Path | None:
    return plan.document if isinstance(plan, Plan) else _path(plan)


def _path(path: PathLike | None) -> Path | None:
    return None if path is None else Path(path)
