"""Redact and scan: from what was asked to what was done, for videos and photos alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ..core.errors import Truncated
from ..core.ports import Detector, Progress, Redactor, Sink, Source
from ..core.schedule import Style
from ..core.time import Ticks
from ..media import Card, sha256
from ..plan import (
    Document,
    Edit,
    FollowingPlanner,
    active,
    check_binding,
    check_frames,
    edited,
    muted,
    schedule_of,
    text_of,
)
from ..plan import load as load_plan
from . import account, doors, provenance, repair, sounds, wishes
from .account import Decision, Result
from .apart import told_apart
from .doors import Target
from .file import Watch, followed, followed_and_rendered, rendered, waits_in_memory
from .finders import Finder, photo_finder, video_finder
from .moments import decided, ranking, with_moments
from .onlooking import Check, families, hides_faces
from .output import check_free, dated_like, write_text
from .page import NAMES, check_folder, write_folder
from .quieted import Quieted, Widened
from .report import DetectorUse, NotHandedOver, Report
from .retelling import Script, script_of, sound_noted
from .settings import Settings, check_style
from .sought import check_sought
from .stopwatch import Stopwatch
from .tally import Tally
from .verify import look_again


def redact(
    input: Path,
    output: Path,
    settings: Settings,
    *,
    plan: Path | Document | None = None,
    save_plan: Path | None = None,
    transcript: Path | None = None,
    report_to: Path | None = None,
    proofs: provenance.Proofs | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Hide people in `input`; `output` appears only when it is whole and, if asked, verified.

    `plan`: hide what this plan says instead of looking. `save_plan`: write down what was hidden.
    `transcript`: what a synthetic voice says, where the settings have the voice retold.
    `report_to`: a folder for the report as a page, which is written whatever verification found.
    `proofs`: sign the output, seal the original beside it, or both.
    Raises a `PasserbyError`; `NotHandedOver` (with the report) when verification found something.
    """
    watch = Stopwatch()
    read = plan if isinstance(plan, Path) else None
    papers = sounds.Papers(read, save_plan, report_to, transcript)
    inputs = [path for path in (input, read, transcript) if path is not None]
    _check_free(output, proofs, papers, inputs, force=force)
    with watch.phase("probe"):
        card = doors.look_at(input, settings)
        script = script_of(card, settings, transcript)
    if card.kind == "sound":
        sounds.no_plan(card, plan)
        return sounds.redact(
            card,
            output,
            settings,
            script,
            papers=papers,
            proofs=proofs,
            force=force,
            progress=progress,
        )
    with watch.phase("probe"):
        target = doors.target_of(card, output)
        doors.check_encoding(card, target, settings)
        document = None if plan is None else plan_for(card, plan, settings)
        _check_style(settings, document)
    job = _Job(card, target, settings, Watch(progress, card.length), script)
    with provenance.together(
        output, target.name, proofs, input, inputs=inputs, force=force
    ) as place:
        partial = place.partial
        with watch.phase("redact"):
            if document is None:
                decision, tally, result = _found_and_hidden(job, partial)
            else:
                decision, tally, result = _hidden_as_planned(job, partial, document)
        told: dict[str, object] = {}
        if settings.verify:
            done = _Done(decision, tally, result, document)
            (decision, tally, result, document), told = _verified(job, partial, done, watch)
        report = account.report_of("redact", card, settings, decision, tally, result, document)
        made = account.made_file(partial, output, target.name)
        report = report.model_copy(update={**told, "output": made, "timings": watch.seconds})
        report = repair.noted(report)
        if proofs is not None:
            with watch.phase("prove"):
                policy = decision.timeline.policy
                report = provenance.proven(report, place, input, settings, policy)
            report = report.model_copy(update={"timings": watch.seconds})
        footage = decided(card, decision)
        risky = ranking(report, footage)
        report = with_moments(report, risky, footage)
        if report_to is not None:
            write_folder(report_to, report, footage, risky.usual, partial, force=force)
        if report.findings:
            raise NotHandedOver(report, path=output)
        if save_plan is not None:
            saved = document or account.document_of(card, settings, decision)
            saved = sound_noted(settings, script, saved)
            write_text(save_plan, text_of(saved), inputs=[*inputs, output], force=force)
        if settings.keep_mtime:
            dated_like(partial, input)
    return report


def _check_free(
    output: Path,
    proofs: provenance.Proofs | None,
    papers: sounds.Papers,
    inputs: Sequence[Path],
    *,
    force: bool,
) -> None:
    """`OutputError` where something can't be written, before the work begins; `UsageError` where
    two things would be written to one file."""
    check_free(output, inputs=inputs, force=force)
    if papers.save_plan is not None:
        check_free(papers.save_plan, inputs=[*inputs, output], force=force)
    if papers.report_to is not None:
        check_folder(papers.report_to, inputs=[*inputs, output], force=force)
    sealed = provenance.sealed_name(output) if proofs and proofs.recipients else None
    pages = [] if papers.report_to is None else [papers.report_to / name for name in NAMES]
    told_apart(
        [
            ("the output", output),
            ("the sealed original", sealed),
            ("the saved plan", papers.save_plan),
            *(("the report", page) for page in (papers.report_to, *pages)),
        ]
    )


