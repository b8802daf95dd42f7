"""What gives way under load, in which order, and how it comes back."""

from __future__ import annotations

import tracemalloc
from collections import deque
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from passerby.core.live import Arrival
from passerby.core.time import Clock
from passerby.engine.pace import RAREST, RUNGS, Pace
from passerby.testing import ArrayFrame, Layout

FRAME = ArrayFrame([np.zeros((4, 4), np.uint8)], Layout.GRAY)
CLOCK = Clock(Fraction(1, 1000))
FEW = [(6, 3, 1, 2), (9, 3, 1, 2)]
SLOW = [(1, 0, 1, 1), (1, 1, 1, 1), (1, 2, 1, 1), (1, 2, 2, 1), (1, 3, 2, 1), (1, 3, 2, 2), *FEW]
FAST = [*(rung[:4] for rung in RUNGS[:-2]), (12, 3, 1, 2), (18, 3, 1, 2)]  # of 30 frames a second


def where(pace: Pace) -> tuple[int, int, int, int]:
    """On which of the rungs, of 15 frames a second `SLOW`."""
    return pace.stride, pace.halvings, pace.thinning, pace.stretch


class Camera:
    """A camera of `fps` frames a second before a pace; `behind`: for how long frames wait."""

    def __init__(
        self, fps: float = 15, delay: float | None = 0.5, spare: float | None = None
    ) -> None:
        self.spare = spare
        self.pace = Pace(delay, lambda now: self.spare)
        self.fps, self.now, self.number = fps, 100.0, 0

    def runs(
        self, seconds: float, behind: float = 0.0, *, missing: bool = False, busy: float = 0.1
    ) -> int:
        """How many of its frames are taken. `busy`: the share of time in which somebody looks."""
        taken = 0
        for _ in range(round(seconds * self.fps)):
            self.number += 1
            self.now = 100 + self.number / self.fps
            if missing:
                self.pace.missed(self.now)
            arrival = Arrival(FRAME, CLOCK, self.now, self.now, 0)
            taken += self.pace.takes(arrival, behind, self.now)
            self.pace.worked(busy / self.fps, self.now)
        return taken


def test_at_ease_every_frame_is_taken_in_full() -> None:
    camera = Camera()
    assert camera.runs(20) == 300
    assert (camera.pace.stride, camera.pace.halvings) == (1, 0)


@pytest.mark.parametrize("how", [{}, {"spare": 0.0}])
def test_it_keeps_no_more_the_longer_it_runs(how: dict[str, float]) -> None:
    """At ease, and where there is never room for more, nobody asks for what is remembered."""
    camera = Camera(**how)
    camera.runs(2, 0.4)
    camera.runs(60)
    tracemalloc.start()
    try:
        camera.runs(1200)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 20_000  # bytes


@pytest.mark.parametrize("how", [{"behind": 0.45}, {"missing": True}])
@pytest.mark.parametrize("fps", [15, 30])
def test_under_load_frames_of_a_fast_camera_give_way_first_and_then_detail(
    how: dict[str, float], fps: int
) -> None:
    camera = Camera(fps)
    steps: list[tuple[int, int, int, int]] = []
    for _ in range(250):
        camera.runs(0.1, **how)  # type: ignore[arg-type]  # a row's own words
        now = where(camera.pace)
        if not steps or steps[-1] != now:
            steps.append(now)
    few = 0 if "missing" in how else len(FEW)  # only what comes too late leads to the last steps
    assert steps == (FAST if fps == 30 else SLOW)[: len(steps) if not few else -few]


def test_a_step_is_given_time_before_the_next_one() -> None:
    """What is late right after it was late before."""
    camera = Camera()
    while not camera.pace.halvings:
        camera.runs(0.1, missing=True)
    camera.runs(1.4, missing=True)
    camera.runs(20)
    assert camera.pace.halvings == 0
    while not camera.pace.halvings:
        camera.runs(0.1, missing=True)
    camera.runs(2.8, missing=True)
    assert camera.pace.halvings == 2


