"""Small films made on the fly, with exactly the properties that a test is about."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".avi": "avi",
           ".ts": "mpegts", ".gif": "gif", ".h264": "h264", ".mpg": "mpeg", ".flv": "flv",
           ".wmv": "asf", ".mxf": "mxf", ".3gp": "3gp", ".ivf": "ivf", ".nut": "nut"}  # fmt: skip


@dataclass(frozen=True)
class Film:
    """What to make. `moments` in ticks; a click of `click` seconds' offset marks the sound."""

    moments: Sequence[int] = (0, 1, 2, 3, 4, 5, 6, 7)
    tick: Fraction = Fraction(1, 25)
    size: tuple[int, int] = (64, 48)
    pixels: str = "yuv420p"
    codec: str = "libx264"
    matrix: Sequence[int] | None = None
    aspect: Fraction = Fraction(1)
    colour: tuple[int, int, int, int] = (2, 2, 2, 0)
    last: int = 1
    sounds: int = 0
    sound_from: Fraction = Fraction(0)
    click: Fraction = Fraction(1, 10)
    tags: dict[str, str] = field(default_factory=dict)
    chapters: tuple[str, ...] = ()
    attachment: bytes = b""
    options: dict[str, str] = field(default_factory=dict)


def picture(number: int, film: Film) -> av.VideoFrame:
    """A moving gradient with a little grain, so that predicted frames differ from each other."""
    frame = av.VideoFrame(*film.size, film.pixels)
    grain = np.random.default_rng(number)
    for index, plane in enumerate(frame.planes):
        rows = rows_of(plane)
        deep = "10le" in film.pixels
        step = 4 if deep else 1
        kind = np.uint16 if deep else np.uint8
        view = rows.view(kind)
        x = np.arange(view.shape[1]) * 2 + number * 5 + index * 40
        y = np.arange(view.shape[0])[:, None]
        view[:] = (60 + (x + y) % 120 + grain.integers(0, 6, view.shape)) * step
    return frame


def rows_of(plane: Any) -> NDArray[np.uint8]:
    return np.frombuffer(plane, np.uint8).reshape(plane.height, -1)


def make(path: Path, film: Film | None = None) -> Path:
    """Writes `film` to `path` in the container of its suffix."""
    film = film or Film()
    kind = FORMATS[path.suffix]
    options = {}
    if kind in ("mp4", "mov"):
        rate = str(film.tick.denominator * -(-1000 // film.tick.denominator))
        options = {"video_track_timescale": str(film.tick.denominator), "movie_timescale": rate}
        options["movflags"] = "use_metadata_tags"
    with av.open(str(path), "w", format=kind, container_options=options) as out:
        out.metadata.update(film.tags)
        stream = out.add_stream(film.codec, rate=25, options=film.options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = film.size
        stream.pix_fmt = film.pixels
        context = stream.codec_context
        context.time_base = stream.time_base = film.tick
        context.sample_aspect_ratio = film.aspect
        context.color_primaries, context.color_trc, context.colorspace = film.colour[:3]
        context.color_range = film.colour[3]
        if film.tags.get("title"):
            stream.metadata["handler_name"] = film.tags["title"]
        if film.matrix:
            stream.set_display_matrix(film.matrix)
        sounds = [_sound(out, kind) for _ in range(film.sounds)]
        if film.chapters:
            out.set_chapters(
                [
                    {"id": i, "start": i, "end": i + 1, "time_base": Fraction(1, 10),
                     "metadata": {"title": name}}
                    for i, name in enumerate(film.chapters)
                ]
            )  # fmt: skip
        if film.attachment:
            out.add_attachment("note.txt", "text/plain", film.attachment)
        for sound in sounds:
            for packet in sound.encode(_clicks(film, sound)):
                out.mux(packet)
        for number, at in enumerate(film.moments):
            frame = picture(number, film)
            after = film.moments[number + 1] if number + 1 < len(film.moments) else at + film.last
            frame.pts, frame.time_base, frame.duration = at, film.tick, after - at
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        for sound in sounds:
            out.mux(sound.encode(None))
    return path


def _sound(out: Any, kind: str) -> AudioStream:
    stream = out.add_stream("libopus" if kind == "webm" else "aac", rate=48000)
    stream.codec_context.layout = "mono"
    return cast(AudioStream, stream)


def _clicks(film: Film, sound: AudioStream) -> AudioFrame:
    """Silence, with one loud burst `click` seconds after the sound starts."""
    length = max(1.0, float(film.moments[-1] * film.tick - film.sound_from))
    samples = np.zeros((1, int(48000 * length)), np.float32)
    at = int(48000 * film.click)
    samples[0, at : at + 480] = 0.9
    frame = AudioFrame.from_ndarray(samples, "fltp", "mono")
    frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
    frame.pts = int(film.sound_from * 48000)
    return frame


def moments(path: Path) -> list[Fraction]:
    """When each picture is shown, in seconds, as an independent reader sees it."""
    with av.open(str(path)) as file:
        return [Fraction(f.pts or 0) * (f.time_base or 0) for f in file.decode(video=0)]


def loudest(path: Path, track: int) -> Fraction:
    """When the click is heard in a sound track, in seconds."""
    with av.open(str(path)) as file:
        best, at = 0.0, Fraction(0)
        for frame in file.decode(audio=track):
            wave = np.abs(frame.to_ndarray().astype(np.float64)).reshape(-1)
            loud = np.flatnonzero(wave > 0.4)
            if len(loud) and not best:
                best = 1.0
                assert frame.pts is not None
                assert frame.time_base is not None
                at = frame.pts * frame.time_base + Fraction(int(loud[0]), frame.sample_rate)
        return at


def shown(path: Path) -> list[NDArray[np.uint8]]:
    """Every picture as stored, RGB."""
    with av.open(str(path)) as file:
        frames = [f.to_ndarray(format="rgb24") for f in file.decode(video=0)]
        return [np.asarray(f, np.uint8) for f in frames]


def cut(path: Path, share: float) -> Path:
    """The same file, shorter."""
    data = path.read_bytes()
    short = path.with_name(f"cut-{path.name}")
    with suppress(FileNotFoundError):
        short.unlink()
    short.write_bytes(data[: int(len(data) * share)])
    return short
