"""A file that is only sound, written anew from its samples, and listened to again."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from ..core.errors import Truncated, Unsupported
from ..core.sound import Treatments
from .card import Card
from .encode import created
from .faults import RECOPY, reading, writing
from .opening import opened
from .sound import Sound
from .sound_forms import SoundForm, add_track, muxer_options
from .sound_kinds import UNKNOWN_SIZES, chunks, tag_size

Told = Callable[[Fraction], None]

_SLACK: Final = Fraction(1, 5)  # seconds that may be missing at the end


@dataclass(frozen=True, slots=True)
class Heard:
    """One track: samples a second, channels, and how long it lasts in seconds."""

    rate: int
    channels: int
    lasts: Fraction


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What became of a file. `damage`: how the input is damaged; `notes`: what else was changed;
    `lasts`: seconds of each track of the input."""

    damage: tuple[str, ...]
    notes: tuple[str, ...]
    lasts: tuple[Fraction, ...]


def write_sound(
    partial: Path,
    card: Card,
    form: SoundForm,
    treatments: Treatments,
    *,
    accept_damaged: bool = False,
    limit: int = 1,
    told: Told | None = None,
) -> Rewritten:
    """Every track of `card`'s file through a treatment into `partial`, which is created, or
    emptied, at once, and removed if this fails. Nothing but samples comes along.

    `told` hears how far it is, in seconds. Raises `Truncated` where less is there than the file
    promises, or what can't be decoded; `accept_damaged` keeps what can be and says so.
    """
    file = created(partial)
    notes: list[str] = []

    def added(output: OutputContainer, source: AudioStream) -> AudioStream:
        if source.codec_context.format is None:
            what = f"sound stream {source.index} is damaged, or of a rare kind"
            raise Unsupported(what, path=card.path, hint=RECOPY)
        made, changed = add_track(output, form, source)
        notes.extend(changed)
        return made

    try:
        with writing(partial):
            output = av.open(file, "w", format=form.muxer, container_options=muxer_options(form))
            sound = Sound(
                card,
                output,
                added,
                Fraction(0),
                lenient=accept_damaged,
                limit=limit,
                treatments=treatments,
            )
            at = Fraction(0)
            while sound.until(at):
                if told is not None:
                    told(at)
                at += 1
            lasts = tuple(end for end in sound.lasts if end is not None)
            if not lasts or not max(lasts):
                raise Truncated("has not one sample of sound", path=card.path, hint=RECOPY)
            sound.finish()
            output.close()
            file.flush()
            os.fsync(file.fileno())
            file.close()
    except BaseException:  # raised again
        with suppress(OSError):
            file.close()
        partial.unlink(missing_ok=True)
        raise
    damage = list(sound.lost)
    promised = _promised(card)
    if promised is not None and max(lasts) < promised - max(_SLACK, promised / 100):
        what = f"breaks off: {float(max(lasts)):.1f} of {float(promised):.1f} s are there"
        if not accept_damaged:
            partial.unlink(missing_ok=True)
            raise Truncated(what, path=card.path, hint=RECOPY)
        damage.append(what)
    more = [note for note in sound.notes if note not in damage]
    return Rewritten(tuple(damage), (*notes, *more), lasts)


def listened(path: Path) -> tuple[Heard, ...]:
    """Each track, decoded from its first sample to its last. Raises a `MediaError` where one
    can't be."""
    heard = []
    with opened(path) as container:
        tracks = list(container.streams.audio)
    for track in range(len(tracks)):
        with opened(path) as container, reading(path):
            stream = container.streams.audio[track]
            context, count = stream.codec_context, 0
            for frame in container.decode(stream):
                count += frame.samples
            rate = context.sample_rate
            lasts = Fraction(count, rate) if rate else Fraction(0)
            heard.append(Heard(rate, context.layout.nb_channels, lasts))
    return tuple(heard)


def _promised(card: Card) -> Fraction | None:
    """How long the file says it is, in seconds; None where it doesn't, or where that is a guess."""
    with card.path.open("rb") as file:
        match card.container:
            case "flac" | "m4a" | "aiff":
                return card.length
            case "wav":
                end = file.seek(0, 2)
                for name, at, size in chunks(file, "<"):
                    if name == b"data":
                        missing = size not in UNKNOWN_SIZES and at + size > end
                        return _whole(card, end - at, size) if missing else None
            case "mp3":
                file.seek(tag_size(file))
                first = file.read(256)
                # Without this, length is guessed from the size of the file.
                return card.length if b"Xing" in first or b"Info" in first else None
    return None


def _whole(card: Card, there: int, declared: int) -> Fraction | None:
    """How long a WAV would be if all of it were there."""
    if card.length is None or there <= 0:
        return None
    with opened(card.path) as container:
        rate = container.streams.audio[0].codec_context.bit_rate
    return Fraction(declared * 8, rate) if rate else None
