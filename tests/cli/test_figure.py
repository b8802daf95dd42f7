"""Figures end to end: real models, a real photo, and a film that pans over somebody."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from .conftest import Run
from .test_people import portrait, walked

GREY = 51  # of a figure in RGB


def colours(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def luma(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def figure(picture: np.ndarray) -> np.ndarray:
    """Where a figure is drawn."""
    return np.asarray((abs(picture - GREY) <= 1).all(axis=-1))


@pytest.fixture
def hidden(inside: Run, astronaut: Path, tmp_path: Path) -> Path:
    done = inside(
        "redact", astronaut, "-o", "out.png", "--hide", "people,faces", "--style", "figure",
        "--preset", "fast", "--save-plan", "plan.json", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["files"]
    assert not told["report"]["verification"]["findings"]
    assert any("gait" in note for note in told["report"]["notes"])
    return tmp_path / "out.png"


def test_somebody_becomes_a_flat_figure_and_passes_verification(
    hidden: Path, astronaut: Path
) -> None:
    before, after = colours(astronaut), colours(hidden)
    drawn = figure(after)
    assert drawn[400:440, 180:230].all(), "her suit"
    assert drawn[80:150, 200:240].all(), "her head"
    assert 0.1 < drawn.mean() < 0.6
    assert not drawn[:60, 420:].any(), "the wall"
    changed = (before != after).any(axis=-1)
    assert changed[40:470, 90:320].mean() > 0.99


def test_a_saved_plan_draws_the_same_figures(
    hidden: Path, inside: Run, astronaut: Path, tmp_path: Path
) -> None:
    done = inside("redact", astronaut, "-o", "again.png", "--plan", "plan.json")
    assert done.returncode == 0, done.stderr
    assert np.array_equal(colours(hidden), colours(tmp_path / "again.png"))


def test_original_pixels_inside_a_figure_are_found(
    hidden: Path, inside: Run, astronaut: Path, tmp_path: Path
) -> None:
    """Also if no more than their brightness comes back, at half its strength."""
    before, after = colours(astronaut), colours(hidden)
    drawn = figure(after)[..., None]
    dim = GREY + (before.mean(axis=-1, keepdims=True) - 128) * 0.5
    for number, leak in enumerate((before, np.broadcast_to(dim, before.shape))):
        file = tmp_path / f"leak{number}.png"
        Image.fromarray(np.where(drawn, leak, after).clip(0, 255).astype(np.uint8)).save(file)
        done = inside("verify", file, "--original", astronaut, "--plan", "plan.json")
        assert done.returncode == 3, (number, done.stdout)
        assert "left inside" in done.stdout + done.stderr
    done = inside("verify", hidden, "--original", astronaut, "--plan", "plan.json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_figures_walk_in_a_film_the_same_in_one_pass_and_by_plan(
    inside: Run, astronaut: Path, tmp_path: Path
) -> None:
    bodies = walked(tmp_path / "pan.mp4", portrait(astronaut), frames=24)
    done = inside(
        "redact", "pan.mp4", "-o", "out.mp4", "--hide", "people,faces", "--style", "figure",
        "--preset", "fast", "--save-plan", "plan.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = inside("redact", "pan.mp4", "-o", "again.mp4", "--plan", "plan.json",
                     "--preset", "fast")  # fmt: skip
    assert again.returncode == 0, again.stderr
    shown = luma(tmp_path / "out.mp4")
    assert len(shown) == len(bodies)
    for frame, body in zip(shown, bodies, strict=True):
        middle = frame[300:420, round(body.x0) + 70 : round(body.x0) + 110]
        assert abs(middle.astype(int) - middle.mean()).max() < 24, "flat"
    for one, other in zip(shown, luma(tmp_path / "again.mp4"), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    "arguments",
    [("redact", "-o", "out.png", "--style", "figure"),
     ("redact", "-o", "out.png", "--policy", "protest", "--hide", "faces,text")],
    ids=["alone", "policy"],
)  # fmt: skip
def test_figures_of_nothing_are_refused(
    inside: Run, astronaut: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    command, *more = arguments
    done = inside(command, astronaut, *more)
    assert done.returncode == 2
    assert "--hide people,faces" in done.stderr
    assert not (tmp_path / "out.png").exists()


def test_a_plan_without_people_has_no_figures(inside: Run, astronaut: Path) -> None:
    done = inside("scan", astronaut, "-o", "plan.json", "--preset", "fast")
    assert done.returncode == 0, done.stderr
    done = inside("redact", astronaut, "-o", "out.png", "--plan", "plan.json",
                    "--style", "figure")  # fmt: skip
    assert done.returncode == 2
    assert "people" in done.stderr
