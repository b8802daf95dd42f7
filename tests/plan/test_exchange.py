"""Plans to COCO, MOT and CVAT and back: nobody is lost, moved, or shown in another frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.errors import PlanError
from passerby.core.geometry import Box
from passerby.core.time import Ticks
from passerby.core.track import Key, Track, Why
from passerby.plan import Document, Hide, HideMoving
from passerby.plan.exchange import (
    Found,
    Labels,
    Sheet,
    from_coco,
    from_cvat,
    from_mot,
    sheet_of,
    to_coco,
    to_cvat,
    to_mot,
)
from passerby.plan.exchange.sheet import tracks_of

from .tracks import boxes, document, scores

NAME = "clip.mp4"


def of_film(tracks: Sequence[Track], starts: Sequence[int], end: int) -> Document:
    made = document(tracks)
    media = made.media.model_copy(
        update={"first": starts[0], "end": end, "frames": len(starts), "kind": "video"}
    )
    return made.model_copy(update={"media": media})


@st.composite
def films(draw: st.DrawFn) -> tuple[tuple[int, ...], int, list[Track]]:
    """Frames that last unequally long, and tracks without holes in them."""
    lengths = draw(st.lists(st.integers(1, 5000), min_size=1, max_size=12))
    at, starts = draw(st.integers(-9000, 9000)), []
    for length in lengths:
        starts.append(at)
        at += length
    tracks = []
    for number in range(draw(st.integers(0, 4))):
        low = draw(st.integers(0, len(starts) - 1))
        high = draw(st.integers(low, len(starts) - 1))
        keys = tuple(
            Key(
                Ticks(starts[n]),
                draw(boxes()).snapped(),
                draw(st.sampled_from(Why)),
                draw(scores()),
            )
            for n in range(low, high + 1)
        )
        kind = draw(st.sampled_from(["face", "plate", "text", "person"]))
        tracks.append(Track(3 * number + 1, kind, keys))
    return tuple(starts), at, tracks


def through_coco(sheet: Sheet) -> Found:
    return from_coco(to_coco(sheet), NAME, sheet.starts, Labels())


def through_cvat(sheet: Sheet) -> Found:
    return from_cvat(to_cvat(sheet), sheet.starts, Labels())


def through_mot(sheet: Sheet) -> Found:
    text, labels = to_mot(sheet)
    return from_mot(text, labels, sheet.starts, Labels())


@pytest.mark.parametrize("through", [through_coco, through_cvat])
@given(films())
def test_coco_and_cvat_give_back_the_very_tracks(
    through: Callable[[Sheet], Found], film: tuple[tuple[int, ...], int, list[Track]]
) -> None:
    starts, end, tracks = film
    sheet = sheet_of(of_film(tracks, starts, end), starts, NAME)
    assert through(sheet).tracks == tuple(tracks)


@given(films())
def test_mot_gives_back_everybody_s_place_in_every_frame(
    film: tuple[tuple[int, ...], int, list[Track]],
) -> None:
    starts, end, tracks = film
    sheet = sheet_of(of_film(tracks, starts, end), starts)
    found = {(t.id, t.kind): t.keys for t in through_mot(sheet).tracks}
    assert found.keys() == {(t.id, t.kind) for t in tracks}
    for track in tracks:
        for ours, theirs in zip(track.keys, found[track.id, track.kind], strict=True):
            assert theirs.at == ours.at
            assert theirs.box.contains(ours.box)
            assert ours.box.grown(0.25, 0.25).contains(theirs.box)  # a sum of floats may round


STARTS = (0, 40, 41, 200, 1000)  # nothing like a steady rate
BOX = Box(10, 20, 30.5, 40.25)


def track(*frames: int, number: int = 1) -> Track:
    keys = tuple(Key(Ticks(STARTS[n]), BOX, Why.SEEN, 0.5) for n in frames)
    return Track(number, "face", keys)


def sheet(*tracks: Track) -> Sheet:
    return sheet_of(of_film(tracks, STARTS, 1200), STARTS, NAME)


def test_frames_are_numbered_as_each_format_says() -> None:
    made = sheet(track(2))
    (annotation,) = json.loads(to_coco(made))["annotations"]
    assert (annotation["image_id"], annotation["bbox"]) == (3, [10, 20, 20.5, 20.25])
    images = json.loads(to_coco(made))["images"]
    assert [(image["frame_id"], image["tick"]) for image in images] == list(enumerate(STARTS))
    assert to_mot(made) == ("3,1,11,21,20.5,20.25,0.5,1,-1\n", "face\n")
    boxes = [b.attrib for b in ElementTree.fromstring(to_cvat(made)).iter("box")]
    assert [(b["frame"], b["outside"], b["xtl"]) for b in boxes] == [
        ("2", "0", "10.0"),
        ("3", "1", "10.0"),
    ]


@pytest.mark.parametrize("through", [through_coco, through_cvat, through_mot])
def test_places_that_people_hide_go_along_and_holes_are_filled(
    through: Callable[[Sheet], Found],
) -> None:
    plan = of_film([track(0, 3)], STARTS, 1200)
    moved = HideMoving(keys=((41, 0, 0, 8, 8), (1000, 80, 0, 88, 8)), end=1200)
    hide = Hide(span=(41, 250), box=(1, 2, 3, 4), kind="text")
    plan = plan.model_copy(update={"edits": (hide, moved)})
    first, second, third = through(sheet_of(plan, STARTS)).tracks
    assert [key.at for key in first.keys] == [0, 40, 41, 200]
    assert [(key.at, key.box) for key in second.keys] == [
        (41, Box(1, 2, 3, 4)),
        (200, Box(1, 2, 3, 4)),
    ]
    assert (second.id, second.kind, third.kind) == (2, "text", "face")
    assert [key.at for key in third.keys] == [41, 200, 1000]
    assert third.keys[0].box.contains(Box(0, 0, 21, 8))  # all the way until the next frame


def cvat(*boxes: str, label: str = "face") -> str:
    body = "".join(f"<box {box}/>" for box in boxes)
    return f'<annotations><track id="7" label="{label}">{body}</track></annotations>'


def test_cvat_moves_straight_between_boxes_and_stays_until_somebody_is_outside() -> None:
    corners = 'xtl="{0}" ytl="0" xbr="{1}" ybr="9"'
    boxes = [
        f'frame="0" outside="0" {corners.format(0, 10)}',
        f'frame="2" outside="0" {corners.format(20, 30)}',
        f'frame="3" outside="1" {corners.format(20, 30)}',
        f'frame="4" outside="0" {corners.format(50, 60)}',
    ]
    found = from_cvat(cvat(*boxes), STARTS, Labels())
    one, two = found.tracks
    assert [(key.at, key.box.x0) for key in one.keys] == [(0, 0), (40, 10), (41, 20)]
    assert (one.id, two.id, [key.at for key in two.keys]) == (7, 8, [1000])
    lasting = from_cvat(cvat(boxes[1]), STARTS, Labels())
    assert [key.at for key in lasting.tracks[0].keys] == [41, 200, 1000]


def test_a_name_that_nobody_knows_is_asked_for_and_left_out_only_on_purpose() -> None:
    text = cvat('frame="0" xtl="0" ytl="0" xbr="9" ybr="9"', label="head")
    with pytest.raises(PlanError, match="'head'"):
        from_cvat(text, STARTS, Labels())
    assert from_cvat(text, STARTS, Labels({"head": "face"})).tracks[0].kind == "face"
    found = from_cvat(text, STARTS, Labels({"car": "plate"}))
    assert (found.tracks, dict(found.left)) == ((), {"head": 1})


def test_mot_results_that_nobody_followed_are_tracks_of_their_own() -> None:
    text = "1,-1,5,5,10,10,0.9,-1,-1,-1\n1 -1 25 5 10 10 0.9 -1 -1 -1\n2,-1,5,5,10,10,0,-1\n"
    found = from_mot(text, None, STARTS, Labels({"-1": "person"}))
    assert [t.keys[0].at for t in found.tracks] == [0, 0, 40]
    assert found.tracks[0].keys[0].box == Box(4, 4, 14, 14)


def test_coco_of_many_photos_gives_those_of_this_one() -> None:
    made = {
        "images": [{"id": 5, "file_name": "a/one.jpg"}, {"id": 6, "file_name": "a/two.jpg"}],
        "categories": [{"id": 1, "name": "face"}],
        "annotations": [
            {"id": n, "image_id": image, "category_id": 1, "bbox": [n, 0, 5, 5]}
            for n, image in ((1, 5), (2, 6), (3, 6))
        ],
    }
    found = from_coco(json.dumps(made), "two.jpg", (0,), Labels())
    assert [t.keys[0].box.x0 for t in found.tracks] == [2, 3]
    with pytest.raises(PlanError, match="which is which"):
        from_coco(json.dumps(made), "three.jpg", (0,), Labels())


WRONG = {
    "coco": ["", "[]", "{}", '{"images": [], "annotations": [3], "categories": []}', "[" * 9000],
    "cvat": [
        "",
        "<a/>",
        "<annotations><image/></annotations>",
        '<!DOCTYPE a [<!ENTITY x "y">]><annotations/>',
        cvat('frame="9" xtl="0" ytl="0" xbr="9" ybr="9"'),
        cvat('frame="0" xtl="9" ytl="0" xbr="0" ybr="9"'),
        cvat('frame="0" xtl="nan" ytl="0" xbr="0" ybr="9"'),
        cvat('frame="x" xtl="0" ytl="0" xbr="9" ybr="9"'),
        cvat(*['frame="0" xtl="0" ytl="0" xbr="9" ybr="9"'] * 2),
    ],
    "mot": [
        "a,b",
        "1,2,3",
        "9,1,1,1,5,5,1,1",
        "0,1,1,1,5,5,1,1",
        "1,1,1,1,nan,5,1,1",
        "1,1,1,1,-5,5",
    ],
}


@pytest.mark.parametrize(("form", "text"), [(f, t) for f, texts in WRONG.items() for t in texts])
def test_what_is_damaged_is_an_error_of_ours(form: str, text: str) -> None:
    read = {
        "coco": lambda: from_coco(text, NAME, STARTS, Labels()),
        "cvat": lambda: from_cvat(text, STARTS, Labels()),
        "mot": lambda: from_mot(text, None, STARTS, Labels({"-1": "face"})),
    }
    with pytest.raises(PlanError):
        read[form]()


def test_a_plan_of_other_footage_is_not_exported() -> None:
    with pytest.raises(PlanError, match="no frame begins"):
        sheet_of(of_film([track(1)], STARTS, 1200), tuple(range(0, 2000, 100)))
    with pytest.raises(ValueError, match="one after the other"):
        replace(sheet(), starts=(0, 0))
    assert tracks_of((), STARTS) == ()
