"""Redacted pictures as arrays, for people with a pipeline of their own.

Nothing that is yielded here was looked at by other eyes: `verify` does that to finished files.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from ..core.errors import UsageError
from ..core.frame import Frame, Picture
from ..core.ports import Redactor
from ..core.schedule import Region
from ..core.time import Clock, Span, Ticks
from ..engine.ending import ending
from ..engine.prefetch import prefetch
from ..engine.run import scheduled, settled, survey
from ..media.photo import Grain, PhotoFrame
from ..plan import Document, FollowingPlanner, check_frames, schedule_of
from . import account, doors, footage, wishes
from .finders import video_finder
from .library import PathLike, Plan, Policy, policy_of
from .settings import check_style

AHEAD: Final = 2
_CLOCK: Final = Clock(Fraction(1, 1_000_000))  # of pictures that people hand in
_ALONE: Final = Fraction(1, 25)  # how long one is shown when no other tells

Timed = tuple[float | Fraction, Picture]


@dataclass(frozen=True, slots=True)
class RedactedFrame:
    """A picture in which people are hidden.

    `picture`: RGB uint8 (height, width, 3), upright, yours to change. `start`, `end`: seconds from
    the film's first frame, exact, or as they were handed in. `hidden`: what was painted over.
    """

    picture: Picture
    start: Fraction
    end: Fraction
    hidden: tuple[Region, ...]


def frames(
    input: PathLike,
    plan: Plan | PathLike | None = None,
    policy: Policy | PathLike | None = None,
) -> Iterator[RedactedFrame]:
    """The frames of a video, or pages of a photo, in order, each with what `plan` says hidden.

    Without a plan all of it is scanned first, as `policy` asks, and then decoded again. Times are
    exact, and frames need not last equally long. What is yielded was not verified.

    Raises a `PasserbyError`, before the first frame where it can: when the plan was made for other
    footage, or the file is damaged. If it raises later, what came before is not all of the film.

    >>> for frame in frames("clip.mp4", "clip.plan.json"):
    ...     if frame.start == 0:
    ...         print(frame.picture.shape, float(frame.end), frame.hidden[0].kind)
    (240, 320, 3) 0.04 face
    """
    settings = policy_of(policy)
    _only_painted(settings)
    path = Path(input)
    if plan is None:
        document, _ = footage.found(path, settings)
    else:
        given = plan.document if isinstance(plan, Plan) else Path(plan)
        document = footage.plan_for(doors.look_at(path, settings), given, settings)
    return _frames(path, document, settings)


def redact_frames(
    pictures: Iterable[Timed], policy: Policy | PathLike | None = None
) -> Iterator[RedactedFrame]:
    """Pictures of your own, from whatever decodes them, with people hidden.

    `pictures`: pairs of a time in seconds, rising, and RGB uint8 (height, width, 3), all of one
    size; each is copied at once. Everybody is hidden from where they come into sight, so a picture
    comes out once the next second or two have been handed in, and so many wait in memory; who was
    where stays there, too, some megabytes an hour. All that were handed in come out, or a
    `PasserbyError` does. What is yielded was not verified.

    >>> import numpy as np
    >>> grey = np.full((120, 160, 3), 128, np.uint8)
    >>> own = [(n / 10, grey) for n in range(5)]
    >>> [float(frame.start) for frame in redact_frames(own)]
    [0.0, 0.1, 0.2, 0.3, 0.4]
    """
    settings = policy_of(policy)
    check_style(settings.style, settings.kinds)
    _only_painted(settings)
    if settings.keep_zone:
        raise UsageError(
            "who stays in a zone is known only of a whole film",
            hint="scan a file, or leave keep_zone out",
        )
    return _own(pictures, settings)


def _only_painted(settings: Policy) -> None:
    if settings.camera_noise == "reduce":
        raise UsageError(
            "camera noise is reduced on the way into a file", hint="redact to a file instead"
        )


def _frames(path: Path, document: Document, settings: Policy) -> Iterator[RedactedFrame]:
    schedule, _, _ = schedule_of(document)
    card = doors.look_at(path, settings)
    source = doors.open_source(card, settings)
    style, target = document.policy.style, doors.Target()
    paint = doors.painter(card, target, style, settings.device, settings.drawing)
    clock, first, count = source.clock, Ticks(document.media.first), 0
    pairs = prefetch(scheduled(source.frames(), schedule), AHEAD)
    with ending(pairs):
        for frame, regions in pairs:
            count += 1
            if count > document.media.frames:
                break
            start, end = (clock.seconds(Ticks(at - first)) for at in _ends(frame))
            yield _painted(frame, tuple(regions), paint, start, end)
    check_frames(document, count)


def _own(pictures: Iterable[Timed], settings: Policy) -> Iterator[RedactedFrame]:
    times: deque[tuple[Fraction, Fraction]] = deque()
    own = _spanned(pictures, times)
    first = next(own, None)
    if first is None:
        return
    footing = wishes.Footing(first.size, _CLOCK, first.span.start, None, False)
    edits = wishes.edits_of(settings.zone, settings.time, (), footing)
    finder = video_finder(settings, _CLOCK, first.size)
    planner = FollowingPlanner(finder.followers, account.policy_of(settings), edits)
    paint = doors.own_painter(settings)
    for frame, regions in settled(survey(chain((first,), own), planner), planner):
        yield _painted(frame, tuple(regions), paint, *times.popleft())


def _spanned(
    pictures: Iterable[Timed], times: deque[tuple[Fraction, Fraction]]
) -> Iterator[PhotoFrame]:
    """As frames, each of which ends where the next one begins; their `times` as they were given."""
    held: tuple[Fraction, Picture] | None = None
    length = _ALONE
    with ending(pictures):
        for number, (given, picture) in enumerate(pictures):
            at = _moment(given, number)
            _check(picture, None if held is None else held[1].shape, number)
            if held is not None:
                length = at - held[0]
                yield _held(held, at, number - 1, times)
            held = at, np.array(picture)
    if held is not None:
        yield _held(held, held[0] + length, number, times)


def _moment(given: float | Fraction, number: int) -> Fraction:
    try:
        return Fraction(given)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(
            f"the time of picture {number} is no number", hint="want seconds, rising"
        ) from None


def _check(picture: object, shape: tuple[int, ...] | None, number: int) -> None:
    """`UsageError` unless it is a picture, of `shape` if that is known."""
    hint = "want uint8 (height, width, 3), all of one size"
    if not isinstance(picture, np.ndarray):
        raise UsageError(f"picture {number} is a {type(picture).__name__}", hint=hint)
    wanted = picture.shape if shape is None else shape
    if picture.dtype != np.uint8 or picture.shape != wanted or wanted[2:] != (3,):
        raise UsageError(f"picture {number} is {picture.dtype} {picture.shape}", hint=hint)


def _held(
    held: tuple[Fraction, Picture],
    end: Fraction,
    number: int,
    times: deque[tuple[Fraction, Fraction]],
) -> PhotoFrame:
    start, picture = held
    low, high = (Ticks(round(at / _CLOCK.tick)) for at in (start, end))
    if high <= low:
        raise UsageError(
            f"picture {number + 1} is not later than the one before",
            hint="times rise by a microsecond at least",
        )
    times.append((start, end))
    planes = [np.ascontiguousarray(picture[..., channel]) for channel in range(3)]
    return PhotoFrame(Span(low, high), planes, 8, Grain())


def _ends(frame: Frame) -> tuple[Ticks, Ticks]:
    return frame.span.start, frame.span.end


def _painted(
    frame: Frame, regions: tuple[Region, ...], paint: Redactor, start: Fraction, end: Fraction
) -> RedactedFrame:
    if regions:
        paint.redact(frame, regions)
    return RedactedFrame(np.array(frame.picture(frame.size)), start, end, regions)
