"""One film or photo under review: its plan, what people say about it, and where that is kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from ..core.errors import PasserbyError, PlanError, UsageError
from ..core.frame import Frame
from ..core.geometry import Box, Size
from ..core.ports import Progress
from ..core.schedule import Region
from ..core.time import FOREVER, Clock, Span, Ticks
from ..core.track import Track
from ..media import Card, sha256
from ..media.snapshot import copied, jpeg, sharpness
from ..plan import (
    Bound,
    Decided,
    Document,
    Edit,
    Edited,
    Timeline,
    active,
    before_of,
    check_binding,
    edited,
    head_of,
    load,
    tail_of,
)
from ..verify.doubts import Brief
from ..verify.moment import Film
from ..verify.moment import Moment as Risky
from ..verify.pairs import cuts
from ..verify.risk import ranked
from . import account, doors, footage
from .following import as_keys, followed_box
from .moments import WHOLE
from .naming import is_seen
from .output import answered, check_free, written_whole
from .reel import Reel
from .settings import Settings
from .sought import left_to_plan

THUMB: Final = 160  # pixels of a thumbnail's longer side
AROUND: Final = 0.35  # of a box that its thumbnail shows on each side
LOOKS: Final = 3  # moments of a track among which the sharpest is chosen
FOLLOWED: Final = Fraction(20)  # seconds for which a box is followed at a time
_EDIT: Final[TypeAdapter[Edit]] = TypeAdapter(Edit)


class Outdated(PasserbyError):
    """The plan has changed since whoever asked has seen it."""

    code = "plan.outdated"


def plan_beside(input: Path, *, alone: bool = True) -> Path:
    """Where the plan of `input` is kept: ``clip.mp4`` -> ``clip.plan.json``, or, where another file
    is called clip, too, ``clip.mp4.plan.json``."""
    return input.with_name(f"{input.stem if alone else input.name}.plan.json")


def film_of(plan: Path) -> Path:
    """The film or photo beside `plan` for which it was made; `PlanError` where there is none."""
    wanted = load(plan).media.sha256
    name = plan.name.removesuffix(".json").removesuffix(".plan")
    with answered(plan):
        beside = [p for p in plan.parent.iterdir() if p.is_file() and is_seen(p)]
    beside.sort(key=lambda p: (p.name != name, p.stem != name, p.name))
    for path in beside:
        if sha256(path) == wanted:
            return path
    hint = "name the film, and the plan with --plan"
    raise PlanError(
        "no film beside this plan is the one that it was made for", path=plan, hint=hint
    )


@dataclass(frozen=True, slots=True)
class Papers:
    """The files of one review: what is looked at, its plan, and what an export becomes."""

    input: Path
    plan: Path
    output: Path


def opened(papers: Papers, settings: Settings, progress: Progress | None = None) -> Session:
    """The review of `papers.input`, with the plan that is there, or a new one, written at once."""
    with answered(papers.plan):
        there = os.path.lexists(papers.plan)
    card = doors.look_at(papers.input, settings)
    if there:
        document = load(papers.plan)
        try:
            check_binding(document, sha256(card.path), account.layout(card))
        except PlanError as error:
            error.path = papers.plan
            error.hint = "move it away, or name another with --plan"
            raise
        return Session(papers, left_to_plan(settings), card, document)
    check_free(papers.plan, inputs=[papers.input])
    document, _ = footage.found(papers.input, settings, progress=progress)
    session = Session(papers, settings, card, document)
    session.save()
    return session


class Session:
    """Answers what a reviewer asks and takes what they say, one edit at a time; for many threads.

    Every edit is in the plan's file before it is answered. If anybody else writes that file, no
    more edits are taken.
    """

    def __init__(self, papers: Papers, settings: Settings, card: Card, document: Document) -> None:
        self.papers, self.settings, self.card, self.document = papers, settings, card, document
        target = doors.target_of(card, papers.output)
        style, device = document.policy.style, settings.device
        self._paint = doors.painter(card, target, style, device, settings.drawing)
        self.clock = Clock(Fraction(document.media.time_base))
        self.tracks = tuple(document.whole_tracks())
        self.by_id = {track.id: track for track in self.tracks}
        self._timeline = Timeline.of(self.tracks, document.policy)
        self._head = head_of(document)
        self._lock, self._looking = threading.RLock(), threading.Lock()
        self._reels: dict[str, Reel] = {}
        self._stamp = _stamp(papers.plan)
        self._thumbs: dict[int, bytes] = {}
        self._judging = threading.Lock()
        self._risky: list[Risky] | None = None
        self._bound: Bound
        self._schedule: Edited
        self._read()

    @property
    def still(self) -> bool:
        return self.card.kind == "photo"

    @property
    def revision(self) -> int:
        """How many edits there are: they are only ever added."""
        return len(self.document.edits)

    @property
    def bound(self) -> Bound:
        return self._bound

    def said(self) -> tuple[tuple[int, Edit], ...]:
        """The edits that hold."""
        return active(self.document.edits)

    def add(self, edit: bytes, expected: int) -> int:
        """One more edit, as JSON, said by somebody who has seen `expected` edits. The new
        revision. `Outdated` if there are others by now; `PlanError` if it makes no sense."""
        with self._lock:
            if expected != self.revision:
                raise Outdated("somebody else has changed the plan", hint="look at it again")
            new = _checked(edit, self.revision)
            before = self.document
            self.document = before.model_copy(update={"edits": (*before.edits, new)})
            try:
                self.save()
            except PasserbyError:
                self.document = before
                raise
            self._read()
            return self.revision

    def save(self) -> None:
        """The plan into its file, whole or not at all."""
        with self._lock:
            path = self.papers.plan
            if _stamp(path) != self._stamp:
                hint = "keep one of the two: close this review, and start it again"
                raise PlanError("somebody else has written this plan", path=path, hint=hint)
            inputs = [self.papers.input]
            with (
                written_whole(path, inputs=inputs, force=self._stamp is not None) as partial,
                answered(path),
                partial.open("w", encoding="utf-8", newline="\n") as file,
            ):
                file.write(self._head)
                file.write(tail_of(self.document))
            self._stamp = _stamp(path)

    def reel(self, purpose: str = "film") -> Reel:
        """Frames by number; each purpose has its own decoder, so that one waits for no other."""
        with self._looking:
            if purpose not in self._reels:
                self._reels[purpose] = Reel(self.card, self.settings, self.document)
            return self._reels[purpose]

    def picture(self, number: int, *, redacted: bool, wide: int) -> bytes:
        """Frame `number` as JPEG: as an export would write it before it is coded, or as it is."""
        frame = self.reel().frame(number)
        return jpeg(self.painted(frame) if redacted else frame, wide)

    def painted(self, frame: Frame) -> Frame:
        """`frame` with everything hidden in it that the plan hides by now."""
        regions = self._schedule.regions(frame.span)
        if not regions:
            return frame
        made = copied(frame)
        self._paint.redact(made, regions)
        return made

    def regions(self, number: int) -> tuple[tuple[Region, ...], tuple[Region, ...]]:
        """What is hidden in frame `number`, and what would be, had nobody kept it."""
        span = self.reel().span(number)
        with self._lock:
            return self._schedule.regions(span), self._schedule.kept(span)

    def thumbnail(self, track: int) -> bytes:
        """A track at the sharpest of a few moments, as JPEG."""
        known = self._thumbs.get(track)
        if known is None:
            known = self._thumbs[track] = self._thumbnail(self._track(track))
        return known

    def follow(self, number: int, box: Box, *, back: bool) -> tuple[Any, ...]:
        """Keys, by rising tick, of `box`, drawn in frame `number`, as far as it can be followed."""
        reel = self.reel()
        step = -1 if back else 1
        most = self.clock.ticks(FOLLOWED)

        def frames() -> Iterator[Frame]:
            at = number
            while 0 <= at < len(reel) and abs(reel.starts[at] - reel.starts[number]) <= most:
                yield reel.frame(at)
                at += step

        return as_keys(followed_box(frames(), box))

    def risky(self) -> list[Risky]:
        """Moments at which what was found is least sure, the riskiest first, as verification has
        them; judged once, before anybody says anything about them."""
        with self._judging:
            if self._risky is None:
                media = self.document.media
                smallest = {use.kind: use.smallest for use in self.document.detectors}
                span = Span(Ticks(media.first), Ticks(max(media.end, media.first + 1)))
                film = Film(
                    self.clock,
                    Size(*media.size),
                    span,
                    Decided(self._timeline, FOREVER),
                    smallest,
                    still=self.still,
                )
                seen = (t for t in self.tracks if not t.kind.startswith(WHOLE))
                self._risky = list(ranked(film, seen).moments)
            return self._risky

    def cuts(self) -> list[int]:
        """First ticks of frames before which the picture was, most likely, cut."""
        if self.still:
            return []
        firsts = {int(track.keys[0].at) for track in self.tracks}
        briefs = [Brief.of(track, self.clock) for track in self.tracks]
        return sorted(at for at in map(int, cuts(briefs)) if at in firsts)

    def close(self) -> None:
        with self._looking:
            for reel in self._reels.values():
                reel.close()
            self._reels.clear()

    def _read(self) -> None:
        """What follows from the edits."""
        size = Size(*self.document.media.size)
        with self._lock:
            self._schedule, self._bound = edited(
                self._timeline, self.document.edits, size, still=self.still, tracks=self.tracks
            )

    def _track(self, number: int) -> Track:
        if number not in self.by_id:
            raise UsageError(f"there is no track {number}")
        return self.by_id[number]

    def _thumbnail(self, track: Track) -> bytes:
        reel = self.reel("thumbnails")
        best, sharpest = None, -1.0
        for key in sharpest_first(track)[:LOOKS]:
            frame = reel.frame(reel.number(key.at))
            sharp = sharpness(frame, key.box) * (key.score or 0.1)
            if sharp > sharpest:
                best, sharpest = (frame, key.box), sharp
        assert best is not None
        frame, box = best
        around = box.grown(AROUND * box.width, AROUND * box.height)
        shown = around if around.cells(frame.size) is not None else None
        return jpeg(frame, THUMB, shown)


def _checked(text: bytes, number: int) -> Edit:
    """The edit in `text`, which is to be the one of this number."""
    try:
        edit = _EDIT.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise PlanError(f"this edit makes no sense: {where}: {first['msg']}") from None
    target = before_of(edit)
    if target is not None and target >= number:
        raise PlanError(f"this edit makes no sense: there is no edit {target} yet")
    return edit


def sharpest_first(track: Track) -> list[Any]:
    """Keys of a track that promise a good look: large, and seen for sure; apart in time."""
    seen = [key for key in track.keys if key.score is not None] or list(track.keys)
    parts = [seen[n * len(seen) // LOOKS : (n + 1) * len(seen) // LOOKS] for n in range(LOOKS)]
    best = [max(part, key=lambda k: (k.score or 0.1) * k.box.area) for part in parts if part]
    return sorted(best, key=lambda k: -(k.score or 0.1) * k.box.area)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when anybody writes the file; None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
