"""Where nobody could tell who is there, the whole picture is covered, if that was asked for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from passerby.core.geometry import Box, Size
from passerby.core.time import FOREVER, Span, Ticks
from passerby.core.track import Why
from passerby.testing import ArrayFrame, Layout
from passerby.track import DimPages, Follower, Unsure
from passerby.track.unsure import BLACK, WHITE

from .films import CLOCK, PATIENT, SIZE, TICK, Actor, Eyes, Film, shot, straight, within

REACH = Fraction(1, 2)
WHOLE = Box(0, 0, SIZE.width, SIZE.height)


def covered(film: Film, eyes: Eyes | None = None, reach: Fraction = REACH) -> dict[str, set[int]]:
    """Frames that are covered whole, by reason."""
    unsure = Unsure(SIZE, CLOCK.ticks(reach))
    one = Follower(eyes or Eyes(film), replace(PATIENT, reach=reach), CLOCK, SIZE, unsure=unsure)
    found: dict[str, set[int]] = {}
    final = Ticks(-FOREVER)
    for frame in [*film.frames, None]:
        if frame is None:
            one.finish()
        else:
            one.see(frame)
        assert unsure.final_until >= final
        for _, reason, key in unsure.take():
            assert final <= key.at < unsure.final_until, "what is final stays as it is"
            assert (key.box, key.why, key.score) == (WHOLE, Why.UNSURE, None)
            found.setdefault(reason, set()).add(film.index[key.at])
        final = unsure.final_until
    return found


def test_a_film_in_which_all_can_be_seen_is_not_covered() -> None:
    assert covered(shot(50, Actor(straight(40, 60, 3)))) == {}


def test_whoever_does_not_ask_gets_no_such_keys() -> None:
    film = shot(10, light=lambda _: -200)
    one = Follower(Eyes(film), PATIENT, CLOCK, SIZE)
    for frame in film.frames:
        one.see(frame)
    one.finish()
    assert one.take() == []


@pytest.mark.parametrize(("light", "reason"), [(-120, "frame-dark"), (180, "frame-bright")])
def test_frames_that_are_nearly_black_or_white_are_covered_and_no_others(
    light: int, reason: str
) -> None:
    film = shot(40, light=lambda i: light if 12 <= i < 25 else 0)
    dim = covered(film)
    assert dim[reason] == set(range(12, 25))
    assert set(dim) <= {reason, "frame-fast"}
    # the light goes on and off within one frame, so nothing can be followed there
    assert dim.get("frame-fast", set()) <= {11, 12, 24, 25}


def test_a_dark_picture_with_a_bright_tenth_and_more_is_not_dark() -> None:
    def frame(bright: int) -> ArrayFrame:
        rows = np.full((100, 200), BLACK - 1, np.uint8)
        rows[:bright] = WHITE
        return ArrayFrame([rows], Layout.GRAY, span=Span(Ticks(0), Ticks(1)))

    for bright, reasons in ((0, ["frame-dark"]), (9, ["frame-dark"]), (11, []), (50, [])):
        pages = DimPages(Size(200, 100))
        pages.see(frame(bright))
        assert [reason for _, reason, _ in pages.take()] == reasons


def test_a_camera_that_is_flung_round_is_covered_while_it_moves() -> None:
    film = shot(40, camera=lambda i: (min(max(0, i - 15), 10) * 30, 0))
    assert covered(film) == {"frame-fast": set(range(16, 26))}


def test_a_camera_that_pans_slowly_is_not() -> None:
    assert covered(shot(40, camera=lambda i: (5 * i, 0))) == {}


def test_a_cut_is_no_reason_and_one_cut_after_another_is() -> None:
    assert covered(shot(40, scene=lambda i: 1 + (i >= 15) + (i >= 25))) == {}
    flicker = covered(shot(40, scene=lambda i: min(max(1, i - 14), 8)))
    assert flicker == {"frame-fast": set(range(16, 23))}


def lost(course: tuple[float, float, float], gone: int = 20) -> Film:
    """Somebody who is there for `gone` frames and then is not, in the same place."""
    return shot(70, Actor(within(straight(*course), 0, gone)))


def test_who_is_lost_in_the_middle_of_the_picture_may_still_be_about() -> None:
    film = lost((140, 70, 0))
    frames = covered(film)["frame-lost"]
    first, last = min(frames), max(frames)
    assert frames == set(range(first, last + 1))
    assert first <= 20 + 25 * (REACH + 1), "from where the cover ends"
    assert 12 <= last - first <= 12 + 25, "for as long as the reach"


def test_who_goes_out_at_the_edge_is_not_lost() -> None:
    assert covered(shot(70, Actor(straight(200, 70, 6)))) == {}


def test_who_is_lost_before_a_cut_is_not_covered_after_it() -> None:
    film = shot(70, Actor(within(straight(140, 70, 0), 0, 20)), scene=lambda i: 1 if i < 45 else 2)
    whole = covered(film)
    assert whole.get("frame-lost", set()) <= set(range(45))


def test_somebody_seen_once_is_not_missed_when_gone() -> None:
    film = lost((140, 70, 0))
    assert covered(film, Eyes(film, lambda k, _: k == 0)) == {}


def test_a_crowd_is_too_many() -> None:
    actors = [
        Actor(straight(4 + 24 * (n % 13), 4 + 28 * (n // 13), 0), seed=n, wide=16, high=20)
        for n in range(65)
    ]
    film = shot(12, *actors)
    assert covered(film, Eyes(film, least=4)) == {"frame-crowd": set(range(12))}
    few = shot(12, *actors[:55])
    assert covered(few, Eyes(few, least=4)) == {}


def test_frames_are_decided_when_those_of_faces_are() -> None:
    film = shot(30)
    unsure = Unsure(SIZE, Ticks(TICK))
    one = Follower(Eyes(film), PATIENT, CLOCK, SIZE, unsure=unsure)
    for frame in film.frames:
        unsure.see(frame)
        one.see(frame)
        assert unsure.final_until == one.final_until
    one.finish()
    assert unsure.final_until == one.final_until == FOREVER