def test_where_all_is_too_late_steps_come_at_once() -> None:
    """After two delays that are given up whole; before few frames are left, after some more."""
    camera = Camera()
    camera.runs(1)
    for step, then in pairwise(SLOW):
        times, late = 0, camera.pace.allowed + 0.12
        while where(camera.pace) == step:
            times += 1
            camera.runs(0.15, behind=late)
            assert camera.pace.hopeless(late)
            camera.pace.gave_up(round(late * camera.fps), camera.now)
            camera.runs(0.15)
        assert times == (2 if then != FEW[0] else 8)
        assert where(camera.pace) == then
        assert not camera.pace.hopeless(camera.pace.allowed + 0.05)


def test_many_pictures_of_which_some_are_covered_are_better_than_few() -> None:
    """One in twelve frames is late: enough for less detail, and not for leaving all but few out."""
    camera = Camera()
    for _ in range(60):
        camera.runs(0.07, missing=True)
        camera.runs(0.74)
    assert where(camera.pace) in SLOW[-4:-2]
    for _ in range(40):
        camera.runs(0.07, missing=True)
        camera.runs(0.14)
    assert camera.pace.stride in {stride for stride, *_ in FEW}


def test_a_single_hiccup_is_no_load() -> None:
    camera = Camera()
    for _ in range(5):
        camera.runs(0.1, behind=0.62)
        camera.pace.gave_up(9, camera.now)
        camera.runs(3)
    assert camera.pace.halvings == 0


def test_what_is_late_now_and_then_is_no_load() -> None:
    """A frame in two seconds that waits for a long look."""
    camera = Camera()
    for _ in range(20):
        camera.runs(0.2, behind=0.25)
        camera.runs(0.07, missing=True)
        camera.runs(1.9)
    assert (camera.pace.stride, camera.pace.halvings) == (1, 0)


def test_what_is_covered_again_and_again_is_load_however_short() -> None:
    camera = Camera()
    for _ in range(12):
        camera.runs(0.07, missing=True)
        camera.runs(0.8)
    assert camera.pace.halvings == 1


def test_what_is_taken_is_never_so_rare_that_nothing_can_be_decided() -> None:
    for fps in (4, 8, 10, 15, 25, 30, 60):
        camera = Camera(fps=fps)
        camera.runs(1)
        for _ in range(60):
            slowest = max(1 / fps, RUNGS[camera.pace._rung].slowest + 0.01)
            rarest = max(1 / fps, RAREST + 0.01, slowest)
            assert camera.pace.stride * camera.pace.thinning / fps <= rarest
            assert camera.pace.stride / fps <= slowest
            assert camera.pace.allowed <= max(0.5 * camera.pace.stretch, 3 * slowest)
            camera.runs(0.5, missing=True)
        assert camera.pace.halvings == RUNGS[-1][1]
        assert camera.pace.stride / fps > RUNGS[-1].slowest / 2


@pytest.mark.parametrize("fps", [15, 30])
def test_it_comes_back_step_by_step_where_there_is_room(fps: int) -> None:
    camera = Camera(fps)
    camera.runs(25, missing=True)
    seen: list[tuple[int, int, int, int]] = []
    for _ in range(600):
        camera.runs(0.1, busy=0.3)
        now = where(camera.pace)
        if not seen or seen[-1] != now:
            seen.append(now)
    assert seen == (FAST if fps == 30 else SLOW)[::-1]


def test_it_does_not_come_back_where_more_would_be_too_much() -> None:
    camera = Camera()
    camera.runs(15, missing=True)
    camera.runs(200, busy=0.65)
    assert camera.pace.halvings == RUNGS[-1][1]


def test_it_does_not_come_back_where_the_machine_has_no_room() -> None:
    """Four cameras of which none is busy, but all together are."""
    camera = Camera(spare=0.2)
    camera.runs(15, missing=True)
    camera.runs(60, busy=0.2)
    assert camera.pace.halvings == RUNGS[-1][1]
    camera.spare = 0.5
    camera.runs(60, busy=0.2)
    assert camera.pace.halvings == 0


