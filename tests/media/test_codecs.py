"""Every codec that can be asked for: the same film, no mark of its encoder, HDR that stays HDR."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.media import films
from tests.media.films import Film, make
from tests.media.test_encode import MS

from passerby.core.errors import OutputError, Unsupported, UsageError
from passerby.core.geometry import Orientation, Size
from passerby.media import Encoding, VideoSink, VideoSource, probe
from passerby.media.encoders import CODECS, CONTAINERS, SOFTWARE, Codec, codec_of, hardware, works
from passerby.media.orient import to_matrix
from passerby.media.target import Container
from passerby.verify import walk

FITS = [(codec, container) for codec in CODECS for container in sorted(CONTAINERS[codec])]
MARKS = (b"x264", b"x265", b"Lavc", b"libvpx", b"SVT", b"options:")


def written(path: Path, encoding: Encoding) -> tuple[Path, VideoSink]:
    card = probe(path)
    out = path.with_name(f"out.{encoding.container}")
    encoding.check(10 if "10" in card.pixel_format else 8)
    sink = VideoSink(out, card, encoding)
    try:
        for frame in VideoSource(card).frames():
            frame.writable()  # as if somebody were in it
            sink.write(frame)
        sink.close()
    except BaseException:  # raised again
        sink.discard()
        raise
    return out, sink


@pytest.mark.parametrize(("codec", "container"), FITS)
def test_a_film_keeps_its_moments_its_picture_and_its_orientation_and_gets_no_mark(
    tmp_path: Path, codec: Codec, container: Container
) -> None:
    moments = (0, 33, 67, 100, 400, 433, 900)
    matrix = to_matrix(Orientation.TURN_90, Size(128, 96))
    colour = (1, 1, 1, 1)
    film = Film(moments, MS, size=(128, 96), matrix=matrix, colour=colour, sounds=1)
    path = make(tmp_path / "a.mp4", film)
    out, _ = written(path, Encoding(container, None, "medium", "keep", codec=codec))
    card = probe(out)
    assert card.codec == codec
    assert films.moments(out) == [at * MS for at in moments]
    assert (card.size, card.orientation) == (Size(96, 128), Orientation.TURN_90)
    for a, b in zip(films.shown(path), films.shown(out), strict=True):
        assert np.abs(a.astype(int) - b).mean() < 6
    with av.open(str(out)) as file:
        first = next(file.decode(video=0))
        assert (first.color_primaries, first.color_trc, first.colorspace) == (1, 1, 1)
    data = out.read_bytes()
    assert [mark for mark in MARKS if mark in data] == []
    assert walk(out) == []


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [(63, 47), (64, 47), (16, 16)])
def test_odd_and_tiny_sizes_are_kept_in_every_codec(
    tmp_path: Path, codec: Codec, size: tuple[int, int]
) -> None:
    path = make(tmp_path / "a.webm", Film(size=size, codec="libvpx-vp9", tick=MS))
    out, sink = written(path, Encoding("mkv", None, "ultrafast", codec=codec))
    assert probe(out).size == Size(*size)
    told = [note for note in sink.notes if "odd size" in note]
    assert bool(told) == (codec in ("h264", "hevc") and size != (16, 16))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("frames", [1, 2, 3, 4])
@pytest.mark.parametrize("preset", ["ultrafast", "medium"])
def test_the_shortest_films_are_kept(
    tmp_path: Path, codec: Codec, frames: int, preset: str
) -> None:
    path = make(tmp_path / "a.mp4", Film(tuple(range(0, 40 * frames, 40)), MS, last=40))
    out, _ = written(path, Encoding("mp4", None, preset, codec=codec))
    assert films.moments(out) == films.moments(path)
    assert walk(out) == []


@pytest.mark.parametrize("codec", CODECS)
def test_a_codec_that_does_not_fit_its_container_is_refused(codec: Codec) -> None:
    for container in {"mp4", "mov", "mkv", "webm"} - CONTAINERS[codec]:
        with pytest.raises(UsageError, match=f"{codec} can't be written into {container}"):
            Encoding(container, codec=codec).check(8)  # type: ignore[arg-type]  # one of a row's


@pytest.mark.parametrize(("codec", "crf"), [("h264", 52), ("hevc", 60), ("av1", 0)])
def test_a_quality_off_its_codec_s_scale_is_refused(codec: Codec, crf: int) -> None:
    with pytest.raises(UsageError, match=f"for {codec}"):
        Encoding("mkv", crf, codec=codec).check(8)
    Encoding("mkv", 63, codec="vp9").check(8)


def graded(path: Path, transfer: int, *, mastered: bool) -> Path:
    """Ten bits, BT.2020, with the mastering data of a screen where `mastered`."""
    screen = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    told = f"log-level=none:master-display={screen}:max-cll=1000,400" if mastered else ""
    options = {"x265-params": told or "log-level=none"}
    film = Film(tuple(range(0, 400, 40)), MS, (128, 96), "yuv420p10le", "libx265",
                colour=(9, transfer, 9, 1), options=options)  # fmt: skip
    return make(path, film)


def kinds(path: Path) -> dict[str, bytes]:
    with av.open(str(path)) as file:
        first = next(file.decode(video=0))
        assert "10" in first.format.name
        told: Any = first.side_data  # typed as a mapping, iterates over its values
        return {side.type.name: bytes(side) for side in told}


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
@pytest.mark.parametrize("codec", [None, "hevc", "av1", "h264"])
@pytest.mark.parametrize("mastered", [True, False])
def test_hdr_stays_hdr(tmp_path: Path, transfer: int, codec: Codec | None, mastered: bool) -> None:
    path = graded(tmp_path / "a.mp4", transfer, mastered=mastered)
    out, sink = written(path, Encoding("mp4", None, "ultrafast", codec=codec))
    with av.open(str(out)) as file:
        first = next(file.decode(video=0))
        assert (first.color_primaries, first.color_trc, first.colorspace) == (9, transfer, 9)
    assert walk(out) == []
    before, after = kinds(path), kinds(out)
    assert ("MASTERING_DISPLAY_METADATA" in before) == mastered
    dropped = [note for note in sink.notes if "mastering data is dropped" in note]
    if codec == "h264":
        assert bool(dropped) == mastered
        assert after == {}
    else:
        assert dropped == []
        assert after.get("CONTENT_LIGHT_LEVEL") == before.get("CONTENT_LIGHT_LEVEL")
        assert numbers(after) == pytest.approx(numbers(before), rel=1e-3, abs=2e-4)


def numbers(kinds: dict[str, bytes]) -> list[float]:
    data = kinds.get("MASTERING_DISPLAY_METADATA", b"")
    found = np.frombuffer(data[:80], np.int32).reshape(-1, 2)
    return [float(Fraction(int(a), int(b))) for a, b in found]


def dolby(path: Path, compatible: int) -> Path:
    """A film that says it is Dolby Vision, profile 5 or 8, on a base that fits `compatible`."""
    data = graded(path, 16, mastered=False).read_bytes()
    profile = 8 if compatible else 5
    record = bytes([1, 0, profile << 1, (6 << 3) | 5, compatible << 4]) + bytes(19)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hev1"):
        at = data.index(name) - 4
        size = int.from_bytes(data[at : at + 4], "big") + 8 + len(record)
        data = data[:at] + size.to_bytes(4, "big") + data[at + 4 :]
    # The film's index lies behind its media, so no place in it moves.
    at = data.index(b"hvcC") - 4
    end = at + int.from_bytes(data[at : at + 4], "big")
    box = (8 + len(record)).to_bytes(4, "big") + b"dvcC" + record
    path.write_bytes(data[:end] + box + data[end:])
    return path


def test_dolby_vision_is_dropped_and_told_and_refused_where_nothing_else_shows_its_base(
    tmp_path: Path,
) -> None:
    path = dolby(tmp_path / "a.mp4", 1)
    assert "Dolby Vision" in probe(path).carries
    out, _ = written(path, Encoding("mp4", None, "ultrafast"))
    assert b"dvcC" not in out.read_bytes()
    assert len(films.moments(out)) == 10
    with pytest.raises(Unsupported, match="Dolby Vision"):
        probe(dolby(tmp_path / "b.mp4", 0))


@pytest.mark.parametrize(("compatible", "profile"), [(1, 8), (0, 5)])
@pytest.mark.parametrize("kind", [b"dvcC", b"dvvC"])
def test_dolby_vision_in_a_matroska_file_is_known_by_its_mapping(
    tmp_path: Path, kind: bytes, compatible: int, profile: int
) -> None:
    path = graded(tmp_path / "a.mkv", 16, mastered=False)
    data = path.read_bytes()
    assert "Dolby Vision" not in probe(path).carries
    record = bytes([1, 0, profile << 1, (6 << 3) | 5, compatible << 4]) + bytes(19)
    body = b"\x41\xe7\x84" + kind + b"\x41\xed" + bytes([0x80 | len(record)]) + record
    mapping = b"\x41\xe4" + bytes([0x80 | len(body)]) + body
    path.write_bytes(with_element(data, mapping))
    if compatible:
        assert "Dolby Vision" in probe(path).carries
        out, _ = written(path, Encoding("mkv", None, "ultrafast"))
        assert kind not in out.read_bytes()
        assert len(films.moments(out)) == 10
    else:
        with pytest.raises(Unsupported, match="Dolby Vision"):
            probe(path)


def with_element(data: bytes, element: bytes) -> bytes:
    """`element` at the end of the first track's entry; what encloses it grows."""
    name = b"\x16\x54\xae\x6b"
    tracks = data.index(name, data.index(name) + 4)  # the list of places names it first
    size, entry = number(data, tracks + 4)
    end = entry + size
    entry += 6 if data[entry] == 0xBF else 0  # a checksum
    length, body = number(data, entry + 1)
    assert data[entry] == 0xAE
    grown = bytes([0x01]) + (length + len(element)).to_bytes(7, "big")
    inner = b"\xae" + grown + data[body : body + length] + element + data[body + length : end]
    whole = b"\x16\x54\xae\x6b\x01" + len(inner).to_bytes(7, "big") + inner
    return unsized(data[:tracks]) + whole + data[end:]