def scan(
    input: Path,
    settings: Settings,
    *,
    output: Path,
    force: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Find and follow only: `output` is the plan; no picture is written."""
    check_free(output, inputs=[input], force=force)
    plan, report = found(input, settings, progress=progress)
    write_text(output, text_of(plan), inputs=[input], force=force)
    return report


def found(
    input: Path,
    settings: Settings,
    *,
    detectors: Sequence[Detector] | None = None,
    progress: Progress | None = None,
) -> tuple[Document, Report]:
    """What a scan finds, and its report; nothing is written. `detectors`: of a film, opened for
    the same settings before."""
    watch = Stopwatch()
    check_style(settings.style, settings.kinds)
    with watch.phase("probe"):
        card = doors.look_at(input, settings)
        sounds.no_scan(card)
        edits = _wished(card, settings)
    with watch.phase("find"):
        finder = _finder(card, settings, detectors)
        source = doors.open_source(card, settings)
        planner = FollowingPlanner(finder.followers, account.policy_of(settings), edits)
        followed(source, planner, Watch(progress, card.length))
    decision = _decided(card, planner, finder, edits)
    _check_reached(card, edits, decision)
    plan = account.document_of(card, settings, decision)
    report = account.report_of("scan", card, settings, decision, Tally(), _result(source))
    return plan, report.model_copy(update={"timings": watch.seconds})


def plan_for(card: Card, plan: Path | Document, settings: Settings) -> Document:
    """The plan, or the one in a file, if it is for this footage; its style, unless asked otherwise.

    Zones and times that are asked for now are added to its edits.
    """
    document = plan if isinstance(plan, Document) else load_plan(plan)
    check_binding(document, sha256(card.path), account.layout(card))
    check_sought(document, settings, None if isinstance(plan, Document) else plan)
    known = [edit for _, edit in active(document.edits)]  # asked for anew counts, though revoked
    more = tuple(edit for edit in _wished(card, settings) if edit not in known)
    first, end = Ticks(document.media.first), Ticks(document.media.end)
    wishes.check_reached(more, card.clock, first, end)
    document = document.model_copy(update={"edits": (*document.edits, *more)})
    if "style" not in settings.model_fields_set:
        return document
    policy = document.policy.model_copy(update={"style": settings.style})
    return document.model_copy(update={"policy": policy})


def _check_style(settings: Settings, document: Document | None) -> None:
    """Whether what is to be hidden, newly or as planned, can be hidden in the style asked for."""
    if document is None:
        check_style(settings.style, settings.kinds)
    else:
        kinds = {track.kind for track in document.tracks}
        check_style(document.policy.style, kinds.union(d.kind for d in document.detectors))


@dataclass(frozen=True, slots=True)
class _Job:
    """What comes in, what is to go out, and how. `watch` is told how far it is. `script`: what is
    said in it instead of what was."""

    card: Card
    target: Target
    settings: Settings
    watch: Watch
    script: Script | None = None


class _Done(NamedTuple):
    """What was hidden, and how it went; `document`: the plan, if one was written down so far."""

    decision: Decision
    tally: Tally
    result: Result
    document: Document | None


def _verified(
    job: _Job, partial: Path, done: _Done, watch: Stopwatch
) -> tuple[_Done, dict[str, object]]:
    """Look at the file in `partial`; hide what only other eyes see, and look again. And the parts
    of the report that tell of it."""
    card, settings = job.card, job.settings
    check = Check(
        settings.device,
        settings.preset,
        families(done.decision.used),
        hides_faces(use.kind for use in done.decision.used),
    )
    added = 0
    for round_ in range(repair.ROUNDS + 1):
        with watch.phase("verify"):
            schedule = done.decision.schedule
            looked = look_again(
                card, partial, schedule, check, settings, job.watch.tell, done.document
            )
        if not looked.mendable or round_ == repair.ROUNDS:
            break
        added += len(looked.episodes)
        with watch.phase("repair"):
            plan = done.document or account.document_of(card, settings, done.decision)
            plan = repair.mended(plan, looked.episodes, card.clock, round_)
            decision, tally, result = _hidden_as_planned(job, partial, plan)
            decision = replace(decision, used=done.decision.used)
            done = _Done(decision, tally, result, plan)
    seen = looked.other_eyes
    eyes = None if seen is None else seen.model_copy(update={"added": added})
    return done, {"verification": looked.verification, "other_eyes": eyes}


def _result(source: Source, sink: doors.AnySink | None = None) -> Result:
    """What is to be said of a source that was read and a sink that was written, to their ends."""
    differs = [] if sink is None else list(doors.notes_of(sink))
    return Result(doors.damage_of(source), (*doors.repairs_of(source), *differs))


def _painter(job: _Job, style: Style) -> Redactor:
    """Who hides in `style`, as far around as what comes after it needs."""
    settings = job.settings
    paint = doors.painter(job.card, job.target, style, settings.device, settings.drawing)
    return Widened(paint) if job.settings.camera_noise == "reduce" else paint


def _through(sink: Sink, settings: Settings) -> Sink:
    """What painted frames go through on their way to the file."""
    return Quieted(sink) if settings.camera_noise == "reduce" else sink


def _found_and_hidden(job: _Job, partial: Path) -> tuple[Decision, Tally, Result]:
    """In one decode if the frames that wait for a decision fit in memory, else in two."""
    card, settings, watch = job.card, job.settings, job.watch
    edits = _wished(card, settings)
    finder, source = _finder(card, settings), doors.open_source(card, settings)
    planner = FollowingPlanner(finder.followers, account.policy_of(settings), edits)
    alone = card.kind == "photo" and card.frames == 1
    size = doors.frame_bytes(card)
    once = alone or waits_in_memory(size, doors.frames_a_second(card), finder.horizon)
    once = once and not settings.keep_zone  # whoever is kept must be known from first to last
    if not once:
        followed(source, planner, watch)
        decision = _decided(card, planner, finder, edits)
        del planner, finder  # with them goes the memory of the models: the encoder needs it
    sink = doors.open_sink(card, partial, job.target, settings, job.script)
    paint = _painter(job, settings.style)
    if once:
        sink_through = _through(sink, settings)
        tally = followed_and_rendered(source, planner, paint, sink_through, watch, size)
        decision = _decided(card, planner, finder, edits)
    else:
        tally = rendered(source, decision.schedule, paint, _through(sink, settings), watch)
        _same_frames(decision.frames, tally.frames, card)
    _check_reached(card, edits, decision)
    return decision, tally, _result(source, sink)


def _hidden_as_planned(
    job: _Job, partial: Path, document: Document
) -> tuple[Decision, Tally, Result]:
    schedule, timeline, bound = schedule_of(document)
    source = doors.open_source(job.card, job.settings)
    silent = muted(document.edits)
    sink = doors.open_sink(job.card, partial, job.target, job.settings, job.script, silent=silent)
    paint = _painter(job, document.policy.style)
    quiet = _through(sink, job.settings)
    tally = rendered(source, schedule, paint, quiet, job.watch)
    check_frames(document, tally.frames)
    used = tuple(DetectorUse(**d.model_dump()) for d in document.detectors)
    first, end = Ticks(document.media.first), Ticks(document.media.end)
    decision = Decision(timeline, schedule, bound, tally.frames, first, end, used, document.edits)
    return decision, tally, _result(source, sink)


def _same_frames(seen: int, written: int, card: Card) -> None:
    if seen != written:
        raise Truncated(
            f"gave {seen} frames when it was looked at and {written} when it was painted",
            path=card.path,
            hint="does something else write to it?",
        )


def _finder(card: Card, settings: Settings, detectors: Sequence[Detector] | None = None) -> Finder:
    if card.kind == "photo":
        return photo_finder(settings, card.size)
    if detectors is None:
        return video_finder(settings, card.clock, card.size)
    return video_finder(settings, card.clock, card.size, detectors=detectors)


def _wished(card: Card, settings: Settings) -> tuple[Edit, ...]:
    """Zones and times of the settings, as edits of this file's plan."""
    zones = (*settings.zone, *settings.keep_zone)
    known = wishes.timed(zones, settings.time) and card.kind == "video"
    footing = wishes.Footing(
        card.size,
        card.clock,
        doors.first_tick(card, settings) if known else Ticks(0),
        card.length,
        card.kind == "photo",
    )
    return wishes.edits_of(settings.zone, settings.time, settings.keep_zone, footing)


def _check_reached(card: Card, edits: Sequence[Edit], decision: Decision) -> None:
    wishes.check_reached(edits, card.clock, decision.first, decision.end)


def _decided(
    card: Card, planner: FollowingPlanner, finder: Finder, edits: tuple[Edit, ...]
) -> Decision:
    """What became of a film that was followed to its end."""
    schedule, bound = edited(planner.timeline, edits, card.size, still=card.kind == "photo")
    return Decision(
        planner.timeline,
        schedule,
        bound,
        planner.frames,
        planner.first,
        planner.end,
        finder.used(),
        edits,
    )
