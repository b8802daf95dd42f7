"""What is done to the sound that is kept, as the settings ask for it."""

from __future__ import annotations

from functools import partial

from ..core.sound import Treatment, Treatments
from ..redact import Chain, HumNotched, SpeechMuted
from ..redact.retold import retold
from .retelling import Script
from .settings import Settings


def treatments(settings: Settings, script: Script | None = None) -> Treatments | None:
    """None where sound is dropped. `script`: what is said instead; nothing of the original is left.

    The hum of the mains is taken out of whatever is kept, and first: a filter rings, and what is
    muted after it is silent.
    """
    if script is not None:
        return retold(script.tracks, script.voice)
    if not settings.keeps_sound:
        return None
    return partial(_without_hum, voices=_of_voices(settings))


def _of_voices(settings: Settings) -> Treatments | None:
    """What is done to voices; None where they are kept."""
    if not settings.mute_speech:
        return None
    from ..detect.speech import open_ears

    return partial(SpeechMuted, ear=open_ears())


def _without_hum(rate: int, channels: int, voices: Treatments | None) -> Treatment:
    hum = HumNotched(rate, channels)
    return hum if voices is None else Chain(rate, channels, [hum, voices(rate, channels)])
