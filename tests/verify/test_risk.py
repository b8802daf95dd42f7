"""Which moments a person is told to look at, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from passerby.core.geometry import Box, Size
from passerby.core.schedule import Region, Style
from passerby.core.time import Clock, Span, Ticks
from passerby.core.track import Key, Track, Why
from passerby.testing import ListedSchedule
from passerby.verify import Finding
from passerby.verify.moment import Film, Moment
from passerby.verify.risk import ranked

CLOCK = Clock(Fraction(1, 25))
FILM = Film(CLOCK, Size(640, 360), Span(Ticks(0), Ticks(250)))
MIDDLE = Box(300, 150, 340, 200)
NAMES = {"s": Why.SEEN, "f": Why.FILLED, "r": Why.REACH, "e": Why.EDITED}


def track(
    number: int, start: int, whys: str, box: Box = MIDDLE, score: float = 0.9, kind: str = "face"
) -> Track:
    keys = tuple(
        Key(Ticks(start + n), box, NAMES[why], score if why == "s" else None)
        for n, why in enumerate(whys)
    )
    return Track(number, kind, keys)


def listed(
    tracks: Sequence[Track], findings: Sequence[Finding] = (), film: Film = FILM
) -> list[Moment]:
    return list(ranked(film, tracks, findings).moments)


def sorts(tracks: Sequence[Track], film: Film = FILM) -> list[str]:
    return [moment.sort for moment in listed(tracks, film=film)]


def test_somebody_who_is_seen_all_the_time_is_no_risk() -> None:
    assert listed([track(1, 0, "s" * 250)]) == []


def test_what_was_found_comes_before_everything_else() -> None:
    tracks = [track(1, 50, "s" * 20), track(2, 90, "s" * 20)]
    first, *rest = listed(tracks, [Finding("pixels.left", "a face shows", Ticks(240), MIDDLE)])
    assert (first.sort, first.at, first.reasons) == ("found", 240, ("a face shows",))
    assert rest
    assert all(first.weight > moment.weight for moment in rest)


def test_what_is_found_in_frame_after_frame_is_one_moment_at_its_worst() -> None:
    near = [Finding("eyes", "a face", Ticks(n), MIDDLE, 0.5 + n / 100) for n in range(20, 30)]
    far = Finding("eyes", "a face", Ticks(25), Box(0, 0, 20, 20))
    late, other = Finding("eyes", "a face", Ticks(60), MIDDLE), Finding("time", "late", Ticks(25))
    told = [(m.at, m.box, m.reasons) for m in listed([], [late, *near, far, other])]
    assert told[0] == (29, MIDDLE, ("a face, 10 times near here",))
    assert {at for at, _, _ in told[1:]} == {25, 60}
    assert len(told) == 4


def test_a_finding_about_the_whole_file_is_no_moment() -> None:
    assert listed([], [Finding("container.tag", "a tag")]) == []


def test_where_a_track_ends_in_the_picture_the_first_bare_frame_is_named() -> None:
    moments = listed([track(1, 0, "s" * 100)])
    assert [(m.sort, m.at) for m in moments] == [("ends", 100)]


def test_where_a_track_begins_in_the_picture_the_last_bare_frame_is_named() -> None:
    moments = listed([track(1, 100, "s" * 150)])
    assert [(m.sort, m.at) for m in moments] == [("begins", 99)]


def test_who_comes_in_and_goes_out_at_the_edge_is_no_risk() -> None:
    assert sorts([track(1, 50, "s" * 50, Box(-5, 150, 30, 200))]) == []


def test_what_others_cover_is_not_bare() -> None:
    tracks = [track(1, 0, "s" * 100)]
    cover = Region(MIDDLE.grown(9, 9), Style.VEIL, "face", 2)
    film = Film(CLOCK, FILM.size, FILM.span, ListedSchedule([(Span(Ticks(90), Ticks(110)), cover)]))
    assert sorts(tracks) == ["ends"]
    assert sorts(tracks, film) == []


def test_two_tracks_with_a_gap_at_one_place_may_be_one_person() -> None:
    near = Box(310, 160, 350, 210)
    first, *_ = listed([track(1, 0, "s" * 100), track(2, 120, "s" * 130, near)])
    assert first.sort == "between"
    assert 99 < first.at < 120
    far = Box(20, 20, 60, 70)
    assert "between" not in sorts([track(1, 0, "s" * 100), track(2, 120, "s" * 130, far)])
    assert "between" not in sorts([track(1, 0, "s" * 100), track(2, 200, "s" * 50, near)])


def test_at_a_cut_everybody_goes_at_once_and_that_weighs_less() -> None:
    left, right = Box(100, 100, 140, 150), Box(500, 100, 540, 150)
    before = [track(1, 0, "s" * 100), track(2, 0, "s" * 100, left)]
    cut = listed([*before, track(3, 100, "s" * 150, right)])
    assert cut
    assert all("cut" in moment.reasons[0] for moment in cut)
    stays = listed([*before, track(3, 100, "s" * 150, right), track(4, 50, "s" * 200, right)])
    assert max(m.weight for m in stays) > max(m.weight for m in cut)


def test_a_face_that_is_carried_far_between_two_sightings_is_named_in_the_middle() -> None:
    [moment] = listed([track(1, 0, "sfffs" * 10 + "s" + "f" * 99 + "s" * 100)])
    assert moment.sort == "carried"
    assert 95 <= moment.at <= 105
    assert "4.0 s" in moment.reasons[0]


def test_the_usual_time_between_two_looks_is_no_risk() -> None:
    assert listed([track(1, 0, ("s" + "f" * 24) * 10)]) == []


def test_two_in_each_other_s_way_are_a_risk_if_one_is_long_unseen() -> None:
    over = Box(320, 150, 360, 200)
    unseen = track(2, 0, "s" + "f" * 248 + "s", over)
    assert "crosses" in sorts([track(1, 0, "s" * 250), unseen])
    assert "crosses" not in sorts([track(1, 0, "s" * 250), track(2, 0, "s" * 250, over)])


def test_small_and_faint_faces_are_named() -> None:
    film = Film(CLOCK, FILM.size, FILM.span, None, {"face": 12.0})
    small = track(1, 0, "s" * 250, Box(300, 150, 310, 163))
    [moment] = listed([small], film=film)
    assert "13 px high" in moment.reasons[0]
    [moment] = listed([track(1, 0, "s" * 250, score=0.2)], film=film)
    assert "0.20" in moment.reasons[0]


def test_whom_an_edit_leaves_bare_comes_right_after_what_was_found() -> None:
    tracks = [track(1, 0, "s" * 250), track(2, 50, "s" * 50), track(3, 120, "s" * 50)]
    keep = (1, Span(Ticks(10), Ticks(20)))
    found = [Finding("pixels.left", "a face shows", Ticks(240), MIDDLE)]
    first, second, *_ = ranked(FILM, tracks, found, [keep]).moments
    assert first.sort == "found"
    assert (second.track, second.at, second.sort) == (1, 10, "kept")


def test_what_only_edits_hide_is_named_once_for_all_that_follow_on_one_another() -> None:
    one = [(Span(Ticks(a), Ticks(a + 10)), MIDDLE) for a in (50, 60, 70)]
    far = [(Span(Ticks(60), Ticks(65)), Box(0, 0, 20, 20)), (Span(Ticks(-9), Ticks(0)), MIDDLE)]
    moments = ranked(FILM, [track(1, 0, "s" * 99)], (), (), [*one, *far]).moments
    told = [(m.sort, m.at) for m in moments]
    assert told == [("added", 55), ("added", 62), ("ends", 99)]


def test_of_a_photo_no_time_is_told() -> None:
    still = Film(Clock(Fraction(1)), Size(640, 360), Span(Ticks(0), Ticks(2)), still=True)
    tracks = [track(n, page, "s", score=0.3) for n, page in enumerate((0, 0, 1))]
    assert sorts(tracks, still) == ["faint"] * 3


def test_a_large_face_comes_before_a_small_one() -> None:
    tracks = [
        track(1, 0, "s" * 100, Box(100, 150, 108, 160)),
        track(2, 0, "s" * 90, Box(500, 100, 560, 170)),
    ]
    assert [m.track for m in listed(tracks)] == [2, 1]


whys = st.text(alphabet="sfr", min_size=1, max_size=40)
places = st.sampled_from([MIDDLE, Box(310, 160, 350, 210), Box(0, 0, 40, 40), Box(600, 9, 620, 30)])
several = st.lists(st.tuples(st.integers(0, 200), whys, places), max_size=6)


@given(several)
def test_the_order_in_which_tracks_are_given_does_not_matter(
    given: list[tuple[int, str, Box]],
) -> None:
    tracks = [track(n, *of) for n, of in enumerate(given)]
    assert listed(tracks) == listed(tracks[::-1])


@given(several)
def test_every_moment_lies_in_the_film_and_the_list_is_in_order(
    given: list[tuple[int, str, Box]],
) -> None:
    moments = listed([track(n, *of) for n, of in enumerate(given)])
    assert all(0 <= m.at < 250 and m.reasons for m in moments)
    weights = [m.weight for m in moments]
    assert weights == sorted(weights, reverse=True)
    places = [(m.track, m.at) for m in moments]
    assert all(
        abs(a[1] - b[1]) > 12
        for i, a in enumerate(places)
        for b in places[:i]
        if a[0] == b[0]
    )  # fmt: skip
