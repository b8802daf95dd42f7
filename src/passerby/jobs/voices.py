"""What is done to the sound that is kept, as the settings ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..core.sound import Treatment, Treatments
from ..redact import Chain, Disguise, HumNotched, SpeechMuted
from ..redact.retold import retold
from . import strangers
from .retelling import Script
from .settings import Settings


def treatments(settings: Settings, script: Script | None = None) -> Treatments | None:
    """None where sound is dropped. `script`: what is said instead of what was.

    The hum of the mains is taken out of whatever is kept, and first: a filter rings, and what is
    muted after it is silent.
    """
    if settings.voice == "retell" and not settings.mute_speech:
        return None if script is None else retold(script.tracks, script.voice)
    if not settings.keeps_sound:
        return None
    return partial(_without_hum, more=_of_voices(settings, script))


def _of_voices(settings: Settings, script: Script | None) -> tuple[Treatments, ...]:
    """What is done to voices, one after the other; nothing where they are kept."""
    if settings.voice == "disguise":
        if settings.disguiser is not None:
            return (strangers.open_disguise(settings.disguiser),)
        return (Disguise,)
    if not settings.mute_speech:
        return ()
    from ..detect.speech import open_ears

    muted = partial(SpeechMuted, ear=open_ears())
    if script is None:
        return (muted,)
    return (muted, retold(script.tracks, script.voice, over=True))


def _without_hum(rate: int, channels: int, more: Sequence[Treatments]) -> Treatment:
    hum = HumNotched(rate, channels)
    return Chain(rate, channels, [hum, *(treatment(rate, channels) for treatment in more)])
