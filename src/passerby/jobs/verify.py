"""Look at a finished file with other eyes, and say what was checked and what was not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..core.errors import MediaError, UsageError
from ..core.ports import Embedder, Progress, Source, VoiceEmbedder
from ..core.schedule import Region, Schedule
from ..core.time import FOREVER, Clock, Span, Ticks
from ..engine.ending import ending
from ..engine.prefetch import prefetch
from ..media import Card, probe, sha256
from ..plan import Document, check_binding, check_made, load, schedule_of
from ..verify import Finding as Found
from ..verify import NotMade, Verdict, examine, inspect
from ..verify.episodes import Episode
from . import account, doors, provenance, sounds, unchecked
from .attack import Attacked, attack_output, attacker_for, in_step
from .attack_on_voices import attack_on_voices, attacker_of_voices
from .file import Watch
from .judged import verification
from .moments import planned, ranking, unplanned, with_moments
from .onlooking import DRAWN, Check, Onlooker, PlanTime, drawn_on, hides_faces
from .page import Original, check_folder, write_folder
from .report import OtherEyes, Report, Verification
from .settings import Settings
from .stopwatch import Stopwatch
from .voiced import Voiced

_TRUSTED: Final = Settings(limit=1000)  # we made it, or somebody asks about it by name


def verify(
    output: Path,
    *,
    original: Path | None = None,
    plan: Path | Document | None = None,
    video_stream: int | None = None,
    thorough: bool = False,
    device: str = "auto",
    attack: bool = False,
    drawing: str | None = None,
    report_to: Path | None = None,
    with_originals: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Check the finished file `output`. What can't be checked without `original`, or without the
    `plan` that says what was to be hidden, is named in the report. `video_stream`: which of
    several films in `original`. A damaged original is read as far as it goes. `thorough`: other
    eyes look at every frame, on `device`. `attack`, which needs both and the extra
    `passerby[attack]`: an attacker tries to tell whose the hidden faces are, and whose the voices.
    `drawing`, which needs `original`: the plug-in that drew on the covers, as `redact` was told.
    `report_to`: a folder for the report as a page, with pictures of `output`; `with_originals`,
    which needs `original`, also shows what was hidden.

    Raises a `PasserbyError` when a file can't be read; what is found is in the report.
    """
    watch = Stopwatch()
    _need_original(original, report_to, drawing, with_originals=with_originals)
    if report_to is not None:
        read = plan if isinstance(plan, Path) else None
        check_folder(report_to, inputs=[p for p in (output, original, read) if p], force=force)
    with watch.phase("probe"):
        made = probe(output)
        attackers = _attackers(made, original, plan) if attack else _Attackers(None, None)
        lenient = Settings(
            accept_damaged=True,
            video_stream=video_stream,
            limit=_TRUSTED.limit,
            drawing=drawing,
        )
        card = None if original is None else doors.look_at(original, lenient)
        document = None if plan is None else _plan_for(made, card, plan)
        schedule = None if document is None else schedule_of(document)[0]
    if made.kind == "sound":
        sounds.no_plan(made, plan)
        return _verified_sound(
            made,
            card,
            sounds.Papers(report_to=report_to),
            attackers,
            watch,
            progress,
        )
    check = Check(
        Settings(device=device).device,
        "thorough" if thorough else "balanced",
        () if document is None else tuple(use.family for use in document.detectors),
        document is None or hides_faces(use.kind for use in document.detectors),
        hiding=True,
        trusting=card is not None or drawn_on(document),
    )
    with watch.phase("verify"):
        verdict = inspect(output)
        proof, proven = provenance.looked_at(output, made.container)
        verdict = verdict.joined(proof)
        if card is None:
            why = "there is no original to compare with"
            played, eyes = _plays(made, document, check, Watch(progress, made.length))
            verdict = verdict.joined(played)
            verdict = verdict.joined(
                Verdict((), (), (NotMade("time", why), NotMade("pixels", why)))
            )
        else:
            compared, eyes = _against(card, made, schedule, check, lenient, progress)
            verdict = verdict.joined(compared)
        heard = unchecked.sound(made, document, card, lenient)
        verdict = verdict.joined(eyes.verdict()).joined(heard)
        whole = thorough or made.kind != "video"
        verdict = verdict.joined(unchecked.not_asked(thorough=whole, attack=attack))
    attacked = voiced = None
    if attack and card is not None:
        with watch.phase("attack"):
            tried, attacked, voiced = attackers.tried(card, made, schedule, lenient, progress)
        verdict = verdict.joined(tried)
    report = Report(
        job="verify",
        versions=account.versions(),
        output=account.made_file(output, output, made.container),
        notes=(
            *((provenance.VALID,) if proven.manifest == "valid" else ()),
            *(came.sentence() for came in (attacked, voiced) if came is not None),
            *eyes.notes(),
        ),
        verification=verification(verdict),
        other_eyes=eyes.told(),
        attack=attacked,
        attack_on_voices=voiced,
        provenance=proven,
        timings=watch.seconds,
    )
    seen = made if card is None else card
    footage = unplanned(seen, _first(seen, lenient)) if document is None else planned(document)
    risky = ranking(report, footage)
    report = with_moments(account.planned(report, document), risky, footage)
    if report_to is not None:
        shown = Original(card, lenient) if with_originals and card is not None else None
        write_folder(report_to, report, footage, risky.usual, output, original=shown, force=force)
    return report


