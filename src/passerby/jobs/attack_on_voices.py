"""Attack the sound of one output: listen to the original and to it, and say how alike they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from ..core.errors import UsageError
from ..core.ports import Progress, VoiceEmbedder
from ..core.time import Ticks
from ..media import Card
from ..media.hearing import Hearing
from ..verify import Finding, NotMade, Verdict
from ..verify.findings import Tally
from ..verify.voices import DIFFERENT, SAME, Compared, Listener, Stretch, compared
from .settings import Settings
from .transcribing import shift_of
from .voiced import Voiced

CHECK: Final = "attack.voice"
WHAT: Final = "a program that compares voices takes this one for the original's"
STRANGERS: Final = (
    "no attacker tried recordings that were treated in the same way, or of the same people "
    "elsewhere: a voice that is disguised is not anonymous"
)
ORIGINAL: Final = "add --original INPUT; for films --plan PLAN.json, too"
_STEP: Final = Fraction(5)  # seconds of sound after which progress is told

Stretches = Sequence[Stretch]
Bounds = Callable[[int], Stretches | None]


def attack_on_voices(
    card: Card,
    made: Card,
    embedder: VoiceEmbedder,
    settings: Settings,
    trusted: Settings,
    progress: Progress | None,
) -> tuple[Verdict, Voiced]:
    """Compare the voices of the original `card` and of the output `made`.

    Each track with its own, or, where their numbers differ, with every one. Each stretch of speech
    that sounds like the same person is a finding. `settings`, `trusted`: how each is read.
    """
    shift = shift_of(card, settings)
    ours = _heard(card, shift, settings, embedder, lambda _: None, progress)
    found = list(_compared(ours, made, embedder, trusted, progress))
    return _verdict(found, card, shift), _account(found, embedder)


def _compared(
    ours: Sequence[Stretches],
    made: Card,
    embedder: VoiceEmbedder,
    trusted: Settings,
    progress: Progress | None,
) -> Iterator[Compared]:
    if len(ours) == len(made.audio):
        ways: list[Bounds] = [ours.__getitem__] if ours else []
    else:
        ways = [partial(_always, own) for own in ours]
    for within in ways:
        theirs = _heard(made, Fraction(0), trusted, embedder, within, progress)
        for number, stretches in enumerate(theirs):
            yield from compared(within(number) or (), stretches)


def _always(own: Stretches, number: int) -> Stretches:
    """The same for every track."""
    return own


def _heard(
    card: Card,
    shift: Fraction,
    settings: Settings,
    embedder: VoiceEmbedder,
    bounds: Bounds,
    progress: Progress | None,
) -> list[Stretches]:
    """The stretches of speech in each sound track."""
    from ..detect.speech import open_ears

    ear, listeners = open_ears(), list[Listener]()

    def listener(rate: int, channels: int) -> Listener:
        number = len(listeners)

        def start() -> Fraction:
            return hearing.starts[number] or Fraction(0)

        listeners.append(Listener(ear, embedder, channels, start, bounds(number)))
        return listeners[-1]

    lenient, limit = settings.accept_damaged, settings.limit
    hearing = Hearing(card, listener, shift=shift, lenient=lenient, limit=limit)
    try:
        moment = Fraction(0)
        while progress is not None and card.length and moment < card.length:
            hearing.until(moment)
            progress("attack", moment, card.length)
            moment += _STEP
        hearing.finish()
    finally:
        hearing.close()
    return [one.found for one in listeners]


def attacker_of_voices(made: Card, original: Path | None) -> VoiceEmbedder | None:
    """The embedder, where there is sound to attack. `UsageError` when it, or what it needs, is
    missing."""
    if not made.audio:
        return None
    if original is None:
        raise UsageError("an attack compares voices with the original's", hint=ORIGINAL)
    from ..detect.voice_embedder import open_voice_embedder

    return open_voice_embedder()


def _verdict(found: Sequence[Compared], card: Card, shift: Fraction) -> Verdict:
    tally, heard = Tally(), [one for one in found if one.likeness is not None]
    for one in heard:
        if one.matched:
            at = (
                Ticks(round((one.start - shift) / card.clock.tick))
                if card.kind == "video"
                else None
            )
            tally.add(Finding(CHECK, WHAT, at, score=one.likeness))
    not_made = [NotMade(CHECK, STRANGERS)] if heard else [NotMade(CHECK, _why(found))]
    if heard and len(heard) < len(found):
        few = f"{len(found) - len(heard)} of {len(found)} stretches have too little speech left"
        not_made.append(NotMade(CHECK, few))
    return Verdict(tuple(tally.findings()), (CHECK,) if heard else (), tuple(not_made))


def _why(found: Sequence[Compared]) -> str:
    if found:
        return "the output has too little speech to compare"
    return "not measured: less than three seconds of speech in the original"


def _account(found: Sequence[Compared], embedder: VoiceEmbedder) -> Voiced:
    alike = [one.likeness for one in found if one.likeness is not None]
    info = embedder.info
    return Voiced(
        embedder=info.name,
        sha256=info.sha256,
        licence=info.licence,
        stretches=len(alike),
        not_compared=len(found) - len(alike),
        matched=sum(one.matched for one in found),
        likeness=round(median(alike), 3) if alike else None,
        highest=round(max(alike), 3) if alike else None,
        same=SAME,
        different=DIFFERENT,
    )
