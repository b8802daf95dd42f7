"""A long film, looked at in parts, side by side, and followed once: see `answers`."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing, suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

from ..core.errors import MediaError
from ..core.frame import Frame
from ..core.time import Ticks
from ..engine.run import survey
from ..media import Card, VideoSource, sha256
from ..media.seeking import Index, SeekingSource
from ..plan import Document, FollowingPlanner
from ..track import motion
from . import account, answers, doors
from .answers import Digests, Recording
from .finders import open_detectors, video_finder
from .footage import found
from .settings import Settings

BEFORE: Final = 2  # seconds by which a part begins early: by then motion is known
BEYOND: Final = 10  # seconds by which it ends late, at most: it ends at a cut
CUT: Final = 0.6  # likeness of two frames below which there may be a cut between them

Part = tuple[int, int]


def parts_of(source: Path, settings: Settings, seconds: float) -> tuple[Part, ...]:
    """Stretches of about `seconds` that together are the film, each from a frame that needs no
    other to decode: (first tick, tick after the last). Nothing where it can't be split, or need
    not be.
    """
    card = doors.look_at(source, settings)
    index = _index(card, settings)
    if index is None:
        return ()
    least = card.clock.ticks(Fraction(seconds))
    cuts = [int(index.starts[0])]
    for key in index.keys:
        if index.starts[key] - cuts[-1] >= least:
            cuts.append(int(index.starts[key]))
    cuts.append(int(index.starts[-1]) + 1)
    return tuple(pairwise(cuts)) if len(cuts) > 2 else ()


def answered(source: Path, to: Path, settings: Settings, part: Part, key: str) -> int:
    """Follow one part for its detectors' answers alone, and write them down; how many there are.

    What goes wrong with the film ends it early: fewer answers are no harm, and whoever follows the
    whole film says what is wrong.
    """
    card = doors.look_at(source, settings)
    index = _index(card, settings)
    digests = Digests()
    detectors = [Recording(detector, digests) for detector in open_detectors(settings)]
    if index is not None:
        finder = video_finder(settings, card.clock, card.size, detectors=detectors)
        planner = FollowingPlanner(finder.followers, account.policy_of(settings))
        with suppress(MediaError), closing(_frames(card, settings, index, part)) as frames:
            for _ in survey(frames, planner):
                pass
    answers.write(to, key, detectors)
    return sum(len(detector.kept) for detector in detectors)


def linked(
    source: Path, known: Iterable[Path], settings: Settings, key: str
) -> tuple[Document, int, int]:
    """Follow the whole film, with all that is known of it, to the plan that a scan without any of
    that makes, to the last byte. And how often a detector was asked, and how often it was known.
    """
    detectors = answers.knowing(open_detectors(settings), known, key)
    document, _ = found(source, settings, detectors=detectors)
    return document, sum(d.asked for d in detectors), sum(d.known for d in detectors)


def key_of_answers(source: Path, settings: Settings) -> str:
    """What answers are for: these bytes, and these settings."""
    return f"{sha256(source)} {settings.model_dump_json()}"


def _index(card: Card, settings: Settings) -> Index | None:
    source = doors.open_source(card, settings)
    if not isinstance(source, VideoSource):
        return None
    return SeekingSource(
        card, accept_damaged=settings.accept_damaged, limit=settings.limit
    ).listed()


def _frames(card: Card, settings: Settings, index: Index, part: Part) -> Generator[Frame]:
    """The frames of a part, and some before and behind it."""
    begin = part[0] - card.clock.ticks(Fraction(BEFORE))
    limit = part[1] + card.clock.ticks(Fraction(BEYOND))
    key = max((k for k in index.keys if index.starts[k] <= begin), default=0)
    seeking = SeekingSource(card, accept_damaged=settings.accept_damaged, limit=settings.limit)
    last = Ticks(index.starts[-1] + 1)
    before: motion.Still | None = None
    with closing(seeking.frames_from(key, index, last)) as frames:
        for number, frame in enumerate(frames):
            if frame.span.start >= limit:
                return
            yield frame
            if frame.span.end >= part[1]:
                now = motion.still(frame, number)
                if before is not None and motion.likeness(before, now) < CUT:
                    return
                before = now