def _plan_for(made: Card, card: Card | None, plan: Path | Document) -> Document:
    """The plan, if the finished file `made`, or the original where there is one, can be its own."""
    document = plan if isinstance(plan, Document) else load(plan)
    if card is not None:
        check_binding(document, sha256(card.path), account.layout(card))
    elif made.kind != "sound":
        check_made(document, made.kind, made.size)
    return document


def _need_original(
    original: Path | None, report_to: Path | None, drawing: str | None, *, with_originals: bool
) -> None:
    if with_originals and (original is None or report_to is None):
        raise UsageError(
            "originals are shown only in a report's folder, and where there is an original",
            hint="add --original INPUT and --report DIR",
        )
    if drawing is not None and original is None:
        raise UsageError(
            "what was drawn on covers is known only beside the original",
            hint="add --original INPUT, or leave --draw out",
        )


def _attackers(made: Card, original: Path | None, plan: object) -> _Attackers:
    """Who is needed for `made`. `UsageError` when they, or what they need, are missing."""
    voices = attacker_of_voices(made, original)
    if made.kind == "sound":  # there are no plans for sound
        return _Attackers(None, voices)
    return _Attackers(attacker_for(original, plan), voices)


def _verified_sound(
    made: Card,
    card: Card | None,
    papers: sounds.Papers,
    attackers: _Attackers,
    watch: Stopwatch,
    progress: Progress | None,
) -> Report:
    """The report about a finished file that is only sound."""
    sounds.no_plan(made, papers.plan)
    sounds.no_page(made, papers.report_to)
    with watch.phase("verify"):
        verdict = sounds.check_finished(made.path, made, card)
        proof, proven = provenance.looked_at(made.path, made.container)
        attacking = attackers.voices is not None
        asked = unchecked.not_asked(thorough=True, attack=attacking)
        verdict = verdict.joined(proof).joined(asked)
    voiced = None
    if attacking and card is not None:
        with watch.phase("attack"):
            tried, _, voiced = attackers.tried(card, made, None, _TRUSTED, progress)
        verdict = verdict.joined(tried)
    return Report(
        job="verify",
        versions=account.versions(),
        output=account.made_file(made.path, made.path, made.container),
        notes=() if voiced is None else (voiced.sentence(),),
        verification=verification(verdict),
        attack_on_voices=voiced,
        provenance=proven,
        timings=watch.seconds,
    )