def unsized(head: bytes) -> bytes:
    """The file's start, its segment without a size, for it has just grown."""
    at = head.index(b"\x18\x53\x80\x67") + 4
    return head[:at] + b"\x01" + b"\xff" * 7 + head[at + 8 :]


def number(data: bytes, at: int) -> tuple[int, int]:
    """A size and where what it counts begins."""
    long = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + long], "big") & ((1 << 7 * long) - 1)
    return value, at + long


def test_deep_films_become_hevc_that_apple_plays_and_others_h264(tmp_path: Path) -> None:
    deep = make(tmp_path / "a.mp4", Film(pixels="yuv420p10le"))
    out, _ = written(deep, Encoding("mp4", None, "ultrafast"))
    assert probe(out).codec == "hevc"
    assert b"hvc1" in out.read_bytes()
    plain = make(tmp_path / "b.mp4", Film())
    out, _ = written(plain, Encoding("mov", None, "ultrafast"))
    assert probe(out).codec == "h264"


def test_what_vp9_and_av1_can_not_hold_is_told(tmp_path: Path) -> None:
    deep = make(tmp_path / "a.mp4", Film(pixels="yuv422p10le", size=(96, 64)))
    _, sink = written(deep, Encoding("mkv", None, "ultrafast", codec="vp9"))
    assert any("10 bits a sample become 8" in note for note in sink.notes)
    _, sink = written(deep, Encoding("mkv", None, "ultrafast", codec="av1"))
    assert any("chroma becomes 4:2:0" in note for note in sink.notes)


