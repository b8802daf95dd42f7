"""Writing videos: everything that shows the picture rightly, at the right moment, and no more."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media import films
from tests.media.films import Film, make

from passerby.core.errors import OutputError
from passerby.core.geometry import Orientation, Size
from passerby.core.time import Span, Ticks
from passerby.media import Encoding, VideoSink, VideoSource, output_container, probe
from passerby.media.card import Card
from passerby.media.decode import DecodedFrame
from passerby.media.orient import to_matrix
from passerby.media.target import Container, Voice

VFR = (0, 3, 4, 11, 12, 20, 33, 34, 50)
MS = Fraction(1, 1000)


def nothing(frame: DecodedFrame) -> None:
    """Paints nothing."""


def through(
    path: Path,
    container: Container | None = None,
    paint: Callable[[DecodedFrame], None] = nothing,
    voice: Voice = "mute",
    crf: int = 10,
) -> tuple[Path, VideoSink]:
    """`path` read and written again."""
    card = probe(path)
    chosen = container or output_container(card)[1]
    partial = path.with_name(f"out.{chosen}.partial")
    encoding = Encoding(chosen, crf, "ultrafast", voice)  # type: ignore[arg-type]  # one of a row's
    sink = VideoSink(partial, card, encoding)
    try:
        for frame in VideoSource(card).frames():
            paint(frame)
            sink.write(frame)
        sink.close()
    except BaseException:  # raised again
        sink.discard()
        raise
    return partial, sink


def times(card: Card) -> list[tuple[Fraction, Fraction]]:
    tick = card.clock.tick
    return [(f.span.start * tick, f.span.end * tick) for f in VideoSource(card).frames()]


@settings(max_examples=25)
@given(
    gaps=st.lists(st.integers(1, 400), min_size=2, max_size=30),
    start=st.integers(0, 5000),
    tick=st.sampled_from([Fraction(1, 90), MS, Fraction(1, 11988), Fraction(1, 90000)]),
    suffix=st.sampled_from([".mp4", ".mov"]),
)
def test_every_moment_survives_exactly(
    gaps: list[int],
    start: int,
    tick: Fraction,
    suffix: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    moments = [start + sum(gaps[:n]) for n in range(len(gaps))]
    path = tmp_path_factory.getbasetemp() / f"vfr{suffix}"
    make(path, Film(moments, tick, (32, 32), last=gaps[-1], options={"bf": "2"}))
    out, sink = through(path)
    assert films.moments(out) == [at * tick for at in moments]
    assert times(probe(out)) == times(probe(path))
    assert probe(out).clock == probe(path).clock  # so that a plan's ticks fit the output as well
    assert sink.clock_note is None


@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "libx264"), (".webm", "libvpx-vp9")])
def test_moments_in_milliseconds_survive_in_matroska(
    tmp_path: Path, suffix: str, codec: str
) -> None:
    moments = (800, 833, 867, 900, 1400, 1401, 1450)
    out, sink = through(make(tmp_path / f"a{suffix}", Film(moments, MS, codec=codec)))
    assert films.moments(out) == [at * MS for at in moments]
    assert sink.clock_note is None


def test_moments_that_matroska_can_not_hold_are_the_nearest_and_told(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Film((0, 1, 2, 30, 31), Fraction(1, 90)))
    out, sink = through(path, "mkv")
    rounded = [Fraction(round(Fraction(at, 90) * 1000), 1000) for at in (0, 1, 2, 30, 31)]
    assert films.moments(out) == rounded
    assert sink.clock_note is not None


def test_frames_before_zero_are_all_kept_and_the_move_is_told(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mkv", Film((0, 40, 90, 120), MS))
    card = probe(path)
    sink = VideoSink(tmp_path / "o.partial", card, Encoding("mp4", 20, "ultrafast"))
    for frame in VideoSource(card).frames():
        span = frame.span
        frame.span = Span(Ticks(span.start - 70), Ticks(span.end - 70))
        sink.write(frame)
    sink.close()
    assert films.moments(tmp_path / "o.partial") == [at * MS for at in (0, 40, 90, 120)]
    assert sink.clock_note is not None


@pytest.mark.parametrize("turned", list(Orientation))
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
def test_orientation_is_written_and_pixels_stay_as_stored(
    tmp_path: Path, turned: Orientation, container: Container
) -> None:
    matrix = to_matrix(turned, Size(64, 48))
    path = make(tmp_path / "a.mp4", Film((0, 40), MS, matrix=matrix))
    out, _ = through(path, container)
    was, now = probe(path), probe(out)
    assert (now.orientation, now.size, now.stored) == (turned, was.size, Size(64, 48))
    assert np.abs(films.shown(out)[0].astype(int) - films.shown(path)[0]).mean() < 6


@pytest.mark.parametrize(
    "pixels",
    ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"],
)
def test_depth_and_chroma_are_kept(tmp_path: Path, pixels: str) -> None:
    path = make(tmp_path / "a.mp4", Film(pixels=pixels))
    out, sink = through(path)
    assert probe(out).pixel_format == pixels
    assert sink.notes == []
    for a, b in zip(films.shown(path), films.shown(out), strict=True):
        assert np.abs(a.astype(int) - b).mean() < 4


@pytest.mark.parametrize("size", [(63, 47), (64, 47), (63, 48)])
@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_odd_sizes_are_kept(tmp_path: Path, size: tuple[int, int], container: Container) -> None:
    path = make(tmp_path / "a.webm", Film(size=size, codec="libvpx-vp9", tick=MS))
    out, sink = through(path, container)
    assert probe(out).size == Size(*size)
    assert bool(sink.notes) == (container == "mp4")
    for a, b in zip(films.shown(path), films.shown(out), strict=True):
        assert np.abs(a.astype(int) - b).mean() < 5


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
def test_colour_tags_and_pixel_aspect_are_kept(tmp_path: Path, container: Container) -> None:
    film = Film(colour=(9, 16, 9, 1), aspect=Fraction(4, 3), tick=MS, pixels="yuv420p10le")
    out, _ = through(make(tmp_path / "a.mp4", film), container)
    with av.open(str(out)) as file:
        first = next(file.decode(video=0))
        assert (first.color_primaries, first.color_trc, first.colorspace) == (9, 16, 9)
        assert first.color_range == 1
    if container != "webm":  # which says so of none of its pictures
        assert probe(out).pixel_format == "yuv420p10le"
        assert probe(out).pixel_aspect == Fraction(4, 3)


@pytest.mark.parametrize("odd", [{"pixel_aspect": Fraction(4, 3)}, {"pixel_format": "yuv420p10le"}])
def test_a_webm_of_oblong_or_deep_pixels_becomes_mkv(tmp_path: Path, odd: dict[str, Any]) -> None:
    card = probe(make(tmp_path / "a.webm", Film(codec="libvpx-vp9", tick=MS)))
    assert output_container(card) == (".webm", "webm")
    assert output_container(replace(card, **odd)) == (".mkv", "mkv")


@pytest.mark.parametrize("preset", ["ultrafast", "veryfast", "medium"])
@pytest.mark.parametrize("last", [1, 7, 300])
def test_the_last_picture_stays_as_long_whatever_the_encoder_reorders(
    tmp_path: Path, preset: str, last: int
) -> None:
    moments = tuple(n * 9 + n % 3 for n in range(40))
    card = probe(make(tmp_path / "a.mp4", Film(moments, Fraction(1, 90), options={"bf": "0"})))
    sink = VideoSink(tmp_path / "o.partial", card, Encoding("mp4", 20, preset))
    for frame in VideoSource(card).frames():
        span = frame.span
        if span.start == moments[-1]:
            frame.span = Span(span.start, Ticks(span.start + last))
        sink.write(frame)
    sink.close()
    made = times(probe(tmp_path / "o.partial"))
    assert [start for start, _ in made] == [Fraction(at, 90) for at in moments]
    assert made[-1][1] == Fraction(moments[-1] + last, 90)


def test_what_is_painted_is_painted_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Film(tuple(range(30)), size=(96, 96), pixels="yuv444p"))

    def paint(frame: DecodedFrame) -> None:
        if 5 <= frame.span.start < 20:
            for plane in frame.writable():
                plane.pixels[32:64, 32:64] = plane.black

    out, _ = through(path, paint=paint, crf=1)
    for number, (a, b) in enumerate(zip(films.shown(path), films.shown(out), strict=True)):
        off = np.abs(a.astype(int) - b)
        if 5 <= number < 20:
            assert b[34:62, 34:62].max() < 10
            off[30:66, 30:66] = 0
        assert off.mean() < 3


def test_interlaced_frames_stay_interlaced(tmp_path: Path) -> None:
    film = Film(tuple(range(10)), codec="mpeg2video", options={"flags": "+ildct+ilme", "b": "4M"})
    path = make(tmp_path / "a.ts", film)
    with av.open(str(path)) as file:
        if not next(file.decode(video=0)).interlaced_frame:
            pytest.skip("this encoder made no interlaced frames")

    def paint(frame: DecodedFrame) -> None:
        frame.writable()[0].pixels[:8] = 16

    out, _ = through(path, paint=paint)
    with av.open(str(out)) as file:
        assert all(f.interlaced_frame for f in file.decode(video=0))


NEEDLES = ("Zarathustra", "ÅsaÖberg", "+48.8577+002.2950/", "ANNEX-NEEDLE")


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("voice", ["mute", "keep"])
def test_no_tag_chapter_attachment_or_encoder_mark_travels_along(
    tmp_path: Path, suffix: str, voice: Voice
) -> None:
    film = Film(
        tuple(range(0, 2000, 40)), MS, sounds=1, chapters=("Zarathustra", "ÅsaÖberg"),
        tags={"title": "Zarathustra", "artist": "ÅsaÖberg", "location": "+48.8577+002.2950/",
              "creation_time": "2024-05-17T08:21:33.000000Z"},
        attachment=b"ANNEX-NEEDLE" if suffix == ".mkv" else b"",
    )  # fmt: skip
    path = make(tmp_path / f"a{suffix}", film)
    assert b"Zarathustra" in path.read_bytes()
    assert b"x264 - core" in path.read_bytes()
    assert {"container tags", "GPS", "chapters"} <= set(probe(path).carries)
    out, _ = through(path, voice=voice)
    data = out.read_bytes()
    for needle in NEEDLES:
        for coding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
            assert needle.encode(coding) not in data
    for mark in (b"x264", b"Lavc", b"Lavf6", b"2024", b"options:"):
        assert mark not in data
    assert set(probe(out).carries) <= {"encoder settings"}  # Matroska names its muxing library
    assert [s.type for s in probe(out).streams] == ["video"] + ["audio"] * (voice == "keep")


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4")
    first = through(path)[0].read_bytes()
    assert through(path)[0].read_bytes() == first


def test_discard_leaves_nothing_at_any_time(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Film(tuple(range(30)), sounds=1))
    card = probe(path)
    for count in (0, 1, 5, 30):
        partial = tmp_path / "o.partial"
        sink = VideoSink(partial, card, Encoding("mp4", 20, "ultrafast", "keep"))
        assert partial.exists()
        for frame, _ in zip(VideoSource(card).frames(), range(count), strict=False):
            sink.write(frame)
        sink.discard()
        sink.discard()
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4"]


def test_no_frame_at_all_is_an_error(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "o", probe(make(tmp_path / "a.mp4")), Encoding())
    with pytest.raises(OutputError):
        sink.close()
    sink.discard()


@pytest.mark.parametrize("place", ["missing/o.partial", "a.mp4/o.partial", "link.partial"])
def test_a_place_that_can_not_be_written_is_told_at_once(tmp_path: Path, place: str) -> None:
    card = probe(make(tmp_path / "a.mp4"))
    (tmp_path / "link.partial").symlink_to(tmp_path / "a.mp4")
    before = (tmp_path / "a.mp4").read_bytes()
    with pytest.raises(OutputError) as error:
        VideoSink(tmp_path / place, card, Encoding())
    assert error.value.hint
    assert (tmp_path / "a.mp4").read_bytes() == before


_FULL = """
import sys
from pathlib import Path
from passerby.core.errors import OutputError
from passerby.media import Encoding, VideoSink, VideoSource, probe
card = probe(Path(sys.argv[1]))
sink = VideoSink(Path(sys.argv[2]), card, Encoding("mp4", 0, "ultrafast"))
try:
    for frame in VideoSource(card).frames():
        sink.write(frame)
    sink.close()
