"""What is done to the sound that is kept, as the settings ask for it."""

from __future__ import annotations

from functools import partial

from ..core.sound import Treatments
from ..redact import SpeechMuted
from ..redact.retold import retold
from .retelling import Script
from .settings import Settings


def treatments(settings: Settings, script: Script | None = None) -> Treatments | None:
    """None where sound is dropped, or kept as it is heard. `script`: what is said instead."""
    if script is not None:
        return retold(script.tracks, script.voice)
    if not settings.mute_speech:
        return None
    from ..detect.speech import open_ears

    return partial(SpeechMuted, ear=open_ears())
