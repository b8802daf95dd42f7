"""The report's page: well formed whatever it is told, readable, and it fetches nothing."""

from __future__ import annotations

import re
from fractions import Fraction
from importlib.resources import files

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.geometry import Box, Size
from passerby.core.time import Clock, Span, Ticks
from passerby.core.track import Key, Track, Why
from passerby.testing import ArrayFrame
from passerby.verify.report import (
    FoundRow,
    Lane,
    Numbered,
    Page,
    Pictured,
    Section,
    Shot,
    Wanted,
    clock_time,
    lane,
    page,
    shots,
)
from passerby.verify.report.drawing import MOST_LANES
from passerby.verify.report.page import MEANING, MOST_BYTES

from .markup import read

SMALL = Size(64, 48)
CLOCK = Clock(Fraction(1, 25))
NASTY = "<script>alert(1)</script>\"'&<img src=x onerror=y>"


def frames(count: int, size: Size = SMALL) -> list[ArrayFrame]:
    """Grey frames, each a little brighter than the one before."""
    return [
        ArrayFrame.of(
            np.full((size.height, size.width, 3), 10 + 8 * n, np.uint8),
            span=Span(Ticks(n), Ticks(n + 1)),
        )
        for n in range(count)
    ]


def a_lane(number: int, whys: str = "rrsffsr") -> Lane:
    names = {"s": Why.SEEN, "f": Why.FILLED, "r": Why.REACH, "e": Why.EDITED}
    box = Box(1, 2, 3, 4)
    keys = tuple(Key(Ticks(n), box, names[why]) for n, why in enumerate(whys))
    return lane(Track(number, "face", keys), Span(Ticks(0), Ticks(10)), CLOCK, Fraction(1, 25))


def full(text: str = "a thing", words: str = "look here", moments: int = 2) -> Page:
    [shot] = shots(frames(1), CLOCK, [Wanted(Fraction(0), Box(5, 5, 15, 15))])
    shown = tuple(
        Pictured(clock_time(n), Fraction(n), (text,), n == 0, n, text, shot, None)
        for n in range(moments)
    )
    return Page(
        words=words,  # type: ignore[arg-type]  # a row's own words
        said=(text,),
        findings=(FoundRow(text, text, Fraction(1), text, text),),
        moments=shown,
        lanes=(a_lane(1), a_lane(2)),
        length=Fraction(10),
        usual=Fraction(1, 2),
        numbers=(Numbered(text, text),),
        sections=(Section(text, (text,)),),
        fine_print=(Numbered(text, text),),
    )


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40))
def test_whatever_is_told_stays_text(text: str) -> None:
    reader = read(page(full(text + NASTY)))
    assert any(text + NASTY in tag.text for tag in reader.all("p"))
    assert not reader.all("script")


@pytest.mark.parametrize("words", list(MEANING))
def test_the_verdict_comes_first_and_in_words(words: str) -> None:
    reader = read(page(full(words=words)))
    [heading] = reader.all("h1")
    assert heading.text.lower() == words
    assert reader.all("title")[0].text.lower().startswith(words)
    order = [tag.text for tag in reader.all("h2")]
    assert order[:4] == ["What was found", "Where to look first", "Timeline", "Numbers"]


def test_an_empty_page_is_a_page() -> None:
    reader = read(page(Page("not checked")))
    assert not reader.all("img")
    assert "Nobody looked" in reader.all("main")[0].text


def test_the_originals_are_shown_only_with_a_warning_before_everything_else() -> None:
    content = full()
    [shot] = shots(frames(1), CLOCK, [Wanted(Fraction(0), None)])
    first = content.moments[0]
    loud = Pictured(first.when, first.seconds, first.reasons, original=shot, shot=first.shot)
    reader = read(page(Page("look here", moments=(loud,), originals=True)))
    inside = reader.tags.index(reader.all("main")[0]) + 1
    assert "SHOWS THE ORIGINAL" in reader.tags[inside].text
    assert "SHOWS THE ORIGINAL" in reader.all("title")[0].text
    assert any("ORIGINAL" in tag.attributes["alt"] for tag in reader.all("img"))
    assert "SHOWS THE ORIGINAL" not in page(content)


