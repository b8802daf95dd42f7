"""Films whose moments of showing are no use are looked at as often as others."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from passerby.jobs import Settings, redact

pytestmark = pytest.mark.slow
FRAMES = 110


def panned(astronaut: Path, path: Path, tick: Fraction | None) -> None:
    """Over a wall on which there is a portrait; a frame each `tick` seconds, or all at once."""
    rng = np.random.default_rng(1)
    rough = rng.integers(40, 210, (12, 40, 3)).astype(np.uint8)
    wall = cv2.resize(rough, (1280, 384), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    with Image.open(astronaut) as image:
        face = np.asarray(image.convert("RGB").resize((384, 384)), np.float32)
    mask = np.zeros((384, 384), np.float32)
    cv2.ellipse(mask, (168, 86), (70, 95), 0, 0, 360, 1, -1)
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), 12))[..., None]
    part = wall[:, 450:834]
    part[:] = face * soft + part * (1 - soft)
    pixels = np.clip(wall, 0, 255).astype(np.uint8)
    with av.open(str(path), "w", format="matroska") as out:
        video = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "0"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 384, 384, "yuv420p"
        made = []
        for number in range(FRAMES):
            seen = np.ascontiguousarray(pixels[:, 8 * number : 8 * number + 384])
            made += video.encode(av.VideoFrame.from_ndarray(seen, format="rgb24"))
        for number, packet in enumerate([*made, *video.encode()]):
            at = 0 if tick is None else round(1000 * number * tick)
            packet.time_base, packet.pts, packet.dts, packet.duration = Fraction(1, 1000), at, at, 0
            out.mux_one(packet)


@pytest.mark.parametrize("tick", [Fraction(1, 25), Fraction(1, 1000), None])
def test_whoever_is_in_a_film_is_hidden_whatever_its_moments_are(
    tmp_path: Path, astronaut: Path, tick: Fraction | None
) -> None:
    film = tmp_path / "film.mkv"
    panned(astronaut, film, tick)
    report = redact(film, tmp_path / "out.mkv", Settings(preset="fast"))
    assert report.counts.frames == FRAMES
    assert 65 <= report.counts.frames_hidden_in < FRAMES
