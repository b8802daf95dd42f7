"""Hum that dates a film is gone from whatever of its sound is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.jobs.test_voices import bangs, film, heard
from tests.redact.test_hum import Wave, hum, level, told, wander

from passerby import jobs

RATE, SECONDS = 48_000, 60
LOW = 2_000  # samples a second, which are enough for the frequencies that are asked about


@dataclass(frozen=True)
class Dated:
    """A film with two tracks of bangs over hum, which goes `off` as that of one day did."""

    path: Path
    off: Wave
    bangs: Wave
    tracks: list[Wave]


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Dated:
    off = wander(SECONDS, np.random.default_rng(3))
    planted = 0.02 * hum(50, off, RATE, range(1, 20))
    rest = bangs(RATE, len(planted))
    sound = (planted + rest)[None].astype(np.float32)
    path = tmp_path_factory.mktemp("dated") / "a.mp4"
    film(path, [sound, np.concatenate([sound, sound])], RATE, fps=5)
    return Dated(path, off, rest.astype(np.float64), tracks(path))


def tracks(path: Path) -> list[Wave]:
    return [heard(path, track, RATE)[0].astype(np.float64) for track in range(2)]


def lowered(sound: Wave) -> Wave:
    """The same below 1 kHz, in fewer samples: each question takes a twentieth of the time."""
    whole = sound[: len(sound) // RATE * RATE]
    spectrum = np.fft.rfft(whole)[: len(whole) * LOW // RATE // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum) * LOW / RATE)


@pytest.mark.slow
@pytest.mark.parametrize("asked", [{"voice": "keep"}, {"mute_speech": True}])
def test_no_track_of_a_film_can_be_dated_by_its_hum(
    dated: Dated, tmp_path: Path, asked: dict[str, object]
) -> None:
    out = tmp_path / "out.mp4"
    report = jobs.redact(dated.path, out, jobs.Settings(verify=False, **asked))
    assert any("hum" in note for note in report.notes)
    for before, after in zip(dated.tracks, tracks(out), strict=True):
        assert abs(len(before) - len(after)) < RATE / 25
        was, now = lowered(before), lowered(after)
        multiples = (1, 2, 3, 6, 10, 19)
        # What fills the notches is drawn anew each time, and goes with the mains by 0.27, give or
        # take, by chance: their mean over the six by 0.09, and one of them by 0.84 now and then.
        assert np.mean([told(now, LOW, 50, n, dated.off) for n in multiples]) < 0.4
        for n in multiples:
            assert told(was, LOW, 50, n, dated.off) > 0.8
            edges = 50 * n - 0.4, 50 * n + 0.4
            assert level(was, LOW, *edges) - level(now, LOW, *edges) > 12
        same = slice(min(len(after), len(dated.bangs)))
        assert np.corrcoef(after[same], dated.bangs[same])[0, 1] > 0.6  # bangs are heard
