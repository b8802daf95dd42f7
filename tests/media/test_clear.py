"""Pictures that are clear in parts: seen as on white, and nothing of what nobody sees goes out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from passerby.core.frame import grounds
from passerby.core.geometry import Box, Size
from passerby.media import Encoding, VideoSink, VideoSource, probe
from passerby.media.decode import DecodedFrame

from .films import shown
from .photos import deep_png, frames, noise, save, smooth, through

HOLES = (".png", ".webp", ".tiff", ".gif")
PART = Box(10, 8, 52, 40)


def drawn(colour: int = 0) -> NDArray[np.uint8]:
    """RGBA of one colour, drawn in the alpha plane alone."""
    made = np.full((48, 64, 4), colour, np.uint8)
    made[..., 3] = 255 - smooth()[..., 0]
    return made


def erased(seed: int) -> NDArray[np.uint8]:
    """RGBA of which the left half was made clear, and below it is noise."""
    made = np.dstack([smooth(), np.full((48, 64), 255, np.uint8)])
    made[:, :32, :3], made[:, :32, 3] = noise(seed)[:, :32], 0
    return made


def stored(path: Path, *pictures: NDArray[np.uint8], **options: Any) -> Path:
    """RGBA pictures in the format of the suffix; several are a moving one."""
    first, *others = (Image.fromarray(picture) for picture in pictures)
    if path.suffix == ".webp":
        options = {"lossless": True, "exact": True, **options}
    if others:
        options = {"save_all": True, "append_images": others, "duration": 100, **options}
    return save(path, first, **options)


def flattened(picture: NDArray[np.uint8], ground: int = 255) -> NDArray[np.uint8]:
    """The slow twin."""
    share = picture[..., 3:] / 255
    return np.rint(picture[..., :3] * share + ground * (1 - share)).astype(np.uint8)


@pytest.mark.parametrize("suffix", HOLES[:3])
@pytest.mark.parametrize("count", [1, 2])
def test_what_is_drawn_in_the_alpha_plane_is_seen_as_on_white(
    tmp_path: Path, suffix: str, count: int
) -> None:
    pictures = [drawn(40 * n) for n in range(count)]
    clear = stored(tmp_path / f"a{suffix}", *pictures)
    for frame, picture in zip(frames(clear), pictures, strict=True):
        flat = frames(save(tmp_path / "flat.png", Image.fromarray(flattened(picture))))[0]
        for size, part in ((Size(64, 48), None), (Size(32, 24), None), (Size(60, 50), PART)):
            seen, twin = frame.picture(size, part), flat.picture(size, part)
            assert np.abs(seen.astype(int) - twin).max() <= 1
        if count == 1:
            assert np.abs(frame.luma(1).astype(int) - flat.luma(1)).max() <= 1


def test_a_deep_alpha_plane_is_seen_too(tmp_path: Path) -> None:
    path = deep_png(tmp_path / "a.png", drawn(30).astype(np.uint16) * 257)
    seen = frames(path)[0].picture(Size(64, 48))
    assert np.abs(seen.astype(int) - flattened(drawn(30))).max() <= 1


def test_white_on_clear_is_seen_on_black(tmp_path: Path) -> None:
    frame = frames(stored(tmp_path / "a.png", drawn(255)))[0]
    white, black = grounds(frame)
    assert (white.picture(Size(64, 48)) == 255).all()
    seen = black.picture(Size(60, 50), PART).astype(int)
    flat = save(tmp_path / "flat.png", Image.fromarray(flattened(drawn(255), 0)))
    assert np.abs(seen - frames(flat)[0].picture(Size(60, 50), PART)).max() <= 1
    assert np.abs(black.luma(0).astype(int) - frames(flat)[0].luma(0)).max() <= 1
    assert black.luma(0).std() > 20


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_an_opaque_picture_is_looked_at_once(tmp_path: Path, mode: str) -> None:
    frame = frames(save(tmp_path / "a.png", Image.fromarray(smooth()).convert(mode)))[0]
    assert grounds(frame) == (frame,)


def test_where_a_hole_was_painted_over_it_is_one_no_more(tmp_path: Path) -> None:
    frame = frames(stored(tmp_path / "a.png", erased(0)))[0]
    assert len(grounds(frame)) == 2
    for plane in frame.writable():
        plane.pixels[:, :32] = plane.black
    assert (frame.picture(Size(64, 48))[:, :32] == 0).all()
    assert grounds(frame) == (frame,)


ONE = [(1, suffix, out) for suffix in HOLES[:3] for out in HOLES]
MOVING = [(2, suffix, out) for suffix in HOLES[:2] for out in (".png", ".webp", ".gif")]


@pytest.mark.parametrize(("count", "suffix", "out"), [*ONE, *MOVING, (2, ".tiff", ".tiff")])
def test_what_was_erased_leaves_no_trace(tmp_path: Path, count: int, suffix: str, out: str) -> None:
    made = []
    for n in range(2):
        folder = tmp_path / str(n)
        folder.mkdir()
        pictures = [erased(10 * n + k) for k in range(count)]
        made.append(through(stored(folder / f"a{suffix}", *pictures), out).read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("count", [1, 2])
def test_nor_does_it_in_a_webp_of_any_kind(tmp_path: Path, lossless: bool, count: int) -> None:
    made = []
    for n in range(2):
        path = stored(tmp_path / f"{n}.webp", *[erased(n)] * count, lossless=lossless, quality=90)
        rows = [plane.pixels[:, :24] for plane in frames(through(path))[0].planes()[:3]]
        made.append(int(np.ptp(np.stack(rows))))
    assert max(made) < 8


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
def test_colours_of_what_is_clear_are_black(tmp_path: Path, suffix: str) -> None:
    with Image.open(through(stored(tmp_path / f"a{suffix}", erased(0)), suffix)) as made:
        samples = np.asarray(made.convert("RGBA"))
    assert not samples[:, :32].any()
    assert np.array_equal(samples[:, 32:, :3], smooth()[:, 32:])


def test_colours_of_what_is_clear_are_black_in_a_deep_picture(tmp_path: Path) -> None:
    path = deep_png(tmp_path / "a.png", erased(0).astype(np.uint16) * 257)
    (frame,) = frames(through(path))
    samples = [plane.pixels for plane in frame.planes()]
    assert samples[0].dtype == np.uint16
    assert not any(plane[:, :32].any() for plane in samples)


def film(
    path: Path, codec: str, pixels: str, pictures: list[NDArray[np.uint8]], **how: str
) -> Path:
    """A film with an alpha plane."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options=how)
        assert isinstance(stream, VideoStream)
        height, width = pictures[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgba").reformat(format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def opened(path: Path) -> tuple[VideoSource, list[DecodedFrame]]:
    source = VideoSource(probe(path))
    return source, list(source.frames())


FILMS = [
    (".mov", "qtrle", "argb"),
    (".mov", "prores_ks", "yuva444p10le"),
    (".mov", "png", "rgba"),
    (".mov", "png", "rgba64be"),
    (".mkv", "ffv1", "yuva420p"),
    (".mkv", "ffv1", "gbrap10le"),
]


@pytest.mark.parametrize(("suffix", "codec", "pixels"), FILMS)
def test_what_was_erased_in_a_film_is_white(
    tmp_path: Path, suffix: str, codec: str, pixels: str
) -> None:
    path = film(tmp_path / f"a{suffix}", codec, pixels, [erased(n) for n in range(3)])
    source, seen = opened(path)
    card = probe(path)
    sink = VideoSink(tmp_path / "o.mkv", card, Encoding(container="mkv", crf=5))
    for frame in seen:
        assert (frame.picture(frame.size)[:, :30] >= 253).all()
        sink.write(frame)
    sink.close()
    assert source.notes == ["transparency is dropped: what was clear is white"]
    for picture in shown(tmp_path / "o.mkv"):
        assert (picture[:, :28] >= 250).all()
        assert np.abs(picture[:, 36:].astype(int) - smooth()[:, 36:]).mean() < 12


@pytest.mark.parametrize(("suffix", "codec", "pixels"), FILMS)
def test_an_opaque_film_stays_as_it_is(
    tmp_path: Path, suffix: str, codec: str, pixels: str
) -> None:
    whole = np.dstack([smooth(), np.full((48, 64), 255, np.uint8)])
    source, seen = opened(film(tmp_path / f"a{suffix}", codec, pixels, [whole] * 2))
    assert source.notes == []
    assert all(np.abs(f.picture(f.size).astype(int) - smooth()).mean() < 8 for f in seen)


def test_a_palette_with_a_hole_shows_white(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    image = Image.fromarray(smooth()).quantize(4)
    image.save(tmp_path / "a.png", transparency=3)
    with av.open(str(path), "w") as out, av.open(str(tmp_path / "a.png")) as one:
        stream = out.add_stream_from_template(one.streams.video[0])
        for packet in one.demux():
            if packet.size:
                packet.stream, packet.pts, packet.dts = stream, 0, 0
                out.mux(packet)
    assert probe(path).pixel_format == "pal8"
    (frame,) = opened(path)[1]
    holes = np.asarray(image) == 3
    assert (frame.picture(frame.size)[holes] == 255).all()


def test_a_film_of_two_fields_stays_one_when_it_is_put_on_white(tmp_path: Path) -> None:
    how = {"flags": "+ildct"}
    path = film(tmp_path / "a.mov", "prores_ks", "yuva444p10le", [erased(0)] * 2, **how)
    if not opened(path)[1][0].interlaced:
        pytest.skip("this encoder made no interlaced frames")
    for frame in VideoSource(probe(path)).frames():
        assert frame.interlaced
        assert (frame.picture(frame.size)[:, :30] >= 253).all()


def test_transparency_that_is_not_read_is_told(tmp_path: Path) -> None:
    path = film(tmp_path / "a.webm", "libvpx-vp9", "yuva420p", [erased(0)] * 2)
    source, _ = opened(path)
    assert source.notes == [
        "transparency is not read: what was clear in the film shows as if it were not"
    ]


def test_a_sticker_in_a_film_is_on_white_and_that_is_told(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.gif", erased(0), np.roll(erased(0), 3, 1), disposal=2)
    sink = VideoSink(tmp_path / "o.mkv", probe(path), Encoding(container="mkv"))
    for frame in frames(path):
        sink.write(frame)
    sink.close()
    assert "transparency is dropped: what was clear is white" in sink.notes
    assert (shown(tmp_path / "o.mkv")[0][:, :28] >= 250).all()