@pytest.mark.parametrize("codec", CODECS)
def test_a_film_of_480_frames_a_second_keeps_its_moments_in_every_codec(
    tmp_path: Path, codec: Codec
) -> None:
    film = Film(tuple(range(48)), Fraction(1, 480), size=(96, 64))
    path = make(tmp_path / "a.mp4", film)
    assert (probe(path).rate or 0) > 240
    out, sink = written(path, Encoding("mp4", None, "ultrafast", codec=codec))
    assert films.moments(out) == [Fraction(n, 480) for n in range(48)]
    assert sink.clock_note is None


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Linux only")
@pytest.mark.parametrize("codec", CODECS)
def test_no_encoder_leaves_threads_in_real_time(tmp_path: Path, codec: Codec) -> None:
    """Only root's could be; all else on the machine would wait for them."""
    card = probe(make(tmp_path / "a.mp4", Film(tuple(range(12)), size=(96, 64), sounds=1)))
    how = Encoding("mp4", None, "ultrafast", "keep", codec=codec)
    sink = VideoSink(tmp_path / "out.mp4", card, how)
    seen = set()
    for frame in VideoSource(card).frames():
        sink.write(frame)
        tasks = [int(task.name) for task in Path("/proc/self/task").iterdir()]
        seen |= {os.sched_getscheduler(task) for task in tasks}
    sink.close()
    assert works(SOFTWARE[codec])
    assert {*seen, os.sched_getscheduler(0)} == {os.SCHED_OTHER}


