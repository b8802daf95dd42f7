"""A file that is not whole is an error; where somebody accepts that, it is said where it broke."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media import films
from tests.media.films import Film, make
from tests.media.test_encode import MS, through

from passerby.core.errors import MediaError, PasserbyError, Truncated, Unsupported
from passerby.media import VideoSource, bulk, probe
from passerby.media.whole import breaks_off

LONG = Film(tuple(range(0, 4000, 40)), MS, size=(96, 64), sounds=1)


def live(path: Path) -> Path:
    """A Matroska file as a browser records it: no sizes, no length, no index."""
    with av.open(str(path), "w", format="matroska", container_options={"live": "1"}) as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.time_base = MS
        for number in range(50):
            frame = films.picture(number, LONG)
            frame.pts, frame.time_base = number * 40, MS
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def whole(folder: Path, suffix: str) -> Path:
    path = folder / f"whole{suffix}"
    if path.exists():
        return path
    if suffix == ".live.mkv":
        return live(path)
    if suffix == ".webm":
        return make(path, Film(LONG.moments, MS, codec="libvpx-vp9"))
    if suffix == ".avi":
        return make(path, Film(tuple(range(60)), codec="mpeg4", size=(96, 64)))
    return make(path, LONG)


def last_block(data: bytes) -> int:
    """Where the last simple block of a Matroska file begins."""
    return data.rindex(b"\xa3")


@settings(max_examples=40)
@given(suffix=st.sampled_from([".mp4", ".mov", ".mkv", ".webm", ".avi"]), share=st.floats(0, 1))
def test_whatever_a_copy_lacks_is_noticed_even_if_it_is_one_byte(
    suffix: str, share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.getbasetemp()
    data = whole(base, suffix).read_bytes()
    short = base / f"short{suffix}"
    short.write_bytes(data[: int((len(data) - 1) * share)])
    with pytest.raises(MediaError):
        list(VideoSource(probe(short)).frames())


@settings(max_examples=20)
@given(lacks=st.integers(1, 60))
def test_a_recording_without_sizes_that_breaks_off_within_a_picture_is_noticed(
    lacks: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.getbasetemp()
    data = whole(base, ".live.mkv").read_bytes()
    assert len(list(VideoSource(probe(base / "whole.live.mkv")).frames())) == 50
    assert lacks < len(data) - last_block(data)
    (base / "short.live.mkv").write_bytes(data[:-lacks])
    with pytest.raises(Truncated):
        list(VideoSource(probe(base / "short.live.mkv")).frames())


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".avi", ".live.mkv"])
def test_a_whole_file_with_something_behind_it_is_whole(tmp_path: Path, suffix: str) -> None:
    path = whole(tmp_path, suffix)
    with av.open(str(path)) as container:
        family = container.format.name.split(",")[0]
    for more in (b"", b"\0" * 64, b"SEFT\x10\0\0\0"):
        longer = tmp_path / "longer"
        longer.write_bytes(path.read_bytes() + (b"" if suffix == ".live.mkv" else more))
        assert breaks_off(longer, family) == ""


def test_a_matroska_file_whose_last_third_of_a_second_is_missing_is_noticed(tmp_path: Path) -> None:
    """Rewritten whole, without its last frames, as a repair tool would: only the length tells."""
    path = make(tmp_path / "a.mkv", Film(LONG.moments, MS))
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        length = container.duration
    assert length == 4_000_000
    at = data.index(b"\x44\x89\x88") + 3
    data[at : at + 8] = np.array(4330, ">f8").tobytes()
    path.write_bytes(data)
    with pytest.raises(Truncated, match=r"breaks off after 4\.00 of 4\.33 s"):
        list(VideoSource(probe(path)).frames())


def test_a_picture_shorter_than_its_own_tag_is_noticed(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mkv", LONG)
    data = path.read_bytes()
    stated = b"00:00:04.000000000"
    assert data.count(stated)
    path.write_bytes(data.replace(stated, b"00:00:04.400000000", 1))
    with pytest.raises(Truncated, match=r"picture breaks off after 4\.00 of 4\.40 s"):
        list(VideoSource(probe(path)).frames())


def middle(path: Path) -> Path:
    """The same file with a few dozen bytes in its middle overwritten."""
    data = bytearray(path.read_bytes())
    at = int(len(data) * 0.45)
    data[at : at + 60] = bytes(60)
    bad = path.with_name(f"bad-{path.name}")
    bad.write_bytes(data)
    return bad


def end(path: Path) -> Path:
    return films.cut(path, 0.6)


@pytest.mark.parametrize("damaged", [middle, end])
@pytest.mark.parametrize("suffix", [".mkv", ".avi"])
def test_accepted_damage_is_told_with_its_place_and_read_alike_each_time(
    tmp_path: Path, suffix: str, damaged: Callable[[Path], Path]
) -> None:
    bad = damaged(whole(tmp_path, suffix))
    with pytest.raises(Truncated, match="accept-damaged"):
        list(VideoSource(probe(bad)).frames())
    source = VideoSource(probe(bad, accept_damaged=True), accept_damaged=True)
    seen = [
        [[plane.pixels.copy() for plane in frame.planes()] for frame in source.frames()]
        for _ in range(2)
    ]
    assert 10 < len(seen[0]) <= 100
    assert source.damage
    if damaged is middle:
        assert any(" s (tick " in where for where in source.damage)
    for a, b in zip(*seen, strict=True):
        for one, other in zip(a, b, strict=True):
            assert np.array_equal(one, other)


def test_a_whole_file_is_not_called_damaged(tmp_path: Path) -> None:
    for suffix in (".mp4", ".mkv", ".webm", ".avi", ".live.mkv"):
        source = VideoSource(probe(whole(tmp_path, suffix)), accept_damaged=True)
        assert list(source.frames())
        assert source.damage == []


def muffled(path: Path) -> Path:
    """The same Matroska file, its sound overwritten from the middle on."""
    with av.open(str(path)) as container:
        [index] = [s.index for s in container.streams.audio]
        pieces = [bytes(p) for p in container.demux(container.streams[index]) if p.size > 40]
    data = path.read_bytes()
    for piece in pieces[len(pieces) // 2 :]:
        data = data.replace(piece, b"\xff" * len(piece))
    path.write_bytes(data)
    return path


def test_damaged_sound_that_was_asked_for_is_an_error_that_names_its_stream(
    tmp_path: Path,
) -> None:
    path = muffled(make(tmp_path / "a.mkv", LONG))
    with pytest.raises(PasserbyError, match="sound stream 1 is damaged"):
        through(path, voice="keep")
    out, _ = through(path, voice="mute")
    assert len(films.moments(out)) == 100


def test_sound_that_pauses_for_hours_is_refused_and_not_filled_with_silence(
    tmp_path: Path,
) -> None:
    """A bit of its clock has flipped; hours of silence would take as long to encode."""
    film = Film(LONG.moments, MS, sounds=1, options={"bf": "0"})
    path = make(tmp_path / "a.mkv", film)
    with av.open(str(path)) as source, av.open(str(tmp_path / "late.mkv"), "w") as out:
        streams = {s.index: out.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if packet.stream.type == "audio" and packet.pts > 2000:
                packet.pts += 1 << 24
                packet.dts += 1 << 24
            packet.stream = streams[packet.stream.index]
            out.mux(packet)
    with pytest.raises(Unsupported, match=r"sound stream 1 pauses for 4\.7 hours"):
        through(tmp_path / "late.mkv", voice="keep")


def test_a_film_of_an_hour_in_ten_kilobytes_is_refused_until_the_limit_is_raised(
    tmp_path: Path,
) -> None:
    film = Film(tuple(range(0, 3_600_000, 120_000)), MS, size=(32, 32))
    path = make(tmp_path / "a.mkv", film)
    assert path.stat().st_size < 12_000
    card = probe(path)
    with pytest.raises(Unsupported, match="lasts far longer") as error:
        list(VideoSource(card).frames())
    assert "--limit" in error.value.hint
    assert len(list(VideoSource(card, limit=10).frames())) == 30


def test_a_file_that_unpacks_to_too_many_pictures_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "a.mkv", Film(tuple(range(60))))
    card = probe(path)
    monkeypatch.setattr(bulk, "_FREE_PIXELS", 50 * card.size.area)
    monkeypatch.setattr(bulk, "_PIXELS_A_BYTE", 1)
    with pytest.raises(Unsupported, match="more pictures") as error:
        list(VideoSource(card).frames())
    assert error.value.at == 50 * 40
    assert len(list(VideoSource(card, limit=2).frames())) == 60


def test_an_enormous_picture_is_refused_by_a_limit_that_can_be_raised(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mkv", Film((0, 1), size=(640, 480)))
    with pytest.raises(Unsupported, match="enormous") as error:
        probe(path, most_pixels=640 * 480)
    assert "--limit" in error.value.hint
    assert probe(path, most_pixels=640 * 480 * 4).size.width == 640


@pytest.mark.parametrize("moment", [1 << 60, 0x5F00000000000000])
def test_a_moment_that_no_clock_reaches_is_an_error_of_ours(tmp_path: Path, moment: int) -> None:
    path = make(tmp_path / "a.ivf", Film((0,), codec="libvpx"))
    data = bytearray(path.read_bytes())
    data[36:44] = moment.to_bytes(8, "little")  # the first picture's own time
    path.write_bytes(data)
    with pytest.raises(Unsupported, match="no clock"):
        list(VideoSource(probe(path, accept_damaged=True), accept_damaged=True).frames())
