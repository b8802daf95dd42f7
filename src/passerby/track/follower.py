"""Follow faces both ways through time: look now and then, carry by motion between, reach back.

The film is seen once, in order. What is kept of it is a short ring of small lumas, so a face that is
first seen now can be followed back to where it came in; everything older than the ring is final.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np

from ..core.detection import Boxes, Detections, contained, overlaps
from ..core.frame import Frame
from ..core.geometry import Size
from ..core.ports import Detector
from ..core.time import FOREVER, Clock, Ticks
from ..core.track import Key
from . import looks, motion
from .assign import assigned
from .motion import Still
from .path import Mark, Path, Row, box_of, hull, sized
from .settings import FollowSettings

_JOLT: Final = 0.25  # share of background points below which nothing can be followed
_CUT: Final = 0.6  # likeness below which a jolt is a cut
_FLASH: Final = 8.0  # change of mean brightness that may be a flash
_UPSET: Final = 18.0  # sudden local change of brightness that is worth a look
_GATE: Final = 0.12  # least overlap of a sighting with the path that it may belong to
_TURNED: Final = 0.45  # score that a face seen in a turned picture needs


class Follower:
    """Implements the port `core.ports.Follower` for one detector. Not thread-safe.

    `reach_frames` bounds how many frames may wait to become final, whatever their rate.
    """

    def __init__(
        self,
        detector: Detector,
        settings: FollowSettings,
        clock: Clock,
        size: Size,
        *,
        reach_frames: int | None = None,
    ) -> None:
        self._detector, self._settings, self._size = detector, settings, size
        self._kind = detector.info.kind
        self._reach = clock.ticks(settings.reach)
        self._hold = clock.ticks(settings.hold)
        self._interval = clock.ticks(settings.interval)
        self._fine_interval = clock.ticks(settings.fine_interval)
        self._turned_interval = clock.ticks(settings.turned_interval)
        self._reach_frames = reach_frames
        self._coarse = looks.coarse_scale(size, settings)
        self._fine = looks.fine_scale(size, settings)
        self.smallest_face = looks.smallest(size, settings)
        self.looks = {"coarse": 0, "fine": 0, "turned": 0, "close": 0}
        self._ring: deque[Still] = deque()
        self._jolts: set[int] = set()  # frames that nothing could be followed into
        self._cuts: set[int] = set()  # of those, the ones that start another scene
        self._paths: list[Path] = []
        self._ready: list[tuple[int, str, Key]] = []
        self._final = Ticks(0)
        self._final_index = 0
        self._next_index = 0
        self._next_id = 1
        self._previous: Frame | None = None
        self._looked = -1  # index of the last frame that was looked at
        self._due: dict[str, int] = {}
        self._turn = 0
        self._usual = 0.0  # how much the most changed part of the picture usually changes
        self._upset = False

    # -- the port ---------------------------------------------------------------------------

    def see(self, frame: Frame) -> None:
        now = motion.still(frame, self._next_index)
        self._next_index += 1
        if self._ring:
            self._advance(self._ring[-1], now)
        else:
            self._cuts.add(now.index)
            self._final = now.span.start
        self._ring.append(now)
        if self._wants(now):
            self._look(now, frame)
        self._retire(now)
        self._previous = frame
        self._settle(now)

    def finish(self) -> None:
        if self._ring and self._previous is not None and self._looked < self._ring[-1].index:
            self._look(self._ring[-1], self._previous)
        self._previous = None
        self._emit(self._next_index)
        self._final = FOREVER
        self._ring.clear()

    @property
    def final_until(self) -> Ticks:
        return self._final

    def take(self) -> Sequence[tuple[int, str, Key]]:
        ready, self._ready = self._ready, []
        return ready

    # -- forwards ---------------------------------------------------------------------------

    def _alive(self) -> list[Path]:
        return [p for p in self._paths if p.alive]

    def _advance(self, before: Still, now: Still) -> None:
        """Carry every living path one frame on."""
        alive = self._alive()
        rows = _rows([p.at(before.index) for p in alive])
        alike = motion.likeness(before, now)
        flash = abs(now.light - before.light) > _FLASH
        upset = motion.upset(before, now)
        self._upset = upset > _UPSET and upset > 3 * self._usual
        self._usual = 0.8 * self._usual + 0.2 * min(upset, 2 * self._usual + 4)
        ahead = _pairs([p.velocity for p in alive])
        step = motion.step(before, now, rows, ahead, calm=alike > 0.985 and not flash)
        if step.steady < _JOLT and (alike < 0.985 or flash):
            self._jolts.add(now.index)
            if alike < _CUT:
                self._cuts.add(now.index)
            if self._previous is not None and self._looked < before.index:
                self._look(before, self._previous)
                alive = self._alive()
                rows = _rows([p.at(before.index) for p in alive])
                step = motion.step(before, now, rows, calm=False)
        if now.index in self._cuts:
            for path in alive:
                path.alive = False
            return
        jolted = now.index in self._jolts
        for path, row, held in zip(alive, step.boxes, step.held, strict=True):
            self._carry(path, before, now, row, float(held), step.camera, jolted)

    def _carry(
        self,
        path: Path,
        before: Still,
        now: Still,
        row: Row,
        held: float,
        camera: Row,
        jolted: bool,
    ) -> None:
        old = path.at(before.index)
        since = now.index - path.last_seen
        if held >= motion.ENOUGH and not jolted:
            shift = ((row - old)[:2] + (row - old)[2:]) / 2
            path.velocity = 0.5 * path.velocity + 0.5 * (shift - camera)
            path.lost = 0
            path.follow(now.index, sized(row, path.size_like), since)
            return
        if path.lost == 0:
            path.lost_at = now.index
        path.lost += 1
        drift = np.zeros(2, np.float32) if jolted else camera + path.velocity
        path.velocity = path.velocity * np.float32(0.85)
        moved = old + np.tile(drift, 2).astype(np.float32)
        path.follow(now.index, moved, since + 2 * path.lost)

    def _retire(self, now: Still) -> None:
        """End paths that left the picture, or were not seen for too long."""
        for path in self._alive():
            row = path.at(now.index)
            cx, cy = (row[0] + row[2]) / 2, (row[1] + row[3]) / 2
            gone = (
                min(cx, cy) < -0.25 * (row[2] - row[0])
                or cx > self._size.width + 0.25 * (row[2] - row[0])
                or cy > self._size.height + 0.25 * (row[3] - row[1])
            )
            unseen = now.span.end - self._span_start(path.last_seen)
            astray = path.lost and now.span.end - self._span_start(path.lost_at) > self._hold
            if gone or unseen > self._patience(path) or (astray and path.missed > 0):
                path.alive = False

    def _patience(self, path: Path) -> int:
        """For how many ticks a path is followed unseen: longer the surer it is a face."""
        return int(self._reach * min(1.0, 0.25 + path.best))

    def _span_start(self, index: int) -> Ticks:
        """The first tick of frame `index`; of the oldest frame kept when it is older."""
        position = max(0, index - self._ring[0].index)
        return self._ring[min(position, len(self._ring) - 1)].span.start

    # -- looking ----------------------------------------------------------------------------

    def _wants(self, now: Still) -> bool:
        if now.index in self._jolts or now.index in self._cuts or self._upset:
            return True
        since = now.span.end - self._span_start(self._looked)
        if since > self._interval:
            return True
        alive = self._alive()
        if any(p.lost in (1, 3) for p in alive) and 3 * since > self._interval:
            return True
        return 2 * since > self._interval and self._crowded(alive, now.index)

    def _crowded(self, alive: list[Path], index: int) -> bool:
        """True when two faces pass each other."""
        rows = _rows([p.at(index) for p in alive])
        shared = overlaps(rows, rows)
        np.fill_diagonal(shared, 0)
        return bool((shared > 0.1).any())

    def _is_due(self, what: str, now: Still, interval: Ticks) -> bool:
        due = self._due.get(what)
        if due is not None and now.span.start < due and now.index not in self._cuts:
            return False
        self._due[what] = now.span.start + interval
        return True

    def _look(self, now: Still, frame: Frame) -> None:
        """Look at a frame, join what is seen with what was followed, and follow the news back."""
        self._looked = now.index
        seen = self._whole(now, frame)
        alive = [p for p in self._alive() if now.index in p.marks]
        pairs = self._matched(alive, now.index, seen)
        claimed = {d for _, d in pairs}
        back: list[Path] = []
        for p, d in pairs:
            self._sight(alive[p], now.index, seen.boxes[d], float(seen.scores[d]), back)
        matched_rows = [seen.boxes[d] for _, d in pairs]
        missing = [p for i, p in enumerate(alive) if i not in {i for i, _ in pairs}]
        spent = self.looks["close"]
        for path in sorted(missing, key=lambda p: (p.missed, -p.best)):
            if self.looks["close"] - spent >= self._settings.close_looks:
                break
            found = self._closer(path, frame, now.index, matched_rows)
            if found is None:
                continue
            row, score, turn = found
            path.turn = turn
            self._sight(path, now.index, row, score, back)
            matched_rows.append(row)
        for path in missing:
            if path.last_seen != now.index:
                path.missed += 1
                self._supersede(path, now.index, matched_rows)
        news = self._news(seen, claimed, frame, now, matched_rows)
        self._paths += news
        self._trace_back(news, back, now)

    def _supersede(self, path: Path, index: int, rows: list[Row]) -> None:
        """End a path that was missed twice where another face is seen: that one is covered now."""
        if path.missed > 1 and rows:
            path.alive = bool(_affinity(_rows([path.at(index)]), _rows(rows)).max() < 0.3)

    def _whole(self, now: Still, frame: Frame) -> Detections:
        s, threshold = self._settings, self._settings.near
        gain = 1.0
        if now.light < looks.DARK:
            self._due["bright"] = 1 - self._due.get("bright", 0)
            gain = 2.5 if self._due["bright"] else 1.0
        parts: list[Detections] = []
        fine = self._fine > self._coarse and self._is_due("fine", now, self._fine_interval)
        if fine:
            self.looks["fine"] += 1
            for scale, crop in looks.tiles(self._size, self._fine, s.coarse):
                look = looks.Look(scale=scale, threshold=threshold, crop=crop, gain=gain)
                parts.append(self._detector.detect(frame, look))
        if not fine or self._fine > 1.5 * self._coarse:
            self.looks["coarse"] += 1
            parts.append(looks.whole(frame, self._detector, self._coarse, threshold, 0, gain))
        if self._is_due("turned", now, self._turned_interval):
            self._turn = {0: 1, 1: 3, 3: 2, 2: 1}[self._turn]
            for turn in {self._turn, 1, 3} if now.index in self._cuts else {self._turn}:
                self.looks["turned"] += 1
                for scale, crop in looks.tiles(self._size, self._fine, s.coarse):
                    look = looks.Look(
                        scale=scale, threshold=_TURNED, crop=crop, turn=turn, gain=gain
                    )
                    parts.append(self._detector.detect(frame, look))
        return looks.united(parts)

    def _matched(self, alive: list[Path], index: int, seen: Detections) -> list[tuple[int, int]]:
        rows = _rows([p.at(index) for p in alive])
        shared = _affinity(rows, seen.boxes)
        cost = np.where(shared > _GATE, 1 - shared, 10.0)
        return [(p, d) for p, d in assigned(cost) if shared[p, d] > _GATE]

    def _closer(
        self, path: Path, frame: Frame, index: int, taken: list[Row]
    ) -> tuple[Row, float, int] | None:
        """Look closely where a path is believed to be: upright, then as it was last seen turned."""
        row = path.at(index)
        turns = [path.turn]
        if path.missed > 0 or path.turn:
            turns.append({1: 1, 2: 3, 0: 2}[path.missed % 3] if path.turn == 0 else 0)
        for turn in turns:
            self.looks["close"] += 1
            threshold = max(0.15, self._settings.near) if turn == path.turn else 0.3
            look = looks.close_look(row, self._size, threshold, turn)
            seen = self._detector.detect(frame, look)
            if not len(seen):
                continue
            fit = overlaps(_rows([row]), seen.boxes)[0] + 0.2 * seen.scores
            if taken:
                fit[overlaps(seen.boxes, _rows(taken)).max(axis=1) > 0.4] = 0
            best = int(fit.argmax())
            if overlaps(_rows([row]), seen.boxes)[0, best] > _GATE and fit[best] > 0:
                return seen.boxes[best], float(seen.scores[best]), turn
        return None

    def _news(
        self,
        seen: Detections,
        claimed: set[int],
        frame: Frame,
        now: Still,
        taken: list[Row],
    ) -> list[Path]:
        """Paths for sightings that belong to nothing known; weak ones only if a close look agrees."""
        news: list[Path] = []
        budget = self._settings.close_looks // 2
        for d in np.argsort(-seen.scores, kind="stable"):
            if int(d) in claimed:
                continue
            row, score = seen.boxes[d], float(seen.scores[d])
            if taken and overlaps(_rows([row]), _rows(taken)).max() > 0.6:
                continue
            needed = self._needed(row)
            confirmed = False
            if score < needed and budget > 0:
                budget -= 1
                self.looks["close"] += 1
                again = self._detector.detect(frame, looks.close_look(row, self._size, needed))
                same = overlaps(_rows([row]), again.boxes)[0] > 0.3
                confirmed = bool(same.any())
                score = max(score, float(again.scores[same].max(initial=0)))
            if score < needed:
                continue
            path = Path(
                id=self._next_id,
                marks={now.index: Mark(row, score)},
                first_seen=now.index,
                last_seen=now.index,
                best=score,
                confirmed=confirmed,
                size_like=row,
            )
            self._next_id += 1
            news.append(path)
        return news

    def _sight(self, path: Path, index: int, row: Row, score: float, back: list[Path]) -> None:
        """A known path was seen: bend what was followed since the last sighting towards it."""
        before, predicted = path.last_seen, path.at(index)
        path.seen_before = before
        off = row - predicted
        agree = float(overlaps(_rows([row]), _rows([predicted]))[0, 0])
        if agree > 0.5:
            for j in range(before + 1, index):
                mark = path.marks.get(j)
                if mark is not None and j >= self._final_index:
                    share = np.float32((j - before) / (index - before))
                    mark.row = mark.row + off * share
                    mark.slack = min(mark.slack, 0.1)
        else:
            back.append(path)
        path.velocity = path.velocity + (off[:2] + off[2:]) / 2 / max(4, index - before)
        path.see(index, row, score)

    # -- backwards --------------------------------------------------------------------------

    def _trace_back(self, news: list[Path], bent: list[Path], now: Still) -> None:
        """Follow new paths back to where they came in, and corrected ones to their last sighting."""
        walkers = [_Walker(p, p.at(now.index).copy(), True) for p in news]
        walkers += [_Walker(p, p.at(now.index).copy(), False) for p in bent]
        position = now.index - self._ring[0].index
        while walkers and position > 0:
            later, earlier = self._ring[position], self._ring[position - 1]
            position -= 1
            if later.index in self._cuts or earlier.index < self._final_index:
                return
            jolted = later.index in self._jolts
            rows = _rows([w.row for w in walkers])
            ahead = _pairs([w.velocity for w in walkers])
            step = motion.step(later, earlier, rows, ahead, calm=True)
            going: list[_Walker] = []
            for walker, row, held in zip(walkers, step.boxes, step.held, strict=True):
                if held >= motion.ENOUGH and not jolted:
                    shift = ((row - walker.row)[:2] + (row - walker.row)[2:]) / 2
                    walker.velocity = 0.5 * walker.velocity + 0.5 * (shift - step.camera)
                    walker.row = sized(row, walker.like)
                    walker.lost_since = None
                else:
                    drift = np.zeros(2, np.float32) if jolted else step.camera + walker.velocity
                    walker.velocity = walker.velocity * np.float32(0.85)
                    walker.row = walker.row + np.tile(drift, 2).astype(np.float32)
                    walker.lost_since = walker.lost_since or later.span.start
                if self._walk_on(walker, earlier, now):
                    going.append(walker)
            walkers = going

    def _walk_on(self, walker: _Walker, earlier: Still, now: Still) -> bool:
        """Mark one frame further back; False when this is where it came in."""
        path, row, index = walker.path, walker.row, earlier.index
        if not walker.new:
            if path.marks[index].score is not None:
                return False
            path.cover(index, row, 2 * index > path.seen_before + now.index)
            return True
        lost_for = (walker.lost_since or earlier.span.start) - earlier.span.start
        if lost_for > self._hold or now.span.start - earlier.span.start > self._reach:
            return False
        if self._joins(path, row, index):
            return False
        path.follow(index, row, now.index - index)
        cx, cy = (row[0] + row[2]) / 2, (row[1] + row[3]) / 2
        return 0 <= cx < self._size.width and 0 <= cy < self._size.height

    def _joins(self, path: Path, row: Row, index: int) -> bool:
        """When a new path walks back into an old one that was lost since, they are one."""
        for old in self._paths:
            mark = old.marks.get(index)
            if old is path or mark is None or old.last_seen > index:
                continue
            if float(overlaps(_rows([row]), _rows([mark.row]))[0, 0]) < 0.35:
                continue
            for j, later in path.marks.items():
                if j > index:
                    there = old.marks.get(j)
                    covered = there is not None and there.score is None
                    joined = hull(there.row, later.row) if covered and there else later.row
                    near = (
                        covered
                        and there
                        and float(overlaps(_rows([there.row]), _rows([later.row]))[0, 0]) > 0.1
                    )
                    old.marks[j] = Mark(joined if near else later.row, later.score, later.slack)
            old.last_seen = path.last_seen
            old.best = max(old.best, path.best)
            old.sightings += path.sightings
            old.confirmed |= path.confirmed
            old.missed = old.lost = 0
            old.alive = path.alive
            old.velocity = path.velocity
            old.size_like = path.size_like
            old.turn = path.turn
            self._paths = [p for p in self._paths if p is not path]
            return True
        return False

    # -- finality ---------------------------------------------------------------------------

    def _settle(self, now: Still) -> None:
        """Give out what can't change any more and forget the frames behind it."""
        limit = self._reach_frames
        until = self._final_index
        for old in self._ring:
            late = now.span.end - old.span.end > self._reach
            crowded = limit is not None and now.index - old.index >= limit
            if not (late or crowded):
                break
            until = old.index + 1
        self._emit(until)
        while len(self._ring) > 2 and self._ring[0].index < until - 1:
            self._ring.popleft()
        if until > 0 and self._ring:
            self._final = next(s.span.start for s in self._ring if s.index >= until)
        self._jolts = {j for j in self._jolts if j >= until - 1}
        self._cuts = {c for c in self._cuts if c >= until - 1}

    def _emit(self, until: int) -> None:
        """Hand over all keys of frames before index `until`."""
        for index in range(self._final_index, until):
            span = self._ring[index - self._ring[0].index].span
            for path in self._paths:
                mark = path.marks.get(index)
                if mark is None:
                    continue
                if path.kept is None or (path.kept is False and self._worth(path)):
                    path.kept = self._worth(path)
                if path.kept:
                    key = Key(span.start, box_of(mark), path.why(index), mark.score)
                    self._ready.append((path.id, self._kind, key))
        self._final_index = max(self._final_index, until)
        for path in self._paths:
            for index in [i for i in path.marks if i < until - 1]:
                del path.marks[index]
        self._paths = [p for p in self._paths if p.alive or p.marks]

    def _worth(self, path: Path) -> bool:
        """Whether a path is a face, as far as is known when its first frame becomes final."""
        s = self._settings
        if s.keep_unsure or path.confirmed or path.best >= s.sure:
            return True
        return path.sightings > 1 and path.best >= self._needed(path.size_like)

    def _needed(self, row: Row) -> float:
        """The score that a new face needs: more when it is large, for large faces score high."""
        side = float(max(row[2] - row[0], row[3] - row[1])) * self._coarse
        return self._settings.seed + 0.25 * min(1.0, max(0.0, (side - 48) / 64))


class _Walker:
    """A path on its way back through the ring."""

    __slots__ = ("like", "lost_since", "new", "path", "row", "velocity")

    def __init__(self, path: Path, row: Row, new: bool) -> None:
        self.path, self.row, self.new = path, row, new
        self.like = row
        self.velocity = np.zeros(2, np.float32)
        self.lost_since: Ticks | None = None


def _rows(rows: Sequence[Row]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.stack(rows) if rows else np.zeros((0, 4), np.float32)


def _affinity(rows: Boxes, boxes: Boxes) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """How well each row fits each box, 0..1: overlap, or one lies in the other at a like size."""
    areas = [(x[:, 2:] - x[:, :2]).prod(axis=1) for x in (rows, boxes)]
    ratio = areas[0][:, None] / np.maximum(areas[1][None, :], 1e-6)
    inside = 0.6 * contained(rows, boxes) * ((ratio > 0.4) & (ratio < 2.5))
    return np.maximum(overlaps(rows, boxes), inside).astype(np.float64)


def _pairs(pairs: Sequence[Row]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.stack(pairs).astype(np.float32) if pairs else np.zeros((0, 2), np.float32)
