"""Sound that was asked to be kept: every track, in step with the picture."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from tests.media import films
from tests.media.films import Film, make
from tests.media.test_encode import MS, through

from passerby.media import probe
from passerby.media.target import Container

FRAME = Fraction(1, 25)
LONG = tuple(range(0, 3000, 40))


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("picture_from", "sound_from"),
    [(0, Fraction(0)), (800, Fraction(0)), (0, Fraction(7, 10)), (400, Fraction(9, 10))],
)
def test_a_click_stays_where_it_was_against_the_picture(
    tmp_path: Path, suffix: str, container: Container, picture_from: int, sound_from: Fraction
) -> None:
    moments = tuple(picture_from + at for at in LONG)
    film = Film(moments, MS, sounds=1, sound_from=sound_from, click=Fraction(6, 10))
    path = make(tmp_path / f"a{suffix}", film)
    out, _ = through(path, container, voice="keep")
    assert abs(films.loudest(path, 0) - (sound_from + Fraction(6, 10))) < FRAME / 2
    assert abs(films.loudest(out, 0) - films.loudest(path, 0)) < FRAME / 2
    assert films.moments(out) == films.moments(path)


def test_a_transport_stream_keeps_its_offset(tmp_path: Path) -> None:
    film = Film(tuple(range(50)), sounds=1, sound_from=Fraction(1, 2), click=Fraction(1, 2))
    path = make(tmp_path / "a.ts", film)
    out, _ = through(path, voice="keep")
    apart = [films.loudest(p, 0) - films.moments(p)[0] for p in (path, out)]
    assert abs(apart[0] - apart[1]) < FRAME / 2


def test_every_track_is_kept(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Film(LONG, MS, sounds=3))
    out, _ = through(path, voice="keep")
    assert [s.type for s in probe(out).streams] == ["video"] + ["audio"] * 3
    for track in range(3):
        assert abs(films.loudest(out, track) - films.loudest(path, track)) < FRAME / 2


def test_sound_lasts_as_long_as_before(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Film(LONG, MS, sounds=1))
    out, _ = through(path, voice="keep")

    def samples(file: Path) -> int:
        with av.open(str(file)) as container:
            return sum(f.samples for f in container.decode(audio=0))

    assert abs(samples(out) - samples(path)) <= 2048


@pytest.mark.parametrize("voice", ["mute", "keep"])
def test_a_film_without_sound_works(tmp_path: Path, voice: str) -> None:
    out, sink = through(make(tmp_path / "a.mp4"), voice=voice)  # type: ignore[arg-type]  # one of a row's
    assert [s.type for s in probe(out).streams] == ["video"]
    assert sink.notes == []


def test_muted_means_that_no_track_is_there(tmp_path: Path) -> None:
    out, _ = through(make(tmp_path / "a.mp4", Film(LONG, MS, sounds=2)))
    assert [s.type for s in probe(out).streams] == ["video"]


def test_a_gap_in_the_sound_is_silence_and_not_a_shift(tmp_path: Path) -> None:
    film = Film(LONG, MS, sounds=1, click=Fraction(2), options={"bf": "0"})
    whole = make(tmp_path / "a.mkv", film)
    holed = tmp_path / "holed.mkv"
    with av.open(str(whole)) as source, av.open(str(holed), "w") as out:
        streams = {s.index: out.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            at = packet.pts * packet.time_base
            if packet.stream.type == "audio" and Fraction(1, 2) < at < 1:
                continue
            packet.stream = streams[packet.stream.index]
            out.mux(packet)
    made, _ = through(holed, voice="keep")
    assert abs(films.loudest(made, 0) - films.loudest(whole, 0)) < FRAME / 2
