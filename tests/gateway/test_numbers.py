"""Numbers of whole minutes, and what is wrong with a view: nobody can be told from them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.live.camera import Film, live

from passerby.core.frame import Frame, Picture
from passerby.core.geometry import Box
from passerby.core.schedule import Region, Style
from passerby.detect.census import open_census
from passerby.jobs.gauges import Gauges, Minutes, apart
from passerby.redact import Paint
from passerby.testing import ArrayFrame, Layout
from passerby.track.scene import AGAIN, LEARN, SETTLE, Scene, View

WELL = View()
RNG = np.random.default_rng(3)
ROUGH = RNG.integers(40, 200, (30, 54)).astype(np.uint8)
STREET: Picture = np.asarray(cv2.resize(ROUGH, (320, 180)), np.uint8)


def noisy(picture: Picture) -> Picture:
    seen = picture + RNG.normal(0, 3, picture.shape)
    return np.asarray(np.clip(seen, 16, 235), np.uint8)


def learnt() -> Scene:
    scene = Scene()
    for _ in range(LEARN + 2):
        assert scene.see(noisy(STREET)) == WELL
    return scene


@pytest.mark.parametrize(
    ("what", "view"),
    [
        (np.full_like(STREET, 120), View(covered=True)),
        (cv2.GaussianBlur(STREET, (0, 0), 20), View(covered=True)),
        (np.roll(STREET, 90, axis=1), View(moved=True)),
        (np.ascontiguousarray(STREET[::-1]), View(moved=True)),
        ((16 + (STREET - 16.0) / 10).astype(np.uint8), View(dark=True)),
        ((16 + (STREET - 16.0) * 0.4).astype(np.uint8), WELL),  # dusk
        (STREET // 2 + 100, WELL),  # fog
    ],
    ids=["held shut", "out of focus", "turned", "upside down", "night", "dusk", "fog"],
)
def test_a_view_that_is_covered_moved_or_dark_is_told(what: Picture, view: View) -> None:
    scene = learnt()
    for look in range(AGAIN):
        seen = scene.see(noisy(what))
        assert seen == (view if look == AGAIN - 1 or view.dark else WELL)
    assert scene.see(noisy(STREET)) == WELL


def test_people_who_pass_are_no_new_view(astronaut: Path) -> None:
    with Image.open(astronaut) as image:
        film = Film.of(image.convert("RGB").crop((120, 20, 320, 220)))
    scene = Scene()
    for picture in film.pictures:
        assert scene.see(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)) == WELL


def test_a_camera_that_stays_turned_is_used_to_it() -> None:
    scene, turned = learnt(), np.roll(STREET, 90, axis=1)
    seen = [scene.see(noisy(turned)) for _ in range(SETTLE + LEARN + AGAIN)]
    assert seen[AGAIN] == View(moved=True)
    assert seen[-1] == WELL
    assert scene.see(noisy(STREET)) == WELL
    assert [scene.see(noisy(STREET)) for _ in range(AGAIN)][-1] == View(moved=True)


def test_only_whole_minutes_are_told() -> None:
    minutes = Minutes(60)
    for second in range(0, 120, 2):
        told = minutes.told(float(second))
        whole = {"minutes": 1, "people_mean": 0.5, "people_most": 3}
        assert told == ({} if second < 60 else whole)
        minutes.add("people", 3 if second < 10 else 0, float(second))
    assert minutes.told(121) == {"minutes": 2, "people_mean": 0.0, "people_most": 0}
    assert minutes.told(250) == {"minutes": 4}  # nothing was counted for a minute


def test_people_and_vehicles_are_counted_apart(astronaut: Path) -> None:
    with Image.open(astronaut) as image:
        picture = np.asarray(image.convert("RGB").resize((480, 480)))
    census = open_census()
    assert census.count(picture).people == 1
    assert census.count(picture).vehicles == 0
    assert census.count(np.zeros_like(picture)).people == 0


class Nowhere:
    """An outlet that publishes nothing."""

    def shape(self, frame: Frame) -> None: ...

    def show(self, frame: Frame, moment: float, halvings: int = 0) -> None: ...

    def curtain(self, moment: float) -> None: ...


def test_two_covers_of_one_head_count_once_and_a_second_decides() -> None:
    assert apart([]) == 0
    assert apart([Box(0, 0, 90, 100), Box(20, 10, 100, 110), Box(30, 30, 60, 70)]) == 1
    assert apart([Box(0, 0, 90, 100), Box(80, 0, 170, 100), Box(300, 0, 310, 10)]) == 3
    now, counts = 0.0, list[float]()
    gauges = Gauges(Paint(), Nowhere(), minute=5, clock=lambda: now)
    frame = ArrayFrame([np.zeros((120, 400), np.uint8)], Layout.GRAY)
    face, other = (Region(Box(x, 9, x + 20, 29), Style.SOLID, "face", x) for x in (30, 99))
    for number in range(120):  # 12 a second; a second cover flickers, and then somebody comes in
        now = number / 12
        regions = [face, other] if number % 12 > 6 or number > 70 else [face]
        gauges.redact(frame, regions)
        gauges.show(frame, now)
        counts.append(gauges.numbers().get("heads_most", 0))
    assert set(counts[61:119]) == {1}
    now = 10.1
    assert gauges.numbers()["heads_most"] == 2


@pytest.mark.slow
def test_the_status_has_the_numbers_of_the_last_minute(tmp_path: Path, astronaut: Path) -> None:
    with Image.open(astronaut) as image:
        film = Film.of(image.convert("RGB").crop((120, 20, 320, 220)))
    film.write(tmp_path / "film.mp4")
    code = "from passerby.jobs import gauges\ngauges.MINUTE, gauges.LOOK = 2.0, 0.2"
    running = live(
        f"{tmp_path}/film.mp4", "--to", f"{tmp_path}/out/", "--count", "--status", "json", code=code
    )
    out, said = running.communicate(timeout=90)
    assert running.returncode == 0, said
    told = [json.loads(line) for line in out.splitlines()]
    assert "heads_mean" not in told[0]
    assert max(line.get("heads_most", 0) for line in told) == 1
    assert max(line.get("people_most", 0) for line in told) >= 1
    assert all(line.get("vehicles_most", 0) == 0 for line in told)
    assert told[-1]["view_dark"] == 0
    means = [line["heads_mean"] for line in told if "heads_mean" in line]
    assert all(Fraction(str(mean)) * 10 % 1 == 0 for mean in means)