def test_pictures_stop_where_the_page_is_full() -> None:
    heavy = Shot(b"\xff\xd8" + bytes(MOST_BYTES // 5), Size(480, 270))
    moments = tuple(Pictured("0:00:01.000", Fraction(1), ("why",), shot=heavy) for _ in range(9))
    text = page(Page("look here", moments=moments, length=Fraction(2)))
    assert len(text) < MOST_BYTES + 50_000
    reader = read(text)
    assert 2 <= len(reader.all("img")) < 9
    assert "No picture: the page would grow too large." in reader.all("main")[0].text


def test_lanes_are_bounded_and_the_rest_is_named() -> None:
    lanes = tuple(a_lane(n) for n in range(MOST_LANES + 5))
    reader = read(page(Page("look here", lanes=lanes, length=Fraction(1))))
    named = [t for t in reader.all("svg") if t.attributes.get("aria-label", "").startswith("face")]
    assert len(named) == MOST_LANES
    assert "5 more tracks are in report.json" in reader.all("main")[0].text
    rows = [tag for tag in reader.all("th") if tag.attributes["scope"] == "row"]
    assert len(rows) == MOST_LANES


def test_signs_differ_without_colour() -> None:
    """In height, and in what fills them: the only colour of all of them is one blue."""
    reader = read(page(full()))
    heights = {}
    for tag in reader.all("rect"):
        if "class" in tag.attributes and tag.attributes["class"] != "edited":
            heights[tag.attributes["class"]] = tag.attributes["height"]
    assert len(set(heights.values())) == len(heights) == 5
    css = files("passerby.verify.report").joinpath("page.css").read_text()
    assert re.search(r"\.filled \{ fill: url\(#hatch\)", css)
    assert re.search(r"\.reach \{[^}]*stroke-dasharray", css)


def test_every_colour_of_words_stands_out_from_the_paper() -> None:
    css = files("passerby.verify.report").joinpath("page.css").read_text()
    told = dict(re.findall(r"--(ink|soft|calm|look|stop): (#[0-9a-f]{6})", css))
    assert len(told) == 5
    for colour in {*told.values(), "#9b1c1c"}:
        assert contrast(colour, "#ffffff") >= 4.5, colour


def contrast(one: str, other: str) -> float:
    """As WCAG 2 reckons it."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(lights) / min(lights)


@given(st.text(alphabet="sfre", min_size=1, max_size=10), st.integers(0, 5))
def test_a_lane_is_drawn_exactly_where_its_track_is(whys: str, late: int) -> None:
    names = {"s": Why.SEEN, "f": Why.FILLED, "r": Why.REACH, "e": Why.EDITED}
    keys = [Key(Ticks(late + n), Box(0, 0, 1, 1), names[why]) for n, why in enumerate(whys)]
    film = Span(Ticks(0), Ticks(15))
    drawn = lane(Track(1, "face", tuple(keys)), film, CLOCK, Fraction(1, 2))
    assert drawn.runs[0].start == pytest.approx(late / 15)
    assert drawn.runs[-1].end == pytest.approx((late + len(whys)) / 15)
    ends = [(a.end, b.start) for a, b in zip(drawn.runs, drawn.runs[1:], strict=False)]
    assert all(end == start for end, start in ends)


def test_a_short_time_between_two_sightings_counts_as_seen_and_a_long_one_does_not() -> None:
    short = a_lane(1, "sfs")
    assert {run.why for run in short.runs} == {Why.SEEN, Why.FILLED}
    keys = tuple(
        Key(Ticks(n), Box(0, 0, 1, 1), Why.SEEN if n in (0, 2, 9) else Why.FILLED)
        for n in range(10)
    )
    film = Span(Ticks(0), Ticks(10))
    whys = [run.why for run in lane(Track(1, "face", keys), film, CLOCK, Fraction(4, 25)).runs]
    assert whys == [Why.SEEN, Why.FILLED, Why.SEEN]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0:00:00.000"),
        (Fraction(1, 3), "0:00:00.333"),
        (59.9996, "0:01:00.000"),
        (3723.5, "1:02:03.500"),
        (Fraction(-1, 2), "0:00:00.000"),
    ],
)
def test_times_are_said_as_players_say_them(seconds: Fraction, said: str) -> None:
    assert clock_time(seconds) == said


@given(st.lists(st.integers(0, 9), max_size=12), st.sampled_from([1000, 90000, 30000, 25]))
def test_each_picture_is_of_the_frame_that_is_shown_then(wanted: list[int], rate: int) -> None:
    """However the clock of the file that is read rounds the moments."""
    clock = Clock(Fraction(1, rate))
    starts = [round(Fraction(n, 25) / clock.tick) for n in range(11)]
    film = [
        frame.at(Span(Ticks(a), Ticks(b)))
        for frame, a, b in zip(frames(10), starts, starts[1:], strict=False)
    ]
    taken = shots(film, clock, [Wanted(Fraction(n, 25), None) for n in wanted])
    for number, shot in zip(wanted, taken, strict=True):
        assert shot is not None
        assert abs(brightness(shot.whole) - (10 + 8 * number)) <= 2


def brightness(coded: bytes) -> float:
    decoded = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    return float(decoded.mean())


def test_after_the_last_frame_the_last_is_shown_and_of_nothing_there_is_no_picture() -> None:
    [late] = shots(frames(3), CLOCK, [Wanted(Fraction(99), None)])
    assert late is not None
    assert abs(brightness(late.whole) - 26) <= 2
    assert shots([], CLOCK, [Wanted(Fraction(0), None)]) == [None]


@pytest.mark.parametrize(
    ("box", "close"),
    [
        (Box(100, 100, 110, 112), True),
        (Box(-20, -20, 6, 6), True),
        (Box(0, 0, 640, 360), False),
        (Box(700, 20, 720, 40), False),
    ],
)
def test_a_small_place_is_shown_closer(box: Box, close: bool) -> None:
    [shot] = shots(frames(1, Size(640, 360)), CLOCK, [Wanted(Fraction(0), box)])
    assert shot is not None
    assert max(shot.size.width, shot.size.height) == 480
    assert (shot.close is not None) == close


@given(st.integers(0, 600), st.integers(0, 330), st.integers(1, 200))
def test_what_a_picture_must_not_show_is_flat_in_both_of_its_pictures(
    x: int, y: int, side: int
) -> None:
    """A white place in a black frame, under a cover: no picture has anything white left."""
    place = Box(x, y, x + side, y + side)
    rgb = np.zeros((360, 640, 3), np.uint8)
    rgb[y : y + side, x : x + side] = 255
    frame = ArrayFrame.of(rgb, span=Span(Ticks(0), Ticks(1)))
    [shot] = shots([frame], CLOCK, [Wanted(Fraction(0), None, (place,))])
    [near] = shots([frame], CLOCK, [Wanted(Fraction(0), place, (place,))])
    assert shot is not None
    assert near is not None
    for coded in (shot.whole, near.close):
        if coded is not None:
            decoded = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_GRAYSCALE)
            assert decoded is not None
            assert decoded.max() < 190


def test_no_more_is_read_than_is_shown() -> None:
    film = iter(frames(10))
    shots(film, CLOCK, [Wanted(Fraction(2, 25), None)])
    assert len(list(film)) == 7
