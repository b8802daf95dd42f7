"""Is there sound that was to be dropped, and what was not looked for because nobody asked."""

from __future__ import annotations

from typing import Final

from ..media import Card
from ..plan import Document
from ..verify import Finding, NotMade, Verdict

BACK: Final = (
    "a track of sound, which the plan drops: voices identify people; if it was rendered with "
    "--voice keep, scan with --voice keep too and verify by that plan"
)


def sound(made: Card, document: Document | None) -> Verdict:
    """Whether the finished file `made` holds sound that its plan drops; without a plan nobody
    knows whether it was to be."""
    if not made.audio:
        return Verdict((), ("sound",))
    if document is None:
        return Verdict((), (), (NotMade("sound", "no plan says whether it was to be dropped"),))
    if document.settings.get("voice", "mute") == "keep":
        return Verdict((), (), (NotMade("sound", "it was kept, and voices identify people"),))
    if document.settings.get("mute_speech"):
        return Verdict((), (), (NotMade("sound", "nobody listened again for speech in it"),))
    return Verdict((Finding("sound", BACK),), ("sound",))


def not_asked(*, thorough: bool, attack: bool) -> Verdict:
    """What `verify` could have done, and was not asked to."""
    left = []
    if not attack:
        why = "no attacker tried to tell whose the hidden faces are (--attack)"
        left.append(NotMade("attack", why))
    if not thorough:
        why = "other eyes did not look at every whole frame (--thorough)"
        left.append(NotMade("eyes", why))
    return Verdict((), (), tuple(left))
