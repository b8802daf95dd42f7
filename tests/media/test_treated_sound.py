"""Sound that a treatment changes on its way stays in step with the picture, and as long."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.media import films
from tests.media.films import Film, make
from tests.media.test_encode import MS

from passerby.core.sound import HEARD_RATE, Samples, Treatment
from passerby.media import Encoding, VideoSink, VideoSource, probe

FRAME = Fraction(1, 25)
LONG = tuple(range(0, 6000, 40))


class Late:
    """Gives everything back as it was, but three seconds late; keeps what it was given to hear."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate = rate
        self.sound = np.zeros((channels, 0), np.float32)
        self.heard = np.zeros((channels, 0), np.float32)
        self._given = 0

    def take(self, sound: Samples, heard: Samples) -> Samples:
        self.sound = np.concatenate([self.sound, sound], axis=1)
        self.heard = np.concatenate([self.heard, heard], axis=1)
        start = self._given
        self._given = max(start, self.sound.shape[1] - 3 * self.rate)
        return self.sound[:, start : self._given]

    def end(self) -> Samples:
        return self.sound[:, self._given :]

    def notes(self) -> Sequence[str]:
        return ("came late",)


def ends(path: Path, track: int) -> float:
    """The second at which the track ends."""
    with av.open(str(path)) as container:
        frames = list(container.decode(container.streams.audio[track]))
    assert frames[-1].time is not None
    return frames[-1].time + frames[-1].samples / frames[-1].sample_rate


def treated(path: Path, out: Path, made: list[Late]) -> VideoSink:
    def treatments(rate: int, channels: int) -> Treatment:
        made.append(Late(rate, channels))
        return made[-1]

    card = probe(path)
    sink = VideoSink(out, card, Encoding("mp4", 20, "ultrafast", "treat"), treatments)
    for frame in VideoSource(card).frames():
        sink.write(frame)
    sink.close()
    return sink


@pytest.mark.parametrize("sound_from", [Fraction(0), Fraction(7, 10)])
def test_a_click_stays_where_it_was_and_is_heard_there(
    tmp_path: Path, sound_from: Fraction
) -> None:
    film = Film(LONG, MS, sounds=2, sound_from=sound_from, click=Fraction(21, 10))
    path, made = make(tmp_path / "a.mp4", film), list[Late]()
    sink = treated(path, tmp_path / "out.mp4", made)
    for track in range(2):
        here, there = (films.loudest(p, track) for p in (tmp_path / "out.mp4", path))
        assert abs(here - there) < FRAME / 2
        last, whole = (ends(p, track) for p in (tmp_path / "out.mp4", path))
        assert abs(last - whole) < FRAME
    for late in made:
        assert abs(late.heard.shape[1] / HEARD_RATE - late.sound.shape[1] / late.rate) < 0.001
        click = [int((np.abs(s[0]) > 0.3).argmax()) for s in (late.heard, late.sound)]
        assert abs(click[0] / HEARD_RATE - click[1] / late.rate) < 0.001
    assert sink.notes == ["sound track 1: came late", "sound track 2: came late"]


def test_sound_is_neither_treated_nor_kept_by_mistake(tmp_path: Path) -> None:
    card = probe(make(tmp_path / "a.mp4", Film(LONG, MS, sounds=1)))
    with pytest.raises(ValueError, match="treat"):
        VideoSink(tmp_path / "out.mp4", card, Encoding("mp4", 20, "ultrafast", "treat"))
    with pytest.raises(ValueError, match="treat"):
        VideoSink(tmp_path / "out.mp4", card, Encoding("mp4", 20, "ultrafast", "keep"), Late)
    assert not (tmp_path / "out.mp4").exists()