def test_what_failed_when_it_was_tried_is_tried_ever_later() -> None:
    """A machine that bears one step less does not change between them all the time."""
    camera = Camera()
    camera.runs(2.5, missing=True)
    changes, last = 0, camera.pace.halvings
    for _ in range(600):
        camera.runs(0.5, missing=camera.pace.halvings == 0)
        changes += camera.pace.halvings != last
        last = camera.pace.halvings
    assert 2 <= changes <= 16


def test_once_more_is_borne_the_rest_is_tried_sooner() -> None:
    """Tries that failed all through a rush hour make the way back no longer than it has to be."""
    camera = Camera()
    camera.runs(15, missing=True)
    for _ in range(600):
        camera.runs(0.5, missing=camera.pace.halvings < 3)
    waited = 0
    while camera.pace.halvings and waited < 600:
        camera.runs(1)
        waited += 1
    assert waited < 260  # 120, 60, 30 and 15 seconds, and some to see each time that it holds


def test_room_is_used_when_there_is_some() -> None:
    """Somebody looked a lot at the moment when more was to be tried; a second later nobody does."""
    camera = Camera()
    camera.runs(15, missing=True)
    for _ in range(20):
        camera.runs(2.5, missing=camera.pace.halvings < 3)
    camera.runs(130, busy=0.9)
    camera.runs(6)
    assert camera.pace.halvings < 3


def test_without_a_clock_nothing_is_left_out() -> None:
    camera = Camera(delay=None)
    assert camera.runs(10, behind=9) == 150
    assert camera.pace.deadline(Arrival(FRAME, CLOCK, 1.0, 1.0, 0)) == float("inf")


def decided(each: float, *, gives_up: bool = True) -> float:
    """The share of a minute's frames that are decided in time where each is looked at for `each`
    seconds, one after the other, and all of the look-ahead has to be seen before."""
    pace, step, now = Pace(0.5), 1 / 15, 0.0
    unseen, held = deque[float](), deque[float]()  # when frames came
    came, good = 0, 0
    while came < 900 or unseen:
        while came < 900 and came * step <= now:
            at = came * step
            behind = at - unseen[0] if unseen else 0.0
            pace.takes(Arrival(FRAME, CLOCK, at, at, 0), behind, at)
            if unseen and (pace.hopeless(behind) or (gives_up and pace.in_vain(behind))):
                pace.gave_up(len(unseen), at)
                unseen.clear()
            unseen.append(at)
            came += 1
        if not unseen:
            now = came * step
            continue
        seen, now = unseen.popleft(), now + each
        pace.worked(each, now)
        held.append(seen)
        while seen - held[0] >= 0.3:
            good += now <= held.popleft() + 0.5
    return good / 900


@pytest.mark.parametrize("each", [0.02, 0.05, 0.06])
def test_nothing_is_given_up_where_there_is_time_for_all(each: float) -> None:
    assert decided(each) > 0.98


def test_a_little_too_much_work_does_not_cover_everything() -> None:
    """A line that is a little too long stays so, and all that passes through it is late."""
    assert decided(0.07, gives_up=False) < 0.2
    assert decided(0.07) > 0.45


def test_one_long_look_makes_nothing_in_vain() -> None:
    camera = Camera()
    camera.runs(4, busy=0.3)
    camera.pace.worked(0.6, camera.now)
    assert not camera.pace.in_vain(0.35)
    assert camera.pace.in_vain(0.45)
    camera.runs(4, busy=0.95)
    assert camera.pace.in_vain(0.2)


def test_frames_that_are_given_up_now_and_then_are_load_like_those_that_come_late() -> None:
    camera = Camera()
    for _ in range(12):
        camera.pace.gave_up(4, camera.now)
        camera.pace.published(0.3)
        camera.runs(0.8)
    assert camera.pace.halvings == 1
