"""Files that are only sound: what was asked is done to each track; nothing else comes along."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..core.errors import MediaError, UsageError
from ..core.ports import Progress
from ..media import FORMS, Card, Heard, Rewritten, listened, probe, write_sound
from ..verify import Finding as Found
from ..verify import NotMade, Verdict, inspect
from . import account, doors, provenance, unchecked, voices
from .judged import verification
from .output import dated_like
from .report import FoundMedia, NotHandedOver, Report, Verification
from .retelling import Script
from .settings import Settings
from .stopwatch import Stopwatch

NOTHING_LEFT: Final = "is only sound, and --voice mute would leave nothing of it"
MODES: Final = (
    "--mute-speech drops speech and keeps all else; --voice retell or disguise changes voices; "
    "--voice keep drops what identifies the file, and keeps voices, which identify people"
)
KEPT: Final = "voices that are kept identify people"
UNHEARD: Final = "nobody listened again for speech in it"
_SLACK: Final = Fraction(1, 20)  # seconds by which a track may be longer or shorter: about a frame
_FRAME: Final = 2048  # samples that a coder may add to fill its last piece


@dataclass(frozen=True, slots=True)
class Papers:
    """What else was asked for, most of which is about pictures."""

    plan: Path | None = None
    save_plan: Path | None = None
    report_to: Path | None = None
    transcript: Path | None = None


def check(card: Card, settings: Settings, papers: Papers) -> None:
    """`UsageError` where what was asked for leaves nothing, or is about pictures."""
    if not settings.keeps_sound:
        raise UsageError(NOTHING_LEFT, path=card.path, hint=MODES)
    no_plan(card, papers.plan or papers.save_plan)
    no_page(card, papers.report_to)
    if settings.zone or settings.time or settings.keep_zone:
        what = "zones and times are hidden in pictures, and this is only sound"
        raise UsageError(what, path=card.path, hint="leave them out for this file")


def no_scan(card: Card) -> None:
    """`UsageError` where there is only sound, in which nobody can be seen."""
    if card.kind == "sound":
        what = "is only sound: there is nobody to see in it, so there is nothing to plan"
        raise UsageError(what, path=card.path, hint=f"redact it: {MODES}")


def no_plan(card: Card, plan: object) -> None:
    """`UsageError` where there is one, or one is asked for."""
    if plan is not None:
        what = "a plan says what is hidden in pictures, and this is only sound"
        raise UsageError(what, path=card.path, hint="leave the plan out")


def no_page(card: Card, folder: Path | None) -> None:
    """`UsageError` where a report with pictures is asked for."""
    if folder is not None:
        what = "a report's folder shows pictures, and this is only sound"
        raise UsageError(what, path=card.path, hint="name a file: --report REPORT.json")


def redact(
    card: Card,
    output: Path,
    settings: Settings,
    script: Script | None,
    *,
    papers: Papers,
    proofs: provenance.Proofs | None,
    force: bool,
    progress: Progress | None,
) -> Report:
    """As `footage.redact`, of a file that is only sound. `script`: what a synthetic voice says."""
    watch = Stopwatch()
    check(card, settings, papers)
    target = doors.target_of(card, output)
    doors.check_encoding(card, target, settings)
    inputs = [path for path in (card.path, papers.transcript) if path is not None]
    with provenance.together(
        output, target.name, proofs, card.path, inputs=inputs, force=force
    ) as place:
        with watch.phase("redact"):
            done = _written(card, place.partial, target.name, settings, script, progress)
        verified = Verification()
        if settings.verify:
            with watch.phase("verify"):
                verified = verification(_looked_at(card, place.partial, done, settings))
        report = _report(card, settings, done, place.partial).model_copy(
            update={
                "verification": verified,
                "output": account.made_file(place.partial, output, target.name),
            }
        )
        if proofs is not None:
            with watch.phase("prove"):
                policy = account.policy_of(settings)
                report = provenance.proven(report, place, card.path, settings, policy)
        report = report.model_copy(update={"timings": watch.seconds})
        if report.findings:
            raise NotHandedOver(report, path=output)
        if settings.keep_mtime:
            dated_like(place.partial, card.path)
    return report


def check_finished(output: Path, made: Card, card: Card | None) -> Verdict:
    """What can be said of the finished file `output`, of card `made`, that is only sound. `card`:
    of the original, if there is one."""
    verdict, heard = inspect(output), listened(output)
    decoded = () if any(track.lasts for track in heard) else (Found("decodes", "there is none"),)
    verdict = verdict.joined(Verdict(decoded, ("decodes",)))
    verdict = verdict.joined(_compared(heard, card))
    why = "whether voices can be recognised in it was not asked"
    return verdict.joined(Verdict((), (), (NotMade("sound", why),)))


def _compared(heard: tuple[Heard, ...], card: Card | None) -> Verdict:
    """Whether each track is as long as in the original."""
    if card is None:
        why = "there is no original to compare with"
        return Verdict((), (), (NotMade("time", why),))
    try:
        return _as_long(heard, tuple(track.lasts for track in listened(card.path)))
    except MediaError as error:
        return Verdict((), (), (NotMade("time", f"the original {error.what}"),))


def _written(
    card: Card,
    partial: Path,
    form: str,
    settings: Settings,
    script: Script | None,
    progress: Progress | None,
) -> Rewritten:
    treatments = voices.treatments(settings, script)
    if treatments is None:
        raise UsageError(NOTHING_LEFT, path=card.path, hint=MODES)

    def told(at: Fraction) -> None:
        if progress is not None:
            progress("hide", at, card.length)

    return write_sound(
        partial,
        card,
        FORMS[form],
        treatments,
        accept_damaged=settings.accept_damaged,
        limit=settings.limit,
        told=told,
    )


def _looked_at(card: Card, partial: Path, done: Rewritten, settings: Settings) -> Verdict:
    """Everything that can be checked of a file that was just made."""
    try:
        made = probe(partial)
        verdict = inspect(partial).joined(_as_long(listened(partial), done.lasts))
        verdict = verdict.joined(Verdict((), ("decodes",)))
        return verdict.joined(_voices(made, card, settings))
    except MediaError as error:
        found = Found("decodes", f"the finished file can't be read: {error.what}")
        return Verdict((found,), ("decodes",))


def _voices(made: Card, card: Card, settings: Settings) -> Verdict:
    if settings.voice == "keep":
        return Verdict((), (), (NotMade("sound", KEPT),))
    if settings.mute_speech:
        return Verdict((), (), (NotMade("sound", UNHEARD),))
    return unchecked.retold(made, card, settings)  # whatever was to be spoken anew


def _as_long(made: tuple[Heard, ...], lasts: tuple[Fraction, ...]) -> Verdict:
    """Whether there are as many tracks as there were, each as long as it was."""
    found = []
    if len(made) != len(lasts):
        found.append(Found("time", f"there were {len(lasts)} tracks, and there are {len(made)}"))
    for number, (track, before) in enumerate(zip(made, lasts, strict=False), 1):
        slack = max(_SLACK, Fraction(_FRAME, track.rate or 1))
        if abs(track.lasts - before) > slack:
            what = f"track {number} lasts {float(track.lasts):.2f} s, not {float(before):.2f} s"
            found.append(Found("time", what))
    return Verdict(tuple(found), ("time",))


def _report(card: Card, settings: Settings, done: Rewritten, partial: Path) -> Report:
    made = probe(partial)
    became = () if made.codec == card.codec else (f"{card.codec} becomes {made.codec}",)
    return Report(
        job="redact",
        versions=account.versions(),
        settings=settings.plain(),
        input=FoundMedia(
            kind="sound",
            container=card.container,
            codec=card.codec,
            size=(0, 0),
            orientation=1,
            frames=0,
            seconds=round(float(max(done.lasts)), 3),
        ),
        dropped=card.carries,
        not_looked_for=tuple(account.unheard(settings)),
        damaged=done.damage,
        notes=(
            *(f"the input is damaged: {how}" for how in done.damage),
            *account.of_sound(settings),
            *became,
            *done.notes,
        ),
    )
