"""The card of a file that is only sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer

from ..core.errors import Truncated, Unreadable, Unsupported
from ..core.geometry import Orientation, Size
from ..core.time import Clock
from .card import Card, StreamCard
from .metadata import of_container, once
from .opening import family, moving_pictures
from .sound_kinds import sound_kinds

_FASTEST: Final = 768_000  # samples a second
_MOST_CHANNELS: Final = 64
_NAMES: Final = {"mov": "m4a", "matroska": "mka"}


def is_sound(container: InputContainer) -> bool:
    """Nothing moves in it, and something is heard. A cover picture is metadata."""
    return bool(container.streams.audio) and not moving_pictures(container)


def sound_card(container: InputContainer, path: Path, head: bytes) -> Card:
    """Of a file for which `is_sound` holds. Decodes nothing."""
    name = _NAMES.get(family(container), family(container))
    if name == "mka" and b"webm" in head:
        name = "webm"
    found = sound_kinds(path, name)
    if "encrypted" in found:
        raise Unreadable("is encrypted", path=path, hint="decrypt it first, then try again")
    known = [s for s in container.streams.audio if s.codec_context is not None]
    if not known:
        hint = "convert it to WAV or FLAC first"
        raise Unsupported("holds sound of an unknown kind", path=path, hint=hint)
    first = known[0].codec_context
    if not first.sample_rate or not first.layout.nb_channels:
        hint = "copy it again from where it came"
        raise Truncated("has not one sample of sound", path=path, hint=hint)
    for stream in known:
        context = stream.codec_context
        if context.sample_rate > _FASTEST or context.layout.nb_channels > _MOST_CHANNELS:
            what = f"sound stream {stream.index} has more samples than any recording needs"
            raise Unsupported(what, path=path, hint="convert it to 48000 samples a second first")
    cards = tuple(
        StreamCard(
            s.index,
            s.type,
            s.codec_context.codec.canonical_name if s.codec_context is not None else "unknown",
        )
        for s in container.streams
    )
    length = Fraction(container.duration, av.time_base) if container.duration else None
    return Card(
        path=path,
        kind="sound",
        container=name,
        codec=first.codec.canonical_name,
        size=Size(1, 1),
        orientation=Orientation.UP,
        clock=Clock(Fraction(1, first.sample_rate)),
        frames=None,
        length=length if length is None or length > 0 else None,
        pixel_format="",
        streams=cards,
        carries=once([*of_container(container, -1), *found]),
        audio=tuple(s.index for s in container.streams.audio),
    )
