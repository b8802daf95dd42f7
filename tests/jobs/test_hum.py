"""Hum that dates a film is gone from whatever of its sound is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.jobs.test_voices import bangs, film, heard
from tests.redact.test_hum import hum, level, told, wander

from passerby import jobs

RATE, SECONDS = 48_000, 60


@pytest.mark.slow
@pytest.mark.parametrize("asked", [{"voice": "keep"}, {"mute_speech": True}])
def test_no_track_of_a_film_can_be_dated_by_its_hum(
    tmp_path: Path, asked: dict[str, object]
) -> None:
    off = wander(SECONDS, np.random.default_rng(3))
    planted = 0.02 * hum(50, off, RATE, range(1, 20))
    rest = bangs(RATE, len(planted))
    sound = (planted + rest)[None].astype(np.float32)
    path = film(tmp_path / "a.mp4", [sound, np.concatenate([sound, sound])], RATE)
    out = tmp_path / "out.mp4"
    report = jobs.redact(path, out, jobs.Settings(verify=False, **asked))
    assert any("hum" in note for note in report.notes)
    for track in range(2):
        before, after = (heard(p, track, RATE)[0].astype(np.float64) for p in (path, out))
        assert abs(len(before) - len(after)) < RATE / 25
        for n in (1, 2, 3, 6, 10, 19):
            assert told(before, RATE, 50, n, off) > 0.8
            assert told(after, RATE, 50, n, off) < 0.75
            edges = 50 * n - 0.4, 50 * n + 0.4
            assert level(before, RATE, *edges) - level(after, RATE, *edges) > 12
        assert np.corrcoef(after[: len(rest)], rest[: len(after)])[0, 1] > 0.6  # bangs are heard
