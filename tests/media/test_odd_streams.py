"""Streams that are not what players expect: kept whole, or an error that names them."""

from __future__ import annotations

import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media import films
from tests.media.films import Film, make
from tests.media.test_encode import MS, through

from passerby.core.errors import PasserbyError, Unsupported
from passerby.core.time import Ticks
from passerby.media import VideoSource, probe
from passerby.media.timing import ShowTimes

HALF = Film(tuple(range(25)), Fraction(1, 25), sounds=1, click=Fraction(1, 2))
FRAME = Fraction(1, 25)


def two_windows(path: Path) -> Path:
    """Two films side by side in one file, as dashcams with a rear camera write them."""
    with av.open(str(path), "w", format=films.FORMATS[path.suffix]) as out:
        streams = [out.add_stream("libx264", rate=25) for _ in range(2)]
        for width, stream in zip((64, 96), streams, strict=True):
            stream.width, stream.height, stream.pix_fmt = width, 48, "yuv420p"
        for number in range(10):
            for width, stream in zip((64, 96), streams, strict=True):
                frame = films.picture(number, Film(size=(width, 48)))
                frame.pts, frame.time_base = number, FRAME
                out.mux(stream.encode(frame))
        for stream in streams:
            out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_two_films_side_by_side_are_an_error_that_names_them_until_one_is_chosen(
    tmp_path: Path, suffix: str
) -> None:
    path = two_windows(tmp_path / f"a{suffix}")
    with pytest.raises(Unsupported, match=r"2 films \(streams 0, 1\)") as error:
        probe(path)
    assert "--video-stream" in error.value.hint
    for stream, width in ((0, 64), (1, 96)):
        card = probe(path, stream=stream)
        assert card.size.width == width
        assert "second video stream" in card.carries
        assert len(list(VideoSource(card).frames())) == 10
    with pytest.raises(Unsupported, match="no video stream 7"):
        probe(path, stream=7)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_films_one_behind_the_other_of_which_players_show_the_first_are_an_error(
    tmp_path: Path, suffix: str
) -> None:
    film = Film(codec="mpeg4") if suffix == ".avi" else Film()
    path = make(tmp_path / f"a{suffix}", film)
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(Unsupported, match="2 films one behind the other"):
        probe(path)


@pytest.mark.parametrize("suffix", [".ts"])
def test_pieces_whose_clock_starts_anew_follow_each_other_with_their_sound(
    tmp_path: Path, suffix: str
) -> None:
    """Each piece is shown at its own pace behind the one before, and clicks when it did."""
    first = make(tmp_path / f"a{suffix}", Film(tuple(range(75)), sounds=1, click=Fraction(5, 2)))
    second = make(tmp_path / f"b{suffix}", HALF)
    both = tmp_path / f"both{suffix}"
    both.write_bytes(first.read_bytes() + second.read_bytes() + second.read_bytes())
    source = VideoSource(probe(both))
    starts = [frame.span.start * source.clock.tick for frame in source.frames()]
    assert len(starts) == 125
    assert any("3 films in one stream" in note for note in source.notes)
    steps = [b - a for a, b in pairwise(starts)]
    assert steps[:74] == [FRAME] * 74
    assert steps[75:99] == steps[100:] == [FRAME] * 24
    assert all(FRAME <= step < 4 * FRAME for step in (steps[74], steps[99]))
    out, _ = through(both, "mp4", voice="keep")
    assert films.moments(out) == starts
    alone, heard = clicks(second), clicks(out)
    assert len(heard) == 3
    offset = alone[0] - films.moments(second)[0]
    assert abs(heard[1] - starts[75] - offset) < FRAME
    assert abs(heard[2] - starts[100] - offset) < FRAME