def _first(card: Card, settings: Settings) -> Ticks:
    """The first tick of the first frame; 0 if there is none."""
    frames = doors.open_source(card, settings).frames()
    with ending(frames):
        first = next(frames, None)
    return Ticks(0) if first is None else first.span.start


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking at a file that was just made. `episodes`: what other eyes saw."""

    verification: Verification
    other_eyes: OtherEyes | None = None
    episodes: tuple[Episode, ...] = ()

    @property
    def mendable(self) -> bool:
        """Other eyes saw faces, and nothing else is wrong."""
        return bool(self.episodes) and all(f.check == "eyes" for f in self.verification.findings)


def look_again(
    card: Card,
    partial: Path,
    schedule: Schedule,
    check: Check,
    settings: Settings,
    progress: Progress | None,
    plan: Document | None = None,
) -> Looked:
    """Everything that can be checked of a file that was just made from `card` by `schedule`, and
    by the `plan` if there was one."""
    try:
        made = probe(partial)
        if made.kind == "sound":
            found = Found("decodes", "there is no picture in the finished file")
            return Looked(verification(Verdict((found,), ("decodes",))))
        verdict = inspect(partial)
        compared, eyes = _against(card, made, schedule, check, settings, progress)
        if settings.voice == "retell" and made.audio and not settings.mute_speech:
            compared = compared.joined(unchecked.retold(made, card, settings))
        if settings.voice == "disguise" and made.audio:
            compared = compared.joined(unchecked.disguised(made, card, settings))
        compared = compared.joined(unchecked.silences(made, plan, settings))
    except MediaError as error:
        # The footage itself was read whole a moment ago, so what can't be read is what we made.
        found = Found("decodes", f"the finished file can't be read: {error.what}")
        return Looked(verification(Verdict((found,), ("decodes",))))
    verdict = verdict.joined(compared).joined(eyes.verdict())
    return Looked(verification(verdict), eyes.told(), eyes.episodes())


def _plays(
    made: Card, document: Document | None, check: Check, watch: Watch
) -> tuple[Verdict, Onlooker]:
    """Does every frame decode, and what do other eyes see? There is nothing to compare with."""
    source = doors.open_source(made, _TRUSTED)
    time = None if document is None else PlanTime(document, source.clock)
    schedule = None if document is None else schedule_of(document)[0]
    eyes = Onlooker(check, made.kind, source.clock if time is None else time.clock, schedule)
    count = 0
    for frame in watch.frames(prefetch(source.frames()), source, "verify"):
        eyes.see(frame, frame.span if time is None else time.span(frame.span))
        count += 1
    found = tuple(_miscounted(count, document))
    left = (NotMade("eyes", DRAWN),) if drawn_on(document) and check.faces else ()
    return Verdict(found, ("decodes",), left), eyes


def _miscounted(count: int, document: Document | None) -> Iterator[Found]:
    if not count:
        yield Found("time.count", "there are no frames")
    elif document is not None and count != document.media.frames:
        planned = document.media.frames
        yield Found("time.count", f"{count} frames were decoded, and the plan is for {planned}")


def _against(
    card: Card,
    made: Card,
    schedule: Schedule | None,
    check: Check,
    settings: Settings,
    progress: Progress | None,
) -> tuple[Verdict, Onlooker]:
    ours, theirs = doors.open_source(card, settings), doors.open_source(made, _TRUSTED)
    watch = Watch(progress, card.length)
    eyes = Onlooker(check, card.kind, ours.clock, schedule)
    verdict = examine(
        watch.frames(prefetch(ours.frames()), ours, "verify"),
        prefetch(theirs.frames()),
        schedule or _Unknown(),
        ours.clock if card.kind == "photo" else from_zero(ours),
        theirs.clock,
        tolerance(ours.clock, theirs.clock),
        eyes.see,
        # Reducing the camera's pattern bends pictures, and what was drawn on them.
        doors.drawn_by(settings.drawing if settings.camera_noise == "keep" else None),
    )
    return (verdict if schedule is not None else _without_pixels(verdict)), eyes


@dataclass(frozen=True, slots=True)
class _Attackers:
    """Who tries to tell whose the faces and the voices are."""

    faces: Embedder | None
    voices: VoiceEmbedder | None

    def tried(
        self,
        card: Card,
        made: Card,
        schedule: Schedule | None,
        settings: Settings,
        progress: Progress | None,
    ) -> tuple[Verdict, Attacked | None, Voiced | None]:
        verdict, attacked, voiced = Verdict((), ()), None, None
        if self.faces is not None and schedule is not None:
            verdict, attacked = _attacked(card, made, schedule, self.faces, settings, progress)
        if self.voices is not None:
            heard, voiced = attack_on_voices(card, made, self.voices, settings, _TRUSTED, progress)
            verdict = verdict.joined(heard)
        return verdict, attacked, voiced


def _attacked(
    card: Card,
    made: Card,
    schedule: Schedule,
    embedder: Embedder,
    settings: Settings,
    progress: Progress | None,
) -> tuple[Verdict, Attacked]:
    ours, theirs = doors.open_source(card, settings), doors.open_source(made, _TRUSTED)
    pairs = in_step(
        Watch(progress, card.length).frames(prefetch(ours.frames()), ours, "attack"),
        prefetch(theirs.frames()),
        ours.clock if card.kind == "photo" else from_zero(ours),
        theirs.clock,
        tolerance(ours.clock, theirs.clock),
    )
    return attack_output(pairs, schedule, embedder)


def tolerance(ours: Clock, theirs: Clock) -> Fraction:
    """How far a time may move in seconds: not at all, unless their clock can't say it exactly.

    Two frames of one moment in a coarse clock are told apart by a tick, hence a whole one.
    """
    exact = (ours.tick / theirs.tick).denominator == 1
    return Fraction(0) if exact else theirs.tick


@dataclass(frozen=True, slots=True)
class _Later(Clock):
    """A clock whose moments all lie `by` seconds later."""

    by: Fraction = Fraction(0)

    def seconds(self, at: Ticks) -> Fraction:
        return at * self.tick + self.by


def from_zero(source: Source) -> Clock:
    """No container holds time before zero, so a film that starts there is shown that much later."""
    frames = source.frames()
    with ending(frames):
        first = next(frames, None)
    start = Fraction(0) if first is None else source.clock.seconds(first.span.start)
    return _Later(source.clock.tick, max(Fraction(0), -start))


class _Unknown:
    """The schedule of a film for which there is no plan."""

    final_until = FOREVER

    def regions(self, span: Span) -> tuple[Region, ...]:
        return ()


def _without_pixels(verdict: Verdict) -> Verdict:
    """Without a plan what was covered looks like a fault, so only times and sizes can be judged."""
    why = "no plan says what was to be hidden"
    unknown = [name for name in verdict.made if name in ("pixels.left", "pixels.outside")]
    return Verdict(
        tuple(f for f in verdict.findings if f.check not in unknown),
        tuple(name for name in verdict.made if name not in unknown),
        tuple(NotMade(name, why) for name in unknown),
    )
