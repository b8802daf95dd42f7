"""Zones and times as people write them become exact edits, or errors that say what is wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.errors import UsageError
from passerby.core.geometry import Size
from passerby.core.time import Clock, Ticks
from passerby.jobs import Settings, wishes
from passerby.jobs.wishes import Footing
from passerby.plan import Hide, KeepZone

NTSC = Clock(Fraction(1, 30000))


def footing(
    clock: Clock = NTSC, first: int = 0, size: tuple[int, int] = (1280, 720), still: bool = False
) -> Footing:
    return Footing(Size(*size), clock, Ticks(first), Fraction(3600), still)


def hide(zone: str = "", time: str = "", at: Footing | None = None) -> Hide:
    zones, times = [zone] if zone else [], [time] if time else []
    [edit] = wishes.edits_of(zones, times, [], at or footing())
    assert isinstance(edit, Hide)
    return edit


def keep(zone: str, at: Footing | None = None) -> KeepZone:
    [edit] = wishes.edits_of([], [], [zone], at or footing())
    assert isinstance(edit, KeepZone)
    return edit


@pytest.mark.parametrize(
    ("said", "box"),
    [
        ("10,20,300.5,400", (10, 20, 300.5, 400)),
        ("0%,0%,100%,100%", (0, 0, 1280, 720)),
        ("10%, 0, 640, 33.3%", (128, 0, 640, 240)),
        ("1200,700,9999,9999", (1200, 700, 9999, 9999)),
    ],
)
def test_a_zone_is_in_pixels_or_percent(said: str, box: tuple[float, ...]) -> None:
    edit = hide(said)
    assert edit.box == box
    assert (edit.span, edit.kind) == (None, "zone")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0-1", (0, 1)),
        ("0:10-0:12.5", (10, Fraction(25, 2))),
        ("1:02:03.004-2:00:00", (Fraction(3723004, 1000), 7200)),
        ("90:00-", (5400, None)),
        ("-59.999", (None, Fraction(59999, 1000))),
    ],
)
def test_a_time_is_read_exactly(said: str, seconds: tuple[Fraction | None, ...]) -> None:
    when = wishes.parse_time(said)
    assert (when.start, when.end) == seconds


@given(
    st.fractions(min_value=Fraction(1, 10**6), max_value=1, max_denominator=10**6),
    st.integers(-(10**6), 10**6),
    st.integers(0, 10**6),
    st.integers(1, 10**6),
)
def test_what_is_hidden_is_rounded_outwards_in_time_and_what_is_kept_inwards(
    tick: Fraction, first: int, start: int, length: int
) -> None:
    clock = Clock(tick)
    a, b = Fraction(start, 1000), Fraction(start + length, 1000)
    said = f"0,0,9,9@{start / 1000:.3f}-{(start + length) / 1000:.3f}"
    at = footing(clock, first)
    spans = [hide(said, at=at).span]
    try:
        spans.append(keep(said, at).span)
    except UsageError:
        assert b - a < 2 * tick  # nothing of it holds a whole tick
    for number, span in enumerate(spans):
        assert span is not None
        low, high = ((t - first) * tick for t in span)
        if number == 0:
            assert low <= a < low + tick
            assert high - tick < b <= high
        else:
            assert low - tick < a <= low
            assert high <= b < high + tick


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(0, 99), st.integers(0, 99))
def test_what_is_hidden_is_rounded_outwards_in_space_and_what_is_kept_inwards(
    width: int, height: int, x: int, y: int
) -> None:
    said, at = f"{x}.3%,{y}.7%,100%,100%", footing(size=(width, height))
    exact = (Fraction(x * 10 + 3, 1000) * width, Fraction(y * 10 + 7, 1000) * height)
    out = hide(said, at=at).box
    assert all(o <= e < o + 0.25 for o, e in zip(out[:2], exact, strict=True))
    try:
        box = keep(said, at).box
    except UsageError:
        return
    assert all(b - 0.25 < e <= b for b, e in zip(box[:2], exact, strict=True))


@pytest.mark.parametrize(
    ("option", "said", "why"),
    [
        ("zone", "1,2,3", "is no zone"),
        ("zone", "1,2,3,-4", "is no zone"),
        ("zone", "1,2,3,4,5", "is no zone"),
        ("zone", "a,2,3,4", "is no zone"),
        ("zone", "10,0,10,5", "nothing in it"),
        ("zone", "90%,0,10%,5", "nothing in it"),
        ("zone", "50%,0,200,5", "nothing in it"),
        ("zone", "0,0,150%,5", "outside the picture"),
        ("zone", "1280,0,1290,5", "outside the picture"),
        ("zone", "0,0,9,9@", "is no time"),
        ("zone", "0,0,9,9@9-8", "ends before it begins"),
        ("zone", "0,0,9,9@3600-3601", "begins after the film's end"),
        ("keep_zone", "0,0,0.1,0.1", "nothing in it"),
        ("keep_zone", "0,0,9,9@0.00001-0.00002", "no moment"),
        ("time", "5", "is no time"),
        ("time", "-", "is no time"),
        ("time", "1:60-1:61", "is no time"),
        ("time", "1:60:00-2:00:00", "is no time"),
        ("time", "0:10-0:05", "ends before it begins"),
        ("time", "-0", "ends before it begins"),
        ("time", "5000-5001", "begins after the film's end"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_option_s_name(
    option: str, said: str, why: str
) -> None:
    asked: dict[str, list[str]] = {"zone": [], "time": [], "keep_zone": [], option: [said]}
    with pytest.raises(UsageError, match=why) as caught:
        wishes.edits_of(asked["zone"], asked["time"], asked["keep_zone"], footing())
    assert caught.value.what.startswith(option.replace("_", "-"))
    assert caught.value.hint


@pytest.mark.parametrize("name", ["zone", "keep_zone", "time"])
def test_settings_refuse_what_can_not_be_read(name: str) -> None:
    given: dict[str, Any] = {name: ("nowhere",)}
    with pytest.raises(UsageError, match=name.replace("_", "-")):
        Settings.load(**given)


def test_a_photo_knows_no_times_but_zones() -> None:
    assert hide("0,0,10%,10%", at=footing(still=True)).span is None
    for zone, time in (("0,0,9,9@1-2", ""), ("", "1-2")):
        with pytest.raises(UsageError, match="a photo has none"):
            hide(zone, time, footing(still=True))


def test_a_wish_that_no_frame_met_is_an_error() -> None:
    edits = wishes.edits_of([], ["10-20"], [], footing())
    wishes.check_reached(edits, NTSC, Ticks(0), Ticks(300_001))
    with pytest.raises(UsageError, match="after the film's end"):
        wishes.check_reached(edits, NTSC, Ticks(0), Ticks(300_000))
