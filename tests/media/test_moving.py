"""Moving pictures: every picture, its time and its holes, in and out."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from passerby.core.errors import MediaError, Truncated, Unsupported
from passerby.core.time import Ticks
from passerby.media import MovingSink, MovingSource, VideoSource, probe
from passerby.verify import walk

from .photos import NEEDLE, chunk, frames, moving, needles, noise, save, through, xmp

KINDS = (".gif", ".png", ".webp")


def moments(path: Path) -> list[tuple[float, float]]:
    """Begin and end of every picture, in seconds."""
    card = probe(path)
    tick = card.clock.tick
    return [
        (float(f.span.start * tick), float(f.span.end * tick)) for f in MovingSource(card).frames()
    ]


@pytest.mark.parametrize("suffix", [*KINDS, ".avif"])
def test_a_moving_picture_is_a_film(tmp_path: Path, suffix: str) -> None:
    path = moving(tmp_path / f"a{suffix}", 4, duration=[50, 120, 40, 300])
    card = probe(path)
    assert (card.kind, card.frames) == ("video", 4)
    ends = [0.05, 0.17, 0.21, 0.51]
    assert moments(path) == [
        pytest.approx(pair) for pair in zip([0, *ends[:-1]], ends, strict=True)
    ]
    for number, frame in enumerate(frames(path)):
        if suffix in (".png", ".webp"):
            assert np.array_equal(frame.picture(frame.size), noise(number))


@pytest.mark.parametrize("out", KINDS)
@pytest.mark.parametrize("suffix", KINDS)
def test_any_goes_into_any_other(tmp_path: Path, suffix: str, out: str) -> None:
    path = moving(tmp_path / f"a{suffix}", 4, duration=[50, 120, 40, 300], loop=0)
    made = through(path, out)
    assert walk(made) == []
    assert probe(made).carries == ()
    assert moments(made) == moments(path)
    with Image.open(made) as image:
        assert getattr(image, "n_frames", 1) == 4
        assert image.info["loop"] == 0
    for was, now in zip(frames(path), frames(made), strict=True):
        off = np.abs(was.picture(was.size).astype(int) - now.picture(now.size)).mean()
        assert off <= (40 if out == ".gif" and suffix != ".gif" else 0)  # noise in 256 colours


def films() -> st.SearchStrategy[tuple[list[NDArray[np.uint8]], list[int]]]:
    """Pictures of a few colours with holes, of which parts change, and their times."""

    def made(seed: int, count: int, holes: bool) -> list[NDArray[np.uint8]]:
        random = np.random.default_rng(seed)
        colours = random.integers(0, 256, (12, 4), np.uint8)
        colours[:, 3] = 255
        colours[0] = 0 if holes else colours[0]
        now = colours[random.integers(0, 12, (20, 24))]
        pictures = []
        for _ in range(count):
            now = now.copy()
            x, y = random.integers(0, 20, 2)
            w, h = random.integers(0, 8, 2)
            part = now[y : y + h, x : x + w]
            part[:] = colours[random.integers(0, 12, part.shape[:2])]
            pictures.append(now)
        return pictures

    pictures = st.builds(made, st.integers(0, 999), st.integers(2, 6), st.booleans())
    return st.tuples(pictures, st.lists(st.integers(1, 400), min_size=6, max_size=6))


@settings(max_examples=60)
@given(films(), st.sampled_from(KINDS))
def test_pictures_times_and_holes_survive_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    film: tuple[list[NDArray[np.uint8]], list[int]],
    suffix: str,
) -> None:
    folder = tmp_path_factory.mktemp("film")
    pictures, lasts = film
    lasts = [10 * n for n in lasts[: len(pictures)]]
    images = [Image.fromarray(p) for p in pictures]
    images[0].save(
        folder / "a.png", save_all=True, append_images=images[1:], duration=lasts, blend=0
    )
    if probe(folder / "a.png").kind == "photo":  # pictures alike were put together
        return
    out = through(folder / "a.png", suffix)
    assert walk(out) == []
    assert moments(out) == moments(folder / "a.png")
    for was, now in zip(frames(folder / "a.png"), frames(out), strict=True):
        a, b = (np.dstack([p.pixels for p in f.planes()]) for f in (was, now))
        if a.shape[2] == 3:
            a = np.dstack((a, np.full(a.shape[:2], 255, np.uint8)))
        if b.shape[2] == 3:
            b = np.dstack((b, np.full(b.shape[:2], 255, np.uint8)))
        there = np.asarray(a[..., 3], np.uint8) > 0
        assert np.array_equal(np.asarray(b[..., 3], np.uint8) > 0, there)
        assert np.array_equal(a[there], b[there])


def test_times_of_a_png_are_exact_fractions(tmp_path: Path) -> None:
    path = moving(tmp_path / "a.png", 3)
    data, at = bytearray(path.read_bytes()), 0
    for amount, of in ((1, 30), (1001, 24000), (1, 7)):
        at = data.index(b"fcTL", at + 1)
        data[at + 24 : at + 28] = struct.pack(">HH", amount, of)
        body = bytes(data[at : at + 30])
        data[at - 4 : at + 34] = chunk(body[:4], body[4:])
    path.write_bytes(data)
    card = probe(path)
    assert card.length == Fraction(1, 30) + Fraction(1001, 24000) + Fraction(1, 7)
    spans = [f.span for f in MovingSource(card).frames()]
    assert spans[1].start * card.clock.tick == Fraction(1, 30)
    assert spans[2].end * card.clock.tick == card.length


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_pictures_of_no_time_are_shown_as_long_as_players_do(tmp_path: Path, suffix: str) -> None:
    path = moving(tmp_path / f"a{suffix}", 3, duration=0)
    assert [end - start for start, end in moments(path)] == [pytest.approx(0.1)] * 3


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95, 0.999])
def test_a_cut_one_is_never_taken_for_a_whole_one(
    tmp_path: Path, suffix: str, share: float
) -> None:
    path = moving(tmp_path / f"a{suffix}", 5)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(MediaError):
        frames(path)


def test_a_gif_that_lost_its_last_pictures_is_truncated(tmp_path: Path) -> None:
    data = moving(tmp_path / "a.gif", 5).read_bytes()
    at = data.rindex(b"\x21\xf9\x04")  # the last picture is gone, all others are whole
    (tmp_path / "a.gif").write_bytes(data[:at])
    with pytest.raises(Truncated):
        probe(tmp_path / "a.gif")


def test_the_picture_that_only_old_programs_show_is_dropped_and_named(tmp_path: Path) -> None:
    images = [Image.fromarray(noise(i)) for i in range(3)]
    images[0].save(tmp_path / "a.png", save_all=True, append_images=images[1:], default_image=True)
    card = probe(tmp_path / "a.png")
    assert card.frames == 2
    assert "second pictures" in card.carries
    made = through(tmp_path / "a.png")
    shown = frames(made)
    assert [np.array_equal(f.picture(f.size), noise(n)) for n, f in enumerate(shown, 1)] == [
        True
    ] * 2
    with Image.open(made) as image:
        assert getattr(image, "n_frames", 1) == 2


def test_notes_in_a_moving_picture_stay_behind(tmp_path: Path) -> None:
    path = moving(tmp_path / "a.gif", comment=NEEDLE.encode())
    data = path.read_bytes()
    at = 13 + (3 << ((data[10] & 7) + 1))
    words = b"\x21\xff\x0bXMP DataXMP" + bytes([len(xmp()[:200])]) + xmp()[:200] + b"\0"
    path.write_bytes(data[:at] + words + data[at:-1] + b"\x3b" + NEEDLE.encode())
    assert {"comment", "XMP", "trailing data"} <= set(probe(path).carries)
    assert needles(path)
    assert not needles(through(path))


@pytest.mark.parametrize("suffix", KINDS)
def test_painting_one_picture_shows_in_that_one(tmp_path: Path, suffix: str) -> None:
    path = moving(tmp_path / f"a{suffix}", 3)
    card = probe(path)
    sink = MovingSink(tmp_path / "o", card, output_format=suffix[1:])
    for number, frame in enumerate(MovingSource(card).frames()):
        if number == 1:
            for plane in frame.writable()[:3]:
                plane.pixels[10:20, 30:50] = 7
        sink.write(frame)
    sink.close()
    was, now = frames(path), frames(tmp_path / "o")
    for number in range(3):
        a, b = (f[number].picture(f[number].size).astype(int) for f in (was, now))
        inside = np.abs(b[10:20, 30:50] - 7).max()
        assert (inside == 0) == (number == 1)
        a[10:20, 30:50] = b[10:20, 30:50] = 0
        assert np.abs(a - b).mean() < 8


def test_a_moving_picture_becomes_a_video_where_that_is_asked_for(tmp_path: Path) -> None:
    from passerby.media import Encoding, VideoSink

    path = moving(tmp_path / "a.gif", 4, duration=[50, 120, 40, 300])
    card = probe(path)
    sink = VideoSink(tmp_path / "o.mp4", card, Encoding("mp4", crf=0, preset="ultrafast"))
    for frame in MovingSource(card).frames():
        sink.write(frame)
    sink.close()
    made = probe(tmp_path / "o.mp4")
    shown = list(VideoSource(made).frames())
    assert len(shown) == 4
    tick = made.clock.tick
    assert [float(f.span.start * tick) for f in shown] == pytest.approx([0, 0.05, 0.17, 0.21])
    first = next(iter(MovingSource(card).frames()))
    assert np.abs(first.luma(0).astype(int) - shown[0].luma(0)).mean() < 2


def test_a_sink_without_frames_and_one_discarded_leave_nothing(tmp_path: Path) -> None:
    card = probe(moving(tmp_path / "a.gif"))
    sink = MovingSink(tmp_path / "o", card)
    with pytest.raises(Exception, match="not one frame"):
        sink.close()
    sink.discard()
    sink.discard()
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_a_million_pictures_are_refused_before_they_are_unpacked(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    count = 1_000_000
    if suffix == ".gif":
        data = save(path, Image.new("P", (1, 1))).read_bytes()
        at = data.index(b"\x2c")
        path.write_bytes(data[:at] + data[at:-1] * count + b"\x3b")
    else:
        data = moving(path, 2).read_bytes()
        at = data.index(b"fcTL") - 4
        path.write_bytes(data[:at] + data[at : at + 38] * count + data[at:])
    with pytest.raises(Unsupported, match="number of pictures"):
        probe(path)


def test_a_long_moving_picture_of_large_ones_is_refused(tmp_path: Path) -> None:
    path = moving(tmp_path / "a.webp", 30)
    assert probe(path).frames == 30
    with pytest.raises(Unsupported):
        probe(path, most_pixels=300_000)
    assert probe(path, most_pixels=600_000).frames == 30


def test_ticks_never_stand_still(tmp_path: Path) -> None:
    card = probe(moving(tmp_path / "a.webp", 3, duration=[1, 1, 1]))
    sink = MovingSink(tmp_path / "o", card, output_format="gif")
    for frame in MovingSource(card).frames():
        sink.write(frame)
    sink.close()
    assert sink.clock_note is not None
    starts = [f.span.start for f in frames(tmp_path / "o")]
    assert starts == [Ticks(0), Ticks(1), Ticks(2)]