def test_interlaced_films_of_ten_bits_stay_interlaced(tmp_path: Path) -> None:
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    film = Film(pixels="yuv422p10le", size=(96, 64), options=options)
    path = make(tmp_path / "a.mp4", film)
    with av.open(str(path)) as file:
        assert next(file.decode(video=0)).interlaced_frame
    out, sink = written(path, Encoding("mp4", None, "ultrafast"))
    with av.open(str(out)) as file:
        assert all(frame.interlaced_frame for frame in file.decode(video=0))
    _, sink = written(path, Encoding("mp4", None, "ultrafast", codec="hevc"))
    assert any("two fields" in note for note in sink.notes)


@pytest.mark.parametrize("name", ["h264_warp", "warp", "aac", "mjpeg", "hevc_"])
def test_an_encoder_that_ffmpeg_does_not_have_is_a_usage_error_that_names_those_it_has(
    name: str,
) -> None:
    with pytest.raises(UsageError, match=f"no encoder {name}") as error:
        codec_of(name)
    assert "libx264" in error.value.hint


def test_an_encoder_of_another_codec_contradicts() -> None:
    with pytest.raises(UsageError, match="writes hevc, not h264"):
        Encoding("mp4", encoder="libx265", codec="h264").check(8)


def test_hardware_that_is_not_in_the_machine_is_an_error_before_the_work_begins() -> None:
    broken = [name for name in hardware() if not works(name)]
    if not broken:
        pytest.skip("every kind of hardware is here")
    for name in broken:
        with pytest.raises(OutputError, match="does not work on this machine") as error:
            Encoding("mkv", encoder=name).check(8)
        named = error.value.hint.partition(": ")[2].split(", ")
        assert {*SOFTWARE.values()} <= {*named}
        assert not {*named} & {*broken}


@pytest.mark.parametrize("name", ["libx264", "libx265", "libsvtav1", "libvpx-vp9"])
def test_an_encoder_can_be_asked_for_by_name(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / "a.mp4", Film(size=(96, 64)))
    out, _ = written(path, Encoding("mkv", None, "ultrafast", encoder=name))
    assert probe(out).codec == codec_of(name)
    assert walk(out) == []
