"""Opens the right source, sink and painter for what came in and what is to go out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..core.errors import Unsupported, UsageError
from ..core.frame import Frame
from ..core.ports import Redactor, Silhouettes, Source
from ..core.schedule import Region, Style
from ..core.time import Span, Ticks
from ..engine.ending import ending
from ..media import (
    FORMS,
    MOVING,
    SOUND_SUFFIXES,
    Card,
    Encoding,
    MovingSink,
    MovingSource,
    PhotoSink,
    PhotoSource,
    VideoSink,
    VideoSource,
    output_container,
    probe,
)
from ..media.card import depth_of
from ..media.stills import MOST_PIXELS
from ..media.target import Container
from ..redact import Drawn, Paint
from ..redact.kernels import Reals
from ..redact.pseudo_speaker import load_world
from . import strangers, voices
from .retelling import Script
from .settings import Settings

JPEG_BLOCK: Final = 16  # pixels: with halved chroma one coded block spans sixteen
FAST: Final = Fraction(60)  # frames a second, when nobody can tell
_VIDEOS: Final[dict[str, Container]] = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "mkv",
    ".webm": "webm",
}
_PHOTOS: Final = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".png": "png",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".bmp": "bmp",
    ".gif": "gif",
}
_MOVING: Final = {".gif": "gif", ".png": "png", ".apng": "png", ".webp": "webp"}

AnySink = VideoSink | PhotoSink | MovingSink


@dataclass(frozen=True, slots=True)
class Target:
    """Into what `output` is written: the container its name asks for."""

    video: Container | None = None
    photo: str | None = None
    moving: str | None = None
    sound: str | None = None

    @property
    def name(self) -> str:
        return self.video or self.photo or self.moving or self.sound or ""


def target_of(card: Card, output: Path) -> Target:
    """`UsageError` when the name of `output` asks for what can't be written from `card`."""
    suffix, natural = output_container(card)
    if card.kind == "sound":
        return _sound_target(card, output, suffix)
    moving = card.kind == "video" and card.container in MOVING
    known = _PHOTOS if card.kind == "photo" else {**_VIDEOS, **_MOVING} if moving else {**_VIDEOS}
    asked = output.suffix.lower()
    if asked not in known:
        raise UsageError(
            f"a {card.kind} can't be written as {asked or 'a file without a suffix'}",
            path=output,
            hint=f"name it *{suffix}, or one of {', '.join(known)}",
        )
    if card.kind == "photo":
        if (card.frames or 1) > 1 and _PHOTOS[asked] != "tiff":
            raise UsageError(
                f"{card.frames} pages can't be written as {asked}",
                path=output,
                hint="name it *.tiff",
            )
        return Target(photo=_PHOTOS[asked])
    if moving and asked in _MOVING:
        return Target(moving=_MOVING[asked])
    if _VIDEOS[asked] == "webm" and card.pixel_aspect != 1:
        raise UsageError(
            "WebM can't say that pixels are oblong", path=output, hint=f"name it *.{natural}"
        )
    return Target(video=_VIDEOS[asked])


def _sound_target(card: Card, output: Path, suffix: str) -> Target:
    asked = output.suffix.lower()
    if asked not in SOUND_SUFFIXES:
        raise UsageError(
            f"sound can't be written as {asked or 'a file without a suffix'}",
            path=output,
            hint=f"name it *{suffix}, or one of {', '.join(SOUND_SUFFIXES)}",
        )
    form = FORMS[SOUND_SUFFIXES[asked]]
    if len(card.audio) > 1 and not form.many:
        raise UsageError(
            f"{len(card.audio)} tracks of sound can't be written as {asked}",
            path=output,
            hint="name it *.mka",
        )
    return Target(sound=form.name)


def look_at(path: Path, settings: Settings) -> Card:
    """What the file is, as far as the settings let it be opened."""
    return probe(
        path,
        most_pixels=MOST_PIXELS * settings.limit,
        stream=settings.video_stream,
        accept_damaged=settings.accept_damaged,
    )


def open_source(card: Card, settings: Settings | None = None) -> Source:
    """`settings`: whether damage is accepted, and how much the file may unpack to."""
    given = settings or Settings()
    if card.kind == "sound":
        raise Unsupported("is only sound, and has no picture", path=card.path)
    if card.kind == "photo":
        return PhotoSource(card, accept_damaged=given.accept_damaged)
    if card.container in MOVING:
        return MovingSource(card, accept_damaged=given.accept_damaged)
    return VideoSource(card, accept_damaged=given.accept_damaged, limit=given.limit)


def first_tick(card: Card, settings: Settings) -> Ticks:
    """Of the first frame, decoded to learn it; 0 if there is none."""
    frames = open_source(card, settings).frames()
    with ending(frames):
        first = next(frames, None)
    return Ticks(0) if first is None else first.span.start


