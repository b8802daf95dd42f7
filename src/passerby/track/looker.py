"""When to look, how closely, and what was seen: everything that asks the detector."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from ..core.detection import Detections, overlaps
from ..core.frame import Frame, grounds
from ..core.geometry import Box, Size
from ..core.ports import Detector, Look
from ..core.time import Clock, Ticks
from . import looks
from .film import Film
from .motion import Still
from .path import Path
from .rows import Row, affinity, stacked
from .settings import FollowSettings

GATE: Final = 0.12  # least fit of a sighting to the path that it may belong to
_TURNED: Final = 0.45  # score that a face seen in a turned picture needs
_LARGE: Final = (48.0, 112.0)  # network pixels between which a new face needs an ever better score
_CERTAIN: Final = 40.0  # network pixels from which motion keeps to a face for long
_AT_ONCE: Final = 4  # close looks a look at new things, live
_TURNS: Final = {0: 1, 1: 3, 3: 2, 2: 1}  # the order in which turned looks take turns


class Looker:
    """Asks one detector about frames of one film, within what the settings allow."""

    def __init__(
        self, detector: Detector, settings: FollowSettings, clock: Clock, size: Size
    ) -> None:
        self._detector, self._settings, self._size = detector, settings, size
        self._interval = clock.ticks(settings.interval)
        self._turned_interval = clock.ticks(settings.turned_interval)
        self._clock = clock
        self._due: dict[str, Ticks] = {}
        self._turn = 0
        self._bright = False
        self._unturned = False  # nothing of this shot has been looked at in other turns yet
        self.counts = {"coarse": 0, "fine": 0, "turned": 0, "close": 0}
        self.looked = -1  # index of the last frame that was looked at
        self.coarser(0)

    def coarser(self, halvings: int) -> None:
        """Look less finely, see `core.live.LivePlanner`; the next frame is looked at."""
        how = self._settings.coarser(halvings, max(self._size.width, self._size.height))
        self._side, self._traits, self.close_looks = how.coarse, how.traits, how.close_looks
        self._coarse = looks.coarse_scale(self._size, how)
        self._fine = looks.fine_scale(self._size, how)
        fine = looks.tiles(self._size, self._fine, how.coarse) if self._fine > self._coarse else ()
        self._tiles = tuple(fine)  # (scale, crop) of the looks that make up a fine one
        self._next_tile = 0
        turns = Fraction(max(1, len(self._tiles)), how.tiles_at_once)
        self._tile_interval = self._clock.ticks(how.fine_interval / turns)
        self.looked = -1

    def wanted(self, film: Film, alive: list[Path], *, live: bool = False) -> bool:
        """Whether the last frame of the film is worth a look.

        `live`: looks come often anyway, and who hurries is looked at closely instead.
        """
        now = film.last
        eager = self._traits.eager
        if film.jolted(now.index) or film.cut(now.index) or (film.upset and eager):
            return True
        since = film.moment(now.index) - film.moment(self.looked) + now.span.end - now.span.start
        if since > self._interval or live or not eager:
            return since > self._interval
        if 3 * since > self._interval and any(path.hurried for path in alive):
            return True
        return 2 * since > self._interval and _crowded([p.at(now.index) for p in alive])

    def whole(self, film: Film, now: Still, frame: Frame, *, closing: bool) -> Detections:
        """Look at all of a frame, and where that is due at a part of it finely, and at it turned.

        `closing`: the shot ends with this frame, what has not been done in it is done now.
        """
        threshold = self._settings.near
        opening = (film.cut(now.index) or film.blinked is not None) and not closing
        if opening:
            self._restart()
        self.looked = now.index
        gain = 1.0
        if now.light < looks.DARK:
            self._bright = not self._bright
            gain = 2.5 if self._bright else 1.0
        parts: list[Detections] = []
        at = film.moment(now.index)
        tiles = self._due_tiles(now, at, frame, opening)
        if not any(crop is None for _, crop in tiles):  # that one shows all, and finer
            self.counts["coarse"] += 1
            look = Look(scale=self._coarse, threshold=threshold, gain=gain)
            parts.append(self._ask(frame, look, coarsest=True))
        for scale, crop in tiles:
            self.counts["fine"] += 1
            look = Look(scale, threshold, crop, 0, gain)
            parts.append(self._ask(frame, look, coarsest=crop is None))
        for place in () if closing else film.upset:
            parts += self._there(frame, place)
        upright = self._surer_when_large(
            looks.united(parts, self._traits.lines), threshold, self._traits.large_again
        )
        turned = [
            self._surer_when_large(seen, _TURNED, self._traits.large)
            for seen in self._turned(at, frame, gain, opening, closing)
        ]
        return looks.united(
            [upright, *(looks.elsewhere(part, upright) for part in turned)], self._traits.lines
        )

    def _restart(self) -> None:
        """Look at a new shot as if there had been none before, so that what is asked in it depends
        on nothing before it: a film can be looked at in parts. Its second look is in all turns."""
        self._next_tile, self._bright, self._turn = 0, False, 3 if self.looked >= 0 else 0

    def _ask(self, frame: Frame, look: Look, coarsest: bool = False) -> Detections:
        """What the detector sees that can be believed."""
        return looks.believed(self._detector, frame, look, self._traits, coarsest)

    def _due_tiles(
        self, now: Still, at: Ticks, frame: Frame, opening: bool
    ) -> Sequence[tuple[float, Box | None]]:
        """Of the fine look all tiles as a shot opens, then a few, so that cost is even."""
        if not self._tiles:
            return ()
        due = self._is_due("fine", at, self._tile_interval, opening)
        if not opening and not due:
            return ()
        chosen = self._tiles
        if not opening:
            count = min(self._settings.tiles_at_once, len(self._tiles))
            following = [(self._next_tile + 1 + n) % len(self._tiles) for n in range(count)]
            self._next_tile = following[-1]
            chosen = tuple(self._tiles[n] for n in following)
        least = self._traits.detail
        lumas = [(now.luma, now.scale)]
        if least:
            lumas += [(ground.luma(0), 1.0) for ground in grounds(frame)[1:]]
        return tuple(
            (scale, crop)
            for scale, crop in chosen
            if any(looks.detailed(luma, fine, crop, least) for luma, fine in lumas)
        )

    def _turned(
        self, at: Ticks, frame: Frame, gain: float, opening: bool, closing: bool
    ) -> list[Detections]:
        """What is seen with the picture turned: every way in the second look at a shot, then one.

        A shot so short that there is no second look is looked at finely, for it is never again.
        """
        if not self._traits.turned:
            return []
        if opening:
            self._unturned = True
            return []
        first, self._unturned = self._unturned, False
        if not self._is_due("turned", at, self._turned_interval, first):
            return []
        self._turn = _TURNS[self._turn]
        scale = self._fine if first and closing else self._coarse
        return self._turned_by({self._turn, 1, 3} if first else {self._turn}, frame, scale, gain)

    def _turned_by(
        self, turns: set[int], frame: Frame, scale: float, gain: float
    ) -> list[Detections]:
        seen: list[Detections] = []
        for turn in sorted(turns):
            self.counts["turned"] += 1
            seen += self._tiled(frame, scale, _TURNED, turn, gain)
        return seen

    def flashed(self, frame: Frame) -> Detections:
        """What is seen with the picture turned, in a shot of one frame: that has no second look,
        and under a strobe light all shots are so short. Nothing in shots that were looked at so."""
        if not self._unturned:
            return Detections.none()
        self._unturned = False
        seen = self._turned_by({1, 2, 3}, frame, self._coarse, 1.0)
        return looks.united(
            [self._surer_when_large(part, _TURNED, self._traits.large) for part in seen]
        )

    def _there(self, frame: Frame, place: Row) -> list[Detections]:
        """Look closely, and in all turns, where something small came up all at once."""
        side = float(max(place[2] - place[0], place[3] - place[1]))
        across = self._traits.close
        if side * self._fine > across or not self._traits.eager:
            return []  # what is that large, a look at the whole frame finds
        crop = looks.around(place, self._size, across / self._fine)
        scale = across / max(crop.width, crop.height)
        needed = (self._settings.near, *(_TURNED,) * (3 if self._traits.turned else 0))
        self.counts["close"] += len(needed)
        return [
            self._ask(frame, Look(scale, threshold, crop, turn))
            for turn, threshold in enumerate(needed)
        ]

    def _tiled(
        self, frame: Frame, scale: float, threshold: float, turn: int, gain: float
    ) -> list[Detections]:
        return [
            self._ask(frame, Look(fitted, threshold, crop, turn, gain))
            for fitted, crop in looks.tiles(self._size, scale, self._side)
        ]

    def _is_due(self, what: str, at: Ticks, interval: Ticks, fresh: bool) -> bool:
        due = self._due.get(what)
        if due is not None and at < due and not fresh:
            return False
        self._due[what] = Ticks(at + interval)
        return True

    def _surer_when_large(self, seen: Detections, threshold: float, extra: float) -> Detections:
        """Without large faces of little score: real ones score high, animals do not."""
        more = np.array([self._larger(row) for row in seen.boxes], np.float32)
        keep = seen.scores >= threshold + extra * more
        return Detections(seen.boxes[keep], seen.scores[keep])

    def closer(
        self, path: Path, frame: Frame, index: int, taken: list[Row]
    ) -> tuple[Row, float, int] | None:
        """Look closely where a path is believed to be: as it was last seen, then turned.

        What is seen at a place in `taken` is another face. (row, score, turn), or None.
        """
        row = path.at(index)
        turns = [path.turn]
        if self._traits.turned and (path.missed > 0 or path.turn):
            turns.append((2, 1, 3)[path.missed % 3] if path.turn == 0 else 0)
        for turn in turns:
            self.counts["close"] += 1
            threshold = max(0.15, self._settings.near) if turn == path.turn else 0.3
            look = looks.close_look(row, self._size, threshold, turn, self._traits)
            seen = self._ask(frame, look)
            if not len(seen):
                continue
            fits = affinity(stacked([row]), seen.boxes)[0]
            if taken:
                fits[overlaps(seen.boxes, stacked(taken)).max(axis=1) > 0.4] = 0
            best = int((fits + 0.2 * seen.scores * (fits > 0)).argmax())
            if fits[best] > GATE:
                return seen.boxes[best], float(seen.scores[best]), turn
        return None

    def news(
        self,
        seen: Detections,
        claimed: set[int],
        frame: Frame,
        taken: list[Row],
        *,
        at_once: bool = False,
    ) -> list[tuple[Row, float, bool]]:
        """Sightings that belong to nothing known; weak ones only if a close look agrees.

        (row, score, whether it was seen twice). `at_once`: there is no time for another look, so
        those that one sighting is not enough for are looked at closely now.
        """
        fresh: list[tuple[Row, float, bool]] = []
        budget = self.close_looks // 2
        again = max(_AT_ONCE, budget) if at_once else 0
        for d in np.argsort(-seen.scores, kind="stable"):
            if int(d) in claimed:
                continue
            row, score = seen.boxes[d], float(seen.scores[d])
            if taken and affinity(stacked([row]), stacked(taken)).max() > 0.45:
                continue
            needed = self.needed(row)
            if score < needed and budget > 0:
                budget -= 1
                score = max(score, self._again(row, frame, needed))
            if score < needed:
                continue
            sure, twice = score >= needed + self._settings.sure - self._settings.seed, False
            if not sure and again > 0:
                again -= 1
                closer = self._again(row, frame, needed)
                score, twice = max(score, closer), closer >= needed
            fresh.append((row, score, twice))
        return fresh

    def _again(self, row: Row, frame: Frame, needed: float) -> float:
        """The best score of what a close look sees where `row` is; 0 for nothing."""
        self.counts["close"] += 1
        look = looks.close_look(row, self._size, needed, 0, self._traits)
        again = self._ask(frame, look)
        same = overlaps(stacked([row]), again.boxes)[0] > 0.3
        return float(again.scores[same].max(initial=0))

    def needed(self, row: Row) -> float:
        """The score that a new face needs: more when it is large, for large faces score high."""
        return self._settings.seed + self._traits.large * self._larger(row)

    def is_large(self, row: Row) -> bool:
        """Whether a face is so large that its motion can be relied on for long."""
        return float(max(row[2] - row[0], row[3] - row[1])) * self._coarse > _CERTAIN

    def _larger(self, row: Row) -> float:
        """How large a face is to the network: 0 for ordinary ones, 1 for large ones."""
        side = float(max(row[2] - row[0], row[3] - row[1])) * self._coarse
        low, high = _LARGE
        return min(1.0, max(0.0, (side - low) / (high - low)))


def _crowded(rows: list[Row]) -> bool:
    """True when two faces pass each other."""
    shared = overlaps(stacked(rows), stacked(rows))
    np.fill_diagonal(shared, 0)
    return bool((shared > 0.1).any())
