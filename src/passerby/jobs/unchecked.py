"""Is there sound that was to be gone, and what was not looked for because nobody asked."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from ..media import Card
from ..plan import Document, muted
from ..redact.disguise import LABEL
from ..verify import Finding, NotMade, Verdict
from .overheard import overheard, unmuted
from .settings import Settings

BACK: Final = (
    "a track of sound, which the plan drops: voices identify people; if it was rendered with "
    "--voice keep, verify by the plan that --save-plan wrote then"
)


def sound(made: Card, document: Document | None, card: Card | None, settings: Settings) -> Verdict:
    """Whether the finished file `made` holds sound that its plan drops; without a plan nobody
    knows whether it was to be. `card`: of the original, if there is one, read as `settings` say."""
    if not made.audio:
        return Verdict((), ("sound",))
    if document is None:
        return Verdict((), (), (NotMade("sound", "no plan says whether it was to be dropped"),))
    return _kept(made, document, card, settings).joined(silences(made, document, settings))


def silences(made: Card, document: Document | None, settings: Settings) -> Verdict:
    """Whether anything is heard in the finished film `made` at the times that its plan mutes."""
    spans = () if document is None else muted(document.edits)
    if document is None or not spans or not made.audio:
        return Verdict((), ())
    tick = Fraction(document.media.time_base)
    later = max(Fraction(0), -document.media.first * tick)  # no container holds time before zero
    times = [(span.start * tick + later, span.end * tick + later) for span in spans]
    return unmuted(made, times, settings.limit)


def _kept(made: Card, document: Document, card: Card | None, settings: Settings) -> Verdict:
    if document.settings.get("voice", "mute") == "keep":
        return Verdict((), (), (NotMade("sound", "it was kept, and voices identify people"),))
    if document.settings.get("voice") == "disguise":
        return disguised(made, card, settings)
    if document.settings.get("voice") == "retell" and not document.settings.get("mute_speech"):
        return retold(made, card, settings)
    if document.settings.get("mute_speech"):
        return Verdict((), (), (NotMade("sound", "nobody listened again for speech in it"),))
    return Verdict((Finding("sound", BACK),), ("sound",))


def retold(made: Card, card: Card | None, settings: Settings) -> Verdict:
    """Whether anything of the original's sound is left where a synthetic voice was to speak."""
    if card is None:
        return Verdict((), (), (NotMade("sound", "there is no original to compare it with"),))
    return overheard(card, made, settings)


def disguised(made: Card, card: Card | None, settings: Settings) -> Verdict:
    """Whether anything of the original's sound is left where everything was to be spoken anew."""
    why = f"they are disguised, which {LABEL}"
    return retold(made, card, settings).joined(Verdict((), (), (NotMade("voices", why),)))


def not_asked(*, thorough: bool, attack: bool) -> Verdict:
    """What `verify` could have done, and was not asked to."""
    left = []
    if not attack:
        why = "no attacker tried to tell whose the hidden faces and the voices are (--attack)"
        left.append(NotMade("attack", why))
    if not thorough:
        why = "other eyes did not look at every whole frame (--thorough)"
        left.append(NotMade("eyes", why))
    return Verdict((), (), tuple(left))