def damage_of(source: Source) -> tuple[str, ...]:
    """Where and how what was read to its end is damaged."""
    if isinstance(source, VideoSource | PhotoSource | MovingSource):
        return tuple(source.damage)
    return ()


def repairs_of(source: Source) -> tuple[str, ...]:
    """What had to be mended in a film that was read to its end."""
    return tuple(source.notes) if isinstance(source, VideoSource) else ()


def open_sink(
    card: Card,
    partial: Path,
    target: Target,
    settings: Settings,
    script: Script | None = None,
    *,
    silent: Sequence[Span] = (),
) -> AnySink:
    """A sink that writes to `partial`. `script`: what is said instead of what was; `silent`: when
    nothing is."""
    if target.moving is not None:
        return MovingSink(partial, card, output_format=target.moving)
    if target.video is None:
        return PhotoSink(partial, card, output_format=target.photo or "png")
    treatments = voices.treatments(settings, script)
    encoding = encoding_of(target.video, settings)
    if treatments is not None:
        encoding = replace(encoding, voice="treat")
    return VideoSink(partial, card, encoding, treatments, silent)


def encoding_of(container: Container, settings: Settings) -> Encoding:
    """How a film is written into `container`."""
    return Encoding(
        container=container,
        crf=settings.crf,
        preset=settings.encoder_speed,
        voice="keep" if settings.voice == "keep" else "mute",
        accept_damaged=settings.accept_damaged,
        limit=settings.limit,
        codec=settings.codec,
        encoder=settings.encoder,
    )


def check_encoding(card: Card, target: Target, settings: Settings) -> None:
    """Before the work begins: can what was asked for be written, and here?"""
    heard = target.video is not None or target.sound is not None
    if heard and settings.voice == "disguise" and card.audio and settings.disguiser is None:
        load_world()
    if target.video is not None:
        encoding_of(target.video, settings).check(depth_of(card))


def notes_of(sink: AnySink) -> Iterator[str]:
    """How the output differs from the input, apart from what was hidden. Once it is closed."""
    if sink.clock_note:
        yield sink.clock_note
    yield from sink.notes


def painter(
    card: Card,
    target: Target,
    style: Style = Style.VEIL,
    device: str = "auto",
    drawing: str | None = None,
) -> Redactor:
    """Who hides in `style`; figures are told by a network on `device`. `drawing`: the plug-in that
    draws on what is hidden.

    A photo coded in blocks spreads a face over each that it touches, so whole ones are hidden.

    The blocks are those of the input, where the face still is; what goes out holds none of it.
    """
    shapes = _shapes(style, device)
    if card.lossy or target.photo in ("jpeg", "webp") or target.moving == "webp":
        return _drawn(Paint(snap=JPEG_BLOCK, reach=1, silhouettes=shapes), drawing)
    return _drawn(Paint(silhouettes=shapes), drawing)


def _drawn(paint: Redactor, drawing: str | None) -> Redactor:
    return paint if drawing is None else Drawn(paint, strangers.open_style(drawing))


def drawn_by(
    drawing: str | None,
) -> Callable[[Frame, Sequence[Region]], tuple[Reals, Reals] | None] | None:
    """What the plug-in `drawing` has drawn on the covers of a frame, for whoever checks them."""
    return None if drawing is None else Drawn(Paint(), strangers.open_style(drawing)).layer


def own_painter(settings: Settings) -> Redactor:
    """Who hides in pictures that come from no file of ours; wherever they were coded in blocks, a
    face has spread as far as a photo's does."""
    shapes = _shapes(settings.style, settings.device)
    return _drawn(Paint(snap=JPEG_BLOCK, reach=1, silhouettes=shapes), settings.drawing)


def _shapes(style: Style, device: str) -> Silhouettes | None:
    if style is not Style.FIGURE:
        return None
    from ..detect.silhouettes import open_silhouettes

    return open_silhouettes(device)


def frame_bytes(card: Card) -> int:
    """About how much memory one decoded frame takes."""
    wide = any(depth in card.pixel_format for depth in ("p10", "p12", "p14", "p16", "I;16"))
    name = card.pixel_format.lower()
    full = any(layout in name for layout in ("444", "rgb", "gbr", "bgr", "bgra", "cmyk"))
    half = "422" in card.pixel_format
    return int(card.size.area * (3 if full else 2 if half else 1.5) * (2 if wide else 1))


def frames_a_second(card: Card) -> Fraction:
    """On average; a guess on the high side when the file does not say."""
    if card.frames and card.length:
        return Fraction(card.frames) / card.length
    return card.rate or FAST