except OutputError as error:
    sink.discard()
    print(error.code, error)
"""


@pytest.mark.parametrize("most", [2_000, 60_000])
def test_a_full_disk_is_an_output_error_and_leaves_nothing(tmp_path: Path, most: int) -> None:
    path = make(tmp_path / "a.mp4", Film(tuple(range(60)), size=(320, 240)))

    def narrow() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    out = tmp_path / "o.partial"
    done = subprocess.run(
        [sys.executable, "-c", _FULL, path, out], preexec_fn=narrow, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.startswith("output ")
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_a_repeated_moment_is_kept_apart(tmp_path: Path) -> None:
    card = probe(make(tmp_path / "a.mp4", Film((0, 1, 2), Fraction(1, 50_000))))
    sink = VideoSink(tmp_path / "o.mkv", card, Encoding("mkv", 20, "ultrafast"))
    for frame in VideoSource(card).frames():
        sink.write(frame)
    sink.close()
    assert len(set(films.moments(tmp_path / "o.mkv"))) == 3


@pytest.mark.parametrize("bad", [{"crf": 99}, {"container": "avi"}, {"preset": "warp"}])
def test_an_encoding_that_makes_no_sense_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"want|crf"):
        Encoding(**bad)  # type: ignore[arg-type]  # wrong on purpose
