"""A film looked at in parts has the plan of the whole one, to the last byte, whatever the parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from PIL import Image
from tests.cli.conftest import write_clip

from passerby.core.detection import Detections
from passerby.core.frame import Frame
from passerby.core.geometry import Box, Size
from passerby.core.ports import Detector, DetectorInfo, Look
from passerby.core.time import Clock, Span, Ticks
from passerby.engine.run import survey
from passerby.jobs import tasks
from passerby.jobs.answers import Digests, Recording, knowing, write
from passerby.jobs.finders import video_finder
from passerby.jobs.footage import scan
from passerby.jobs.settings import Settings
from passerby.plan import FollowingPlanner, Policy, rows_of
from passerby.testing import ArrayFrame, Layout

SIZE = Size(160, 120)
CLOCK = Clock(Fraction(1, 25))


class Squares:
    """A pure detector of what is white. `off`: it rounds otherwise than others do."""

    def __init__(self, off: float = 0.0) -> None:
        self._off = off
        self.asked = 0
        self.info = DetectorInfo("squares.v1", "squares", "face", "0" * 64, "here", "none")

    def detect(self, frame: Frame, look: Look) -> Detections:
        self.asked += 1
        crop = look.crop or Box(0, 0, frame.size.width, frame.size.height)
        shown = Size(max(1, round(crop.width)), max(1, round(crop.height)))
        white = (frame.picture(shown, look.crop)[..., 1] > 180).astype(np.uint8)
        found = cv2.connectedComponentsWithStats(white)[2][1:, :5].astype(np.float32)
        found = found[found[:, 4] >= 20]
        boxes = np.stack(
            [
                found[:, 0] + crop.x0,
                found[:, 1] + crop.y0,
                found[:, 0] + found[:, 2] + crop.x0,
                found[:, 1] + found[:, 3] + crop.y0,
            ],
            axis=1,
        )
        scores = np.clip(found[:, 4] / 200, 0.12, 0.9).astype(np.float32) + np.float32(self._off)
        return Detections(boxes.astype(np.float32), scores).above(look.threshold)


def film(seed: int, shots: Sequence[int]) -> list[Frame]:
    """White squares of all sizes that drift over another street in each shot of so many frames."""
    random, frames = np.random.default_rng(seed), list[Frame]()
    for length in shots:
        street = cv2.resize(random.integers(20, 120, (15, 20)).astype(np.uint8), (160, 120))
        places = random.integers(5, 100, (3, 2)).astype(float)
        ways, sides = random.normal(0, 1.5, (3, 2)), random.integers(5, 16, 3)
        for _ in range(length):
            luma = np.array(street, np.uint8)
            for (x, y), side in zip(places, sides, strict=True):
                luma[int(y) : int(y) + side, int(x) : int(x) + side] = 235
            places = np.abs(places + ways) % (110, 100)
            grey = np.full((60, 80), 128, np.uint8)
            at = len(frames)
            span = Span(Ticks(at), Ticks(at + 1))
            frames.append(ArrayFrame([luma, grey, grey], Layout.YUV420, span=span))
    return frames


def followed(frames: Sequence[Frame], detectors: Sequence[Detector]) -> str:
    """The tracks of the plan, as text."""
    finder = video_finder(Settings(), CLOCK, SIZE, detectors=detectors)
    planner = FollowingPlanner(finder.followers, Policy())
    for _ in survey(frames, planner):
        pass
    return json.dumps([row.model_dump(mode="json") for row in rows_of(planner.timeline.tracks())])


@limits(max_examples=12)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(8, 40), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 100), st.booleans()), max_size=4),
)
def test_whatever_was_answered_before_the_tracks_are_those_of_the_whole_film(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    shots: list[int],
    parts: list[tuple[int, int, bool]],
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    frames = film(seed, shots)
    whole = followed(frames, [Squares()])
    files = []
    for number, (at, length, rounds_otherwise) in enumerate(parts):
        begin = at % len(frames)
        detectors = [Recording(Squares(1e-3 if rounds_otherwise else 0), Digests())]
        followed(frames[begin : begin + length], detectors)
        files.append(folder / str(number))
        write(files[-1], "this film", detectors)
    assert followed(frames, knowing([Squares()], files, "this film")) == whole


def test_after_a_cut_everything_was_asked_before_so_hardly_anybody_has_to_look_again(
    tmp_path: Path,
) -> None:
    frames = film(7, (40, 60, 90, 50))
    own = Squares()
    whole = followed(frames, [own])
    files = [tmp_path / "a", tmp_path / "b"]
    for path, stretch in zip(files, (frames[:125], frames[70:]), strict=True):
        detectors = [Recording(Squares(), Digests())]
        followed(stretch, detectors)
        write(path, "k", detectors)
    other = Squares()
    (known,) = knowing([other], files, "k")
    assert followed(frames, [known]) == whole
    assert own.asked > 40
    assert other.asked == len(files), "once each, to see that they compute as we do"
    assert known.known == known.asked - len(files)


def test_what_a_machine_saw_that_rounds_otherwise_is_not_believed(tmp_path: Path) -> None:
    frames = film(7, (40, 60))
    others = [Recording(Squares(1e-3), Digests())]
    followed(frames, others)
    write(tmp_path / "a", "k", others)
    (known,) = knowing([Squares()], [tmp_path / "a"], "k")
    assert followed(frames, [known]) == followed(frames, [Squares()])
    assert known.known == 0


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory, astronaut: Path) -> Path:
    """Two shots of a face that drifts, 5 s, a key frame at least every half second."""
    with Image.open(astronaut) as image:
        face = np.asarray(image.convert("RGB").crop((120, 20, 320, 220)))
    pictures = []
    for number in range(125):
        first = number < 60
        picture = np.full((240, 320, 3), 128 if first else 60, np.uint8)
        picture[:: 16 if first else 9] = 90
        x = 20 + number % 60
        picture[20:220, x : x + 200] = face if first else face[:, ::-1]
        pictures.append(picture)
    path = tmp_path_factory.mktemp("cut") / "cut.mp4"
    write_clip(path, pictures, sound=False, gop=12)
    return path


@pytest.mark.slow
def test_the_plan_of_a_film_in_parts_is_that_of_a_scan_to_the_last_byte(
    cut: Path, tmp_path: Path
) -> None:
    policy = Settings(preset="fast", encoder_preset="ultrafast")  # x264's other presets vary
    scan(cut, policy, output=tmp_path / "whole.json")
    whole = (tmp_path / "whole.json").read_bytes()
    parts = tasks.parts(cut, policy, 1.5)
    assert len(parts) >= 2
    assert parts[0][0] == 0
    files = [tmp_path / f"{number}.answers" for number, _ in enumerate(parts)]
    for part, file in zip(parts, files, strict=True):
        assert tasks.survey_part(cut, file, policy, part) > 0
        assert tasks.survey_part(cut, file, policy, part) == 0, "it was there already"
    plan = tmp_path / "plan.json"
    asked, known = tasks.link(cut, files, plan, policy)
    assert plan.read_bytes() == whole
    assert known > asked / 2
    head, rest = files[0].read_text().split("\n", 1)
    files[0].write_text(rest)  # without its head
    files[1].write_text(json.dumps({**json.loads(head), "key": "another film"}) + "\n" + rest)
    assert tasks.link(cut, [*files[:2], tmp_path / "none"], plan, policy)[1] == 0
    assert plan.read_bytes() == whole
    done = tasks.render(cut, plan, tmp_path / "out.mp4", policy)
    assert (done.status, done.words) == ("done", "safe as far as checked")
    assert tasks.check(tmp_path / "out.mp4", done)
    one = tasks.redact_whole(cut, tmp_path / "one.mp4", policy)
    assert (one.output_sha256, one.key) == (done.output_sha256, done.key)
    (tmp_path / "out.mp4").write_bytes(b"half of it")
    assert not tasks.check(tmp_path / "out.mp4", done)
