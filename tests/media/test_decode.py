"""Reading videos: every frame, at its moment, as it is stored and as it is shown."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media import films
from tests.media.films import Film, make

from passerby.core.errors import MediaError, Truncated, Unsupported
from passerby.core.geometry import Box, Orientation, Size
from passerby.media import VideoSource, probe
from passerby.media.decode import DecodedFrame
from passerby.media.orient import to_matrix
from passerby.media.pixels import shown as turned_as_shown

VFR = (0, 3, 4, 11, 12, 20, 33, 34, 50)


def frames(path: Path) -> list[DecodedFrame]:
    return list(VideoSource(probe(path)).frames())


def test_spans_follow_a_variable_frame_rate_tick_for_tick(tmp_path: Path) -> None:
    film = Film(VFR, Fraction(1, 90), last=5, options={"flags": "frame_duration", "bf": "0"})
    spans = [f.span for f in frames(make(tmp_path / "a.mp4", film))]
    assert [s.start for s in spans] == list(VFR)
    assert [s.end for s in spans] == [*VFR[1:], 55]


def test_a_late_start_stays_late(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Film((72, 75, 80), Fraction(1, 90)))
    assert [f.span.start for f in frames(path)] == [72, 75, 80]


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_frames_of_an_avi_come_in_the_order_of_showing_at_even_steps(
    tmp_path: Path, codec: str
) -> None:
    film = Film(tuple(range(30)), codec=codec, options={"bf": "2"})
    path = make(tmp_path / "a.avi", film)
    read = frames(path)
    starts = [f.span.start for f in read]
    assert [b - a for a, b in pairwise(starts)] == [1] * 29
    for number, frame in enumerate(read):
        want = films.rows_of(films.picture(number, film).planes[0])[:, :64].astype(int)
        assert np.abs(frame.planes()[0].pixels.astype(int) - want).mean() < 6


def test_a_bare_stream_without_any_moments_runs_at_its_own_rate(tmp_path: Path) -> None:
    path = make(tmp_path / "a.h264", Film(tuple(range(25))))
    read = frames(path)
    assert len(read) == 25
    tick = probe(path).clock.tick
    assert {(f.span.end - f.span.start) * tick for f in read} == {Fraction(1, 25)}


def test_a_transport_stream_starts_at_its_own_zero(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", Film(tuple(range(0, 90000, 3600)), Fraction(1, 90000)))
    read = frames(path)
    assert len(read) == 25
    assert read[0].span.start == 0
    assert {f.span.end - f.span.start for f in read} == {3600}


@pytest.mark.parametrize("turned", list(Orientation))
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_every_orientation_is_shown_upright(
    tmp_path: Path, turned: Orientation, suffix: str
) -> None:
    matrix = to_matrix(turned, Size(64, 48))
    path = make(tmp_path / f"a{suffix}", Film((0, 40), Fraction(1, 1000), matrix=matrix))
    card, [first, _] = probe(path), frames(path)
    assert card.orientation == first.orientation == turned
    assert card.size == first.size == (Size(48, 64) if turned.turns else Size(64, 48))
    upright = turned_as_shown(films.shown(path)[0], turned).astype(int)
    assert np.abs(first.picture(first.size).astype(int) - upright).mean() < 4
    whole = first.luma(0)
    assert whole.shape == (first.size.height, first.size.width)
    assert np.array_equal(whole, turned_as_shown(first.planes()[0].pixels, turned))


@pytest.mark.parametrize(
    ("pixels", "depth", "grid"),
    [
        ("yuv420p", 8, (2, 2)),
        ("yuvj420p", 8, (2, 2)),
        ("yuv422p", 8, (2, 1)),
        ("yuv444p", 8, (1, 1)),
        ("yuv420p10le", 10, (2, 2)),
        ("yuv422p10le", 10, (2, 1)),
        ("yuv444p10le", 10, (1, 1)),
    ],
)
def test_planes_show_depth_grid_and_visible_samples(
    tmp_path: Path, pixels: str, depth: int, grid: tuple[int, int]
) -> None:
    film = Film(pixels=pixels, size=(70, 50))
    first = frames(make(tmp_path / "a.mkv", film))[0]
    luma, u, v = first.planes()
    assert (luma.grid, u.grid, v.grid) == ((1, 1), grid, grid)
    assert luma.pixels.shape == (50, 70)
    assert u.pixels.shape == v.pixels.shape == (-(-50 // grid[1]), -(-70 // grid[0]))
    assert luma.depth == depth
    assert luma.black == (0 if "j" in pixels else 16 << (depth - 8))
    assert u.black == 128 << (depth - 8)
    reference = films.shown(tmp_path / "a.mkv")[0].astype(int)
    assert np.abs(first.picture(Size(70, 50)).astype(int) - reference).mean() < 4


def test_planes_are_views_and_refuse_to_be_painted(tmp_path: Path) -> None:
    first = frames(make(tmp_path / "a.mp4"))[0]
    with pytest.raises(ValueError, match="read-only"):
        first.planes()[0].pixels[:] = 0
    assert np.shares_memory(first.planes()[0].pixels, first.planes()[0].pixels)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4", "libvpx-vp9"])
def test_painting_a_frame_never_reaches_a_later_one(tmp_path: Path, codec: str) -> None:
    path = make(tmp_path / "a.mkv", Film(tuple(range(0, 2000, 40)), Fraction(1, 1000), codec=codec))
    clean = [[p.pixels.copy() for p in f.planes()] for f in VideoSource(probe(path)).frames()]
    for frame, want in zip(VideoSource(probe(path)).frames(), clean, strict=True):
        before = frame.planes()
        for plane, pixels in zip(frame.planes(), want, strict=True):
            assert np.array_equal(plane.pixels, pixels)
        for plane in frame.writable():
            plane.pixels[:] = plane.black
        for plane, pixels in zip(before, want, strict=True):
            assert np.array_equal(plane.pixels, pixels)
        assert all((plane.pixels == plane.black).all() for plane in frame.planes())


def test_what_was_remembered_of_a_frame_is_forgotten_when_it_is_painted(tmp_path: Path) -> None:
    first = frames(make(tmp_path / "a.mp4"))[0]
    first.luma(2)
    first.picture(Size(32, 24))
    first.writable()[0].pixels[:] = 16
    assert (first.luma(2) == 16).all()
    assert first.picture(Size(32, 24))[..., 1].mean() < 60


@settings(max_examples=30)
@given(x=st.integers(0, 63), y=st.integers(0, 47), w=st.integers(1, 64), h=st.integers(1, 48),
       way=st.sampled_from(list(Orientation)))  # fmt: skip
def test_a_crop_is_the_same_part_of_the_whole(
    x: int, y: int, w: int, h: int, way: Orientation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"crop{int(way)}.mp4"
    if not path.exists():
        film = Film((0, 1), pixels="yuv444p", matrix=to_matrix(way, Size(64, 48)))
        make(path, film)
    frame = frames(path)[0]
    size = frame.size
    x, y = x % size.width, y % size.height
    w, h = min(w, size.width - x), min(h, size.height - y)
    part = frame.picture(Size(w, h), Box(x, y, x + w, y + h))
    assert np.array_equal(part, frame.picture(size)[y : y + h, x : x + w])


def test_a_crop_outside_the_frame_is_refused(tmp_path: Path) -> None:
    first = frames(make(tmp_path / "a.mp4"))[0]
    with pytest.raises(ValueError, match="inside"):
        first.picture(Size(4, 4), Box(60, 40, 70, 44))


@pytest.mark.parametrize("size", [(32, 24), (21, 17), (50, 40), (128, 96)])
def test_a_small_picture_resembles_the_slow_one(tmp_path: Path, size: tuple[int, int]) -> None:
    path = make(tmp_path / "a.mp4", Film(colour=(1, 1, 1, 1)))
    slow = cv2.resize(films.shown(path)[3], size, interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(frames(path)[3].picture(Size(*size)).astype(int) - slow).mean() < 5


def test_brightness_is_halved_from_the_level_before(tmp_path: Path) -> None:
    frame = frames(make(tmp_path / "a.mp4", Film(size=(66, 50))))[0]
    assert [frame.luma(n).shape for n in range(8)] == [
        (50, 66), (25, 33), (12, 16), (6, 8), (3, 4), (1, 2), (1, 1), (1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "codec", "share"),
    [(".mp4", "libx264", 0.6), (".mkv", "libx264", 0.4), (".avi", "mpeg4", 0.6),
     (".ts", "libx264", 0.6), (".webm", "libvpx-vp9", 0.4)],
)  # fmt: skip
def test_a_cut_file_is_never_taken_for_a_whole_one(
    tmp_path: Path, suffix: str, codec: str, share: float
) -> None:
    film = Film(tuple(range(0, 4000, 40)), Fraction(1, 1000), codec=codec, sounds=0)
    if suffix in (".avi", ".ts"):
        film = Film(tuple(range(60)), codec=codec, size=(320, 240))
    whole = make(tmp_path / f"a{suffix}", film)
    short = films.cut(whole, share)
    with pytest.raises(MediaError):
        list(VideoSource(probe(short)).frames())


def test_a_cut_stream_can_be_read_as_far_as_it_goes(tmp_path: Path) -> None:
    short = films.cut(make(tmp_path / "a.ts", Film(tuple(range(60)), size=(320, 240))), 0.6)
    card = probe(short)
    with pytest.raises(Truncated) as error:
        list(VideoSource(card).frames())
    assert error.value.at is not None
    source = VideoSource(card, accept_damaged=True)
    assert 20 < len(list(source.frames())) < 60
    assert source.damage


def test_a_change_of_size_midway_is_an_error_that_names_the_stream(tmp_path: Path) -> None:
    a = make(tmp_path / "a.ts", Film(tuple(range(25))))
    b = make(tmp_path / "b.ts", Film(tuple(range(25, 50)), size=(96, 64)))
    both = tmp_path / "both.ts"
    both.write_bytes(a.read_bytes() + b.read_bytes())
    with pytest.raises(Unsupported, match="stream 0 changes size"):
        list(VideoSource(probe(both)).frames())


def test_leaving_early_closes_the_file(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Film(tuple(range(50))))
    there = Path("/proc/self/fd")
    if not there.exists():
        pytest.skip("no /proc to count open files")
    walk = VideoSource(probe(path)).frames()
    next(walk)
    held = {str(f.readlink()) for f in there.iterdir() if f.exists()}
    assert str(path) in held
    walk.close()
    assert str(path) not in {str(f.readlink()) for f in there.iterdir() if f.exists()}


@pytest.mark.parametrize(
    ("suffix", "codec", "pixels", "kept"),
    [(".avi", "mjpeg", "yuvj422p", "yuv"), (".mkv", "rawvideo", "nv12", "yuv"),
     (".mkv", "rawvideo", "yuyv422", "yuv"),
     (".avi", "rawvideo", "bgr24", "rgb"), (".mkv", "ffv1", "gray", "gray")],
)  # fmt: skip
def test_other_pixel_formats_become_planes_that_show_the_same(
    tmp_path: Path, suffix: str, codec: str, pixels: str, kept: str
) -> None:
    path = tmp_path / f"a{suffix}"
    kind = films.FORMATS[suffix]
    with av.open(str(path), "w", format=kind) as out:
        stream = out.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels  # type: ignore[union-attr]  # a stream of pictures, as it was made
        for number in range(4):
            made = films.picture(number, Film()).reformat(format=pixels)
            made.pts, made.time_base = number, Fraction(1, 10)
            out.mux(stream.encode(made))  # type: ignore[union-attr, arg-type]  # a stream of pictures, as it was made
        out.mux(stream.encode(None))  # type: ignore[union-attr]  # a stream of pictures, as it was made
    read = frames(path)
    assert len(read) == 4
    assert read[0].colour.model == kept
    for frame, want in zip(read, films.shown(path), strict=True):
        assert np.abs(frame.picture(Size(64, 48)).astype(int) - want).mean() < 4
        for plane in frame.writable():
            plane.pixels[:] = plane.black
