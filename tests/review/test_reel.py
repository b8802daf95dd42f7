"""Any frame by its number is the frame that decoding from the start gives, in any container."""

from __future__ import annotations

import io
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.media.films import Film, make
from tests.plan.tracks import document

from passerby.core.errors import PlanError
from passerby.core.frame import Frame
from passerby.core.geometry import Box, Orientation, Size
from passerby.core.schedule import Region, Style
from passerby.core.time import Span, Ticks
from passerby.jobs import Settings, doors
from passerby.jobs.following import BEND, as_keys
from passerby.jobs.reel import Reel
from passerby.media import probe
from passerby.media.orient import to_matrix
from passerby.media.snapshot import copied, inside, jpeg, sharpness
from passerby.plan import Document, HideMoving, bind
from passerby.redact import Paint

MS = Fraction(1, 1000)
UNEVEN = tuple(n * 40 + (7 * n * n) % 23 for n in range(70))
GROUPS = {"g": "12", "bf": "3"}
FILMS = {
    "evenly.mp4": Film(tuple(range(70)), options=GROUPS | {"preset": "fast"}),
    "unevenly.mp4": Film(UNEVEN, MS, options=GROUPS),
    "open.mkv": Film(
        UNEVEN, MS, options={"x264-params": "open-gop=1:bframes=3:keyint=12", "g": "12"}
    ),
    "turned.mov": Film(
        UNEVEN, MS, options=GROUPS, matrix=to_matrix(Orientation.TURN_90, Size(64, 48))
    ),
    "deep.mkv": Film(
        UNEVEN, MS, codec="libx265", pixels="yuv420p10le",
        options={"x265-params": "keyint=12:open-gop=1:bframes=3:log-level=none"},
    ),
    "web.webm": Film(UNEVEN, MS, codec="libvpx-vp9", options={"g": "12", "lag-in-frames": "8"}),
    "broadcast.ts": Film(tuple(n * 3600 for n in range(70)), Fraction(1, 90_000), options=GROUPS),
    "old.avi": Film(tuple(range(70)), codec="mpeg4", options={"g": "12", "bf": "2"}),
    "moving.gif": Film(tuple(range(0, 60, 4)), Fraction(1, 100), codec="gif", pixels="rgb8"),
}  # fmt: skip


def plan_of(frames: list[Frame]) -> Document:
    """As much of a plan as says which frames there are."""
    plan = document()
    spans = [frame.span for frame in frames]
    facts = {"frames": len(spans), "first": spans[0].start, "end": spans[-1].end}
    return plan.model_copy(update={"media": plan.media.model_copy(update=facts)})


@pytest.mark.parametrize("name", FILMS)
def test_frames_in_any_order_are_those_of_the_film(tmp_path: Path, name: str) -> None:
    if name.endswith(".gif"):
        path = tmp_path / name
        pages = [Image.new("RGB", (32, 24), (9 * n, 40, 99)) for n in range(20)]
        pages[0].save(path, save_all=True, append_images=pages[1:], duration=40)
    else:
        path = make(tmp_path / name, FILMS[name])
    card = probe(path)
    truth = list(doors.open_source(card).frames())
    reel = Reel(card, Settings(), plan_of(truth))
    assert list(reel.starts) == [frame.span.start for frame in truth]
    chance = random.Random(7)
    order = [len(truth) - 1, 0, 13, 12, 11, 14, *(chance.randrange(len(truth)) for _ in range(25))]
    for number in order:
        frame = reel.frame(number)
        assert frame.span == truth[number].span == reel.span(number)
        for a, b in zip(frame.planes(), truth[number].planes(), strict=True):
            assert np.array_equal(a.pixels, b.pixels), number
    seeks = name not in ("old.avi", "moving.gif")
    assert (reel._index is not None) is seeks, "what can be sought is sought"
    reel.close()


def test_a_list_of_packets_that_says_something_else_than_the_plan_is_not_believed(
    tmp_path: Path,
) -> None:
    card = probe(make(tmp_path / "a.mp4", FILMS["evenly.mp4"]))
    plan = plan_of(list(doors.open_source(card).frames()))
    wrong = plan.model_copy(update={"media": plan.media.model_copy(update={"frames": 69})})
    with pytest.raises(PlanError, match="70 frames were decoded, 69"):
        Reel(card, Settings(), wrong)
    shifted = plan.model_copy(update={"media": plan.media.model_copy(update={"first": 5})})
    assert Reel(card, Settings(), shifted)._index is None


def test_painting_a_frame_leaves_the_one_that_others_look_at(tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    Image.effect_noise((64, 48), 50).convert("RGB").save(photo)
    for path in (make(tmp_path / "a.mp4"), photo):
        card = probe(path)
        frame = next(iter(doors.open_source(card).frames()))
        before = [plane.pixels.copy() for plane in frame.planes()]
        made = copied(frame)
        Paint().redact(made, [Region(Box(8, 8, 40, 40), Style.SOLID, "face", 1)])
        for plane, was in zip(frame.planes(), before, strict=True):
            assert np.array_equal(plane.pixels, was)
        changed = any(
            not np.array_equal(plane.pixels, was)
            for plane, was in zip(made.planes(), before, strict=True)
        )
        assert changed


def test_a_snapshot_is_small_and_carries_nothing_and_a_blurred_moment_is_less_sharp(
    tmp_path: Path,
) -> None:
    sharp, soft = tmp_path / "sharp.png", tmp_path / "soft.png"
    image = Image.effect_noise((200, 100), 90).convert("RGB")
    image.save(sharp)
    image.resize((20, 10)).resize((200, 100)).save(soft)
    one, other = (next(iter(doors.open_source(probe(p)).frames())) for p in (sharp, soft))
    box = Box(-20, 10, 150, 300)
    assert sharpness(one, box) > 4 * sharpness(other, box)
    assert sharpness(one, Box(500, 500, 600, 600)) == 0
    assert inside(box, one.size) == Box(0, 10, 150, 100)
    coded = jpeg(one, 64, box)
    with Image.open(io.BytesIO(coded)) as made:
        assert max(made.size) == 64
        assert not made.getexif()


def test_followed_boxes_are_covered_by_their_few_keys() -> None:
    chance = random.Random(3)
    found = []
    x = 0.0
    for tick in range(0, 400, 7):
        x += 2 if tick < 200 else -1.5
        found.append((tick, Box(x + chance.random() / 2, 10, x + 40, 50)))
    keys = as_keys(found[::-1])
    assert len(keys) < len(found) / 3
    assert (keys[0][0], keys[-1][0]) == (0, found[-1][0])
    moving = HideMoving(keys=keys, end=500)
    [made] = bind([moving], (), Style.VEIL).moving
    for tick, box in found:
        region = made.during(Span(Ticks(tick), Ticks(tick + 1)))
        assert region is not None
        assert region.box.contains(box)
        assert region.box.width <= box.width + 4 * BEND + 2