def clicks(path: Path) -> list[Fraction]:
    """When a click is heard, in seconds."""
    heard: list[Fraction] = []
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            wave = np.abs(frame.to_ndarray()).reshape(-1)
            if wave.max() > 0.4:
                assert frame.pts is not None
                assert frame.time_base is not None
                at = frame.pts * frame.time_base + Fraction(int(wave.argmax()), frame.sample_rate)
                if not heard or at - heard[-1] > Fraction(1, 5):
                    heard.append(at)
    return heard


@given(gaps=st.lists(st.integers(1, 50), min_size=3, max_size=30), back=st.integers(1, 40))
def test_a_frame_or_two_out_of_order_moves_nothing_else(gaps: list[int], back: int) -> None:
    moments = [100 + sum(gaps[:n]) for n in range(len(gaps))]
    late = len(moments) // 2
    told = [*moments[:late], moments[late - 1] - back, *moments[late:]]
    times = ShowTimes(timed=True, jump=90)
    shown = [times.frame(at, 0) for at in told]
    assert all(b > a for a, b in pairwise(shown))
    assert shown[:late] == moments[:late]
    assert [at for at in moments[late + 1 :] if at not in shown] == []
    assert times.jumps == 0
    assert times.repaired >= 1


@given(st.lists(st.integers(1, 50), min_size=2, max_size=20), st.integers(1000, 100_000))
def test_behind_a_jump_back_every_step_is_as_long_as_before(gaps: list[int], back: int) -> None:
    first = [200_000 + sum(gaps[:n]) for n in range(len(gaps))]
    second = [at - back for at in first]
    times = ShowTimes(timed=True, jump=900)
    shown: list[Ticks] = [times.frame(at, 0) for at in (*first, *second)]
    assert shown[: len(gaps)] == first
    steps = [b - a for a, b in pairwise(shown)]
    assert steps[len(gaps) :] == gaps[:-1]
    assert times.jumps == 1


def cut_by_edit_list(path: Path, frames: int) -> Path:
    """The film's edit list begins `frames` frames later: players don't show those before."""
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 4
    version, count = data[at], struct.unpack(">I", data[at + 4 : at + 8])[0]
    assert (version, count) == (0, 1)
    duration, media = struct.unpack(">Ii", data[at + 8 : at + 16])
    scale = data.index(b"mvhd") + 4 + 12
    (movie,) = struct.unpack(">I", data[scale : scale + 4])
    data[at + 8 : at + 16] = struct.pack(">Ii", duration - frames * movie // 25, media + frames)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("cut", [1, 5, 13])
def test_frames_that_an_edit_list_cuts_away_do_not_come_back(tmp_path: Path, cut: int) -> None:
    path = cut_by_edit_list(make(tmp_path / "a.mp4", Film(tuple(range(30)))), cut)
    shown = films.moments(path)
    card = probe(path)
    read = list(VideoSource(card).frames())
    assert [frame.span.start * card.clock.tick for frame in read] == shown
    assert len(read) == 30 - cut
    out, _ = through(path)
    assert films.moments(out) == shown
    with av.open(str(out)) as file:
        assert sum(1 for p in file.demux(video=0) if p.size) == 30 - cut


def unknown_sound(path: Path) -> Path:
    """The second sound track of a Matroska film is of a codec that nobody knows."""
    data = make(path, Film(tuple(range(25)), FRAME, sounds=2)).read_bytes()
    at = data.rindex(b"A_AAC")
    path.write_bytes(data[:at] + b"A_XYZ" + data[at + 5 :])
    return path


def test_a_sound_track_that_can_not_be_decoded_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = unknown_sound(tmp_path / "a.mkv")
    with pytest.raises(PasserbyError, match="sound stream 2 can't be decoded"):
        through(path, voice="keep")
    through(path, voice="mute")


def test_chapters_and_data_are_not_films(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Film(tuple(range(50)), chapters=("One", "Two"), sounds=1))
    assert len(list(VideoSource(probe(path)).frames())) == 50
    assert (
        len(
            list(
                VideoSource(
                    probe(make(tmp_path / "b.mkv", Film(moments=(0, 40), tick=MS)))
                ).frames()
            )
        )
        == 2
    )
