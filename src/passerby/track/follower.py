"""Follow faces both ways through time: look now and then, carry by motion between, reach back.

The film is seen once, in order. What is kept of it is a short ring of small lumas, so that a face
that is first seen now can be followed back to where it came in; what is older is final.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from ..core.detection import Boxes
from ..core.frame import Frame
from ..core.geometry import Size
from ..core.ports import Detector
from ..core.time import FOREVER, Clock, Ticks
from ..core.track import Key
from . import looks, motion
from .assign import assigned
from .film import Film
from .looker import GATE, Looker
from .motion import Still
from .path import Path, box_of
from .rows import Row, affinity, beyond, stacked
from .settings import FollowSettings
from .stills import Stills
from .trace import Tracer
from .unsure import Unsure

_SURE: Final = 0.6  # best score of a face that may have turned away, and is followed for longer
_ROOM: Final = 1.5  # frames that an answer has to reach back to, or every frame is looked at
_PAUSE: Final = (Fraction(1, 4), 2)  # seconds between two frames, and times the step before
_YOUNG: Final = (2, 4, 7)  # frames after a first sighting at which it is looked at closely


class Follower:
    """Implements the port `core.ports.Follower` for one detector. Not thread-safe.

    `reach_frames` bounds how many frames may wait to become final, whatever their rate. `stills`
    makes the small lumas; followers that see the same frames in turn may share one. `unsure`
    is told what makes a frame doubtful. `horizon` bounds, in seconds, how long a frame waits in
    a live stream, as told in Note [a horizon counts two frames more]; new things get their second
    sighting by a close look at once then, and where looks are coarse, one is enough. `early`: live,
    frames by which the next look comes sooner after one that something in the picture asked for.

    Note [who runs]: one weak sighting that nothing supports is dropped, unless what was seen there
    moves fast and by itself: what looks like a face and is none stands still, or goes with the
    camera, and who is blurred by running is hardly ever seen twice.

    Note [not all at once]: after what all followers look at, a cut or a jolt, some look again a
    little sooner, and from then on they look at different frames.
    """

    def __init__(
        self,
        detector: Detector,
        settings: FollowSettings,
        clock: Clock,
        size: Size,
        *,
        reach_frames: int | None = None,
        horizon: Fraction | None = None,
        stills: Stills | None = None,
        unsure: Unsure | None = None,
        early: int = 0,
    ) -> None:
        self._settings, self._size = settings, size
        self._kind = detector.info.kind
        self._looker = Looker(detector, settings, clock, size)
        self._reach = clock.ticks(settings.reach)
        self._hold = clock.ticks(settings.hold)
        self._pause = clock.ticks(_PAUSE[0])
        self._reach_frames = reach_frames
        self._horizon = None if horizon is None else clock.ticks(horizon)
        self._stills = stills or Stills()
        self._unsure = unsure
        self._film = Film(clock, live=horizon is not None)
        self._paths: list[Path] = []
        self._ready: list[tuple[int, str, Key]] = []
        self._final = Ticks(-FOREVER)
        self._final_index = 0
        self._far = 0
        self._halvings, self._stretch = 0, 1
        self._early = early
        self._due = False  # the last look was because of the time only
        self._next_index = 0
        self._next_id = 1
        self._previous: Frame | None = None

    @property
    def smallest(self) -> float:
        """The smallest thing searched for, display pixels."""
        return looks.smallest(self._size, self._settings)

    @property
    def looks(self) -> dict[str, int]:
        """How often the detector was asked, by kind of look."""
        return dict(self._looker.counts)

    def coarser(self, halvings: int, stretch: int = 1) -> None:
        """See `core.live.LivePlanner`; halved twice, one sighting is enough."""
        self._stretch = stretch
        if halvings != self._halvings:
            self._halvings = halvings
            self._looker.coarser(halvings)
            self._stills.coarser(halvings)

    # The port.

    def see(self, frame: Frame) -> None:
        now = self._stills.of(frame, self._next_index)
        self._next_index += 1
        self._film.fit(now)
        if len(self._film):
            self._advance(now)
        else:
            self._final = now.span.start
        self._film.push(now)
        live = self._horizon is not None
        wanted = self._looker.wanted(self._film, self._alive(), live=live)
        if wanted or self._last_chance(now):
            self._due = not wanted
            self._look(now, frame)
        else:
            self._glance(now, frame)
        self._retire(now)
        if self._unsure is not None:
            self._unsure.saw(now, 0 if self._settings.traits.lines else len(self._alive()))
        self._previous = frame
        self._settle(now)

    def finish(self) -> None:
        if self._previous is not None:
            if self._looker.looked < self._film.last.index:
                self._look(self._film.last, self._previous, closing=True)
            else:
                self._look_turned(self._film.last, self._previous)
        self._previous = None
        self._emit(self._next_index)
        self._final = FOREVER
        if self._unsure is not None:
            self._unsure.finish()

    @property
    def final_until(self) -> Ticks:
        return self._final

    def take(self) -> Sequence[tuple[int, str, Key]]:
        ready, self._ready = self._ready, []
        return ready

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    # Forwards.

    def _alive(self) -> list[Path]:
        return [p for p in self._paths if p.alive]

    def _advance(self, now: Still) -> None:
        """Carry every living path into the next frame; nothing is carried over a cut."""
        film, before = self._film, self._film.last
        alive = self._alive()
        step = film.step(
            now, self._rows(alive, before), stacked([p.gait.velocity for p in alive], 2)
        )
        jolted = film.jolted(now.index)
        torn = jolted or self._paused(now)
        if torn and self._previous is not None and self._looker.looked < before.index:
            # Note [both sides]: what came in since the last look would be missed for good.
            self._look(before, self._previous, closing=True)
            alive = self._alive()
            step = motion.step(before, now, self._rows(alive, before))
        if self._unsure is not None:
            self._unsure.moved(now, step.camera, jolted, film.cut(now.index))
        if film.cut(now.index):
            if self._previous is not None and self._looker.looked == before.index:
                self._look_turned(before, self._previous)
            for path in self._alive():
                path.alive, path.cut_off = False, now.index
            return
        if film.blinked is not None:
            alive += self._back_again(film.blinked, before)
            step = motion.step(before, now, self._rows(alive, before))
        for path, shown, held in zip(alive, step.boxes, step.held, strict=True):
            old, gait = path.at(before.index), path.gait
            row = gait.moved(old, shown, float(held), step.camera, now, path.size_like, jolted)
            if gait.straight_on is not None and path.last_seen < before.index:
                twin = path.fork(self._number(), now.index, gait.straight_on, gait)
                self._paths.append(twin)
            if not gait.lost:
                path.lost = 0
            else:
                path.lost_at = path.lost_at if path.lost else now.index
                path.lost += 1
            path.ran = path.ran or gait.runs
            path.follow(now.index, row, now.index - path.last_seen + 2 * path.lost)

    def _back_again(self, blinked: int, before: Still) -> list[Path]:
        """Who was there until a flash began: see Note [a flash is no cut]. They stayed where they
        were, up to the frame `before` this one; and who is seen only in the flash was there before.
        """
        for path in self._alive():
            first = min(path.marks)
            if first >= blinked > self._final_index:
                path.follow(blinked - 1, path.at(first), first - blinked + 1)
        back = [p for p in self._paths if p.cut_off == blinked and blinked - 1 in p.marks]
        for path in back:
            path.alive, path.cut_off = True, -1
            for index in range(blinked, before.index + 1):
                path.follow(index, path.at(blinked - 1), index - path.last_seen)
        return back

    def _paused(self, now: Still) -> bool:
        """Whether frames are missing before this one: who came in meanwhile moved too far."""
        start, last = self._film.start, self._film.last.index
        step = now.span.start - start(last)
        return step > self._pause and step > _PAUSE[1] * (start(last) - start(last - 1))

    def _rows(self, paths: list[Path], still: Still) -> Boxes:
        return stacked([p.at(still.index) for p in paths])

    def _retire(self, now: Still) -> None:
        """End paths that left the picture, or were not seen for too long."""
        for path in self._alive():
            row = path.at(now.index)
            unseen = now.span.end - self._film.start(path.last_seen)
            patience = self._reach * min(1.0, 0.25 + path.best)  # the surer, the longer
            if path.sightings > 2 and path.best > _SURE and not path.lost:
                patience = 2 * self._reach if self._looker.is_large(row) else patience
            astray = path.lost and now.span.end - self._film.start(path.lost_at) > self._hold
            if (
                beyond(row, self._size)
                or unseen > patience
                or (astray and (path.missed > 0 or path.gait.coasts))
            ):
                path.alive = False
                if self._unsure is not None and not self._settings.traits.lines:
                    self._unsure.ended(path, row, now, self._settings.sure)

    # Looking.

    def _look(self, now: Still, frame: Frame, *, closing: bool = False) -> None:
        """Look at a frame, join what is seen with what was followed, and follow the news back."""
        index = now.index
        seen = self._looker.whole(self._film, now, frame, closing=closing)
        alive = [p for p in self._alive() if index in p.marks]
        fits = affinity(self._rows(alive, now), seen.boxes)
        pairs = assigned(np.where(fits > GATE, 1 - fits, 10.0))
        pairs = [(p, d) for p, d in pairs if fits[p, d] > GATE]
        astray: list[Path] = []
        taken: list[Row] = []
        for p, d in pairs:
            self._sight(alive[p], index, seen.boxes[d], float(seen.scores[d]), astray, taken)
        found = {p for p, _ in pairs}
        missing = [path for p, path in enumerate(alive) if p not in found]
        self._look_closer(missing, now, frame, astray, taken)
        news: list[Path] = []
        claimed, live = {d for _, d in pairs}, self._horizon is not None and self._halvings < 2
        for row, score, twice in self._looker.news(seen, claimed, frame, taken, at_once=live):
            news.append(Path.begun(self._number(), index, row, score))
            news[-1].sightings += twice
            news[-1].gait.saw(now, row)
        self._paths += news
        tracer = Tracer(self._film, self._size, self._reach, self._hold, self._number)
        self._paths = tracer.trace_back(now, self._paths, news, astray, self._final_index)

    def _look_turned(self, now: Still, frame: Frame) -> None:
        """At a frame that was looked at and ends its shot, if that has no other: see
        `Looker.flashed`."""
        seen, taken = self._looker.flashed(frame), list(self._rows(self._alive(), now))
        for row, score, _ in self._looker.news(seen, set(), frame, taken):
            self._paths.append(Path.begun(self._number(), now.index, row, score))

    def _glance(self, now: Still, frame: Frame) -> None:
        """Look closely at what was seen for the first time a moment ago: motion may mislead.

        Live, at who hurries too; in a film such a frame is looked at whole.
        """
        live = self._horizon is not None
        unsteady = [
            path
            for path in self._alive()
            if path.last_seen < now.index - 1
            and (now.index - path.first_seen in _YOUNG or (live and path.hurried))
        ]
        astray: list[Path] = []
        taken: list[Row] = []
        for path in unsteady[: self._looker.close_looks]:
            found = self._looker.closer(path, frame, now.index, taken)
            if found is not None:
                row, score, path.turn = found
                self._sight(path, now.index, row, score, astray, taken)
        if astray:
            tracer = Tracer(self._film, self._size, self._reach, self._hold, self._number)
            self._paths = tracer.trace_back(now, self._paths, [], astray, self._final_index)

    def _look_closer(
        self, missing: list[Path], now: Still, frame: Frame, astray: list[Path], taken: list[Row]
    ) -> None:
        """Ask again about paths that were not seen, the likeliest first, as far as allowed."""
        allowed = self._looker.counts["close"] + self._looker.close_looks
        for path in sorted(missing, key=lambda p: (p.missed, -p.best)):
            if self._looker.counts["close"] < allowed:
                found = self._looker.closer(path, frame, now.index, taken)
                if found is not None:
                    row, score, path.turn = found
                    self._sight(path, now.index, row, score, astray, taken)
                    continue
            path.missed += 1
            if path.missed > 1 and taken:
                # Where another face is seen by now, that one is covered instead.
                there = affinity(self._rows([path], now), stacked(taken)).max()
                path.alive = bool(there < 0.3)

    def _sight(
        self, path: Path, index: int, row: Row, score: float, astray: list[Path], taken: list[Row]
    ) -> None:
        if not path.see(index, row, score, self._final_index):
            astray.append(path)
        path.gait.saw(self._film[index], row)
        taken.append(row)

    # Finality.

    def _last_chance(self, now: Still) -> bool:
        """Whether a frame that no look can reach back to yet becomes final with this one."""
        if self._horizon is None:
            return False
        unseen = max(self._final_index, self._looker.looked + 1)
        step, allowed = now.span.start - self._film[now.index - 1].span.start, self._allowed(now)
        if allowed < _ROOM * step:
            return True  # so few frames an answer reaches back to that each is looked at
        early = 0 if self._due else self._early * step
        return now.span.end - self._film[unseen].span.end > allowed - early

    def _settle(self, now: Still) -> None:
        """Give out what can't change any more and forget the frames behind it."""
        until, limit = self._final_index, self._reach_frames
        allowed = self._allowed(now)
        while until < now.index:
            late = now.span.end - self._film[until].span.end > allowed
            if not late and (limit is None or now.index - until < limit):
                break
            until += 1
        self._emit(until)
        self._film.forget(until - 1, None if self._horizon is None else self._reached(now, until))
        self._final = self._film[until].span.start
        if self._unsure is not None:
            self._unsure.settled(self._final)

    def _reached(self, now: Still, until: int) -> int:
        """The frame from which on it is known when frames began, for what is followed unseen.

        Live, fewer stills are kept than that.
        """
        while self._far < until and now.span.end - self._film.start(self._far + 1) > self._reach:
            self._far += 1
        return self._far - 1

    def _allowed(self, now: Still) -> int:
        """For how many ticks a frame may wait.

        Note [a horizon counts two frames more]: a frame's cover needs its track's next key, and
        that is final one frame later, so what is decided here is shown two frames on.
        """
        if self._horizon is None:
            return self._reach
        step = now.span.start - self._film[now.index - 1].span.start
        return max(0, min(self._reach, self._stretch * self._horizon - 2 * step))

    def _emit(self, until: int) -> None:
        """Hand over all keys of frames before index `until`."""
        for index in range(self._final_index, until):
            start = self._film[index].span.start
            for path in self._paths:
                mark = path.marks.get(index)
                path.kept = path.kept or self._worth(path)
                if mark is not None and path.kept:
                    key = Key(
                        start,
                        box_of(mark, self._settings.traits.lines or self._settings.traits.slender),
                        path.why(index),
                        mark.score,
                    )
                    self._ready.append((path.id, self._kind, key))
            if self._unsure is not None:
                self._unsure.decided(index, start)
        self._final_index = max(self._final_index, until)
        for path in self._paths:
            for index in [i for i in path.marks if i < until - 1]:
                del path.marks[index]
        self._paths = [p for p in self._paths if p.alive or p.marks]

    def _worth(self, path: Path) -> bool:
        """Whether a path is a face, as far as is known by now: see Note [who runs]."""
        settings = self._settings
        more = self._looker.needed(path.size_like) - settings.seed
        if settings.keep_unsure or self._halvings > 1 or path.best >= settings.sure + more:
            return True
        return (path.sightings > 1 or path.ran) and path.best >= settings.seed + more
