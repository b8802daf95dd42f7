"""The report as a folder: a page for people, with pictures of the finished file, and its JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..core.errors import MediaError, OutputError
from ..core.geometry import Box
from ..core.time import Span, Ticks
from ..core.track import Why
from ..engine.ending import ending
from ..media import Card, probe
from ..verify.report import (
    FoundRow,
    Lane,
    Page,
    Pictured,
    Run,
    Section,
    Shot,
    Wanted,
    lane,
    page,
    shots,
)
from . import doors
from .figures import fine_print, in_words, numbers
from .moments import Footage
from .output import answered, check_free, write_text
from .report import Moment, Report
from .settings import Settings

NAMES: Final = ("report.html", "report.json")
MOST: Final = 24  # moments with pictures
ROWS: Final = 100  # findings


@dataclass(frozen=True, slots=True)
class Original:
    """What the finished file was made from, to be shown beside it because somebody asked for it."""

    card: Card
    settings: Settings


def check_folder(folder: Path, *, inputs: Sequence[Path] = (), force: bool = False) -> None:
    """Before the work begins: `OutputError` when no report can be written into `folder`."""
    if folder.exists() and not folder.is_dir():
        raise OutputError("the report's folder is a file", path=folder, hint="name a folder")
    if folder.is_dir():
        for name in NAMES:
            check_free(folder / name, inputs=inputs, force=force)
    elif not folder.parent.is_dir():
        raise OutputError(
            "the folder for the report's folder does not exist", path=folder, hint="create it first"
        )


def write_folder(
    folder: Path,
    report: Report,
    footage: Footage,
    usual: Fraction,
    finished: Path,
    *,
    original: Original | None = None,
    force: bool = False,
) -> None:
    """Write ``report.html`` and ``report.json`` into `folder`, which is made if it is missing.

    `finished`: the file that the report is about, whose frames are shown. `usual`: seconds between
    two sightings up to which a face counts as seen. The file's name stays out of both.
    """
    report = nameless(report)
    with answered(folder):
        folder.mkdir(exist_ok=True)
    text = page(content(report, footage, usual, finished, original))
    write_text(folder / NAMES[0], text, force=force)
    write_text(folder / NAMES[1], report.text(), force=force)


def nameless(report: Report) -> Report:
    """Without the file's name, which may tell what the picture no longer does."""
    made = report.output
    if made is None:
        return report
    return report.model_copy(update={"output": made.model_copy(update={"name": ""})})


def content(
    report: Report,
    footage: Footage,
    usual: Fraction,
    finished: Path,
    original: Original | None = None,
) -> Page:
    """What the page says."""
    listed = report.moments[:MOST]
    covers = _covers(report, footage, shown=original is not None)
    wanted = [
        Wanted(
            footage.in_output(Ticks(m.at)),
            None if m.box is None else Box(*m.box),
            covers(Ticks(m.at)),
        )
        for m in listed
    ]
    lost = ""
    try:
        taken = _shots(probe(finished), wanted, Settings(limit=1000))
    except MediaError:
        taken = [None] * len(wanted)
        lost = "the finished file can't be read, so there are no pictures of it"
    theirs: list[Shot | None] = [None] * len(wanted)
    if original is not None:
        before = [
            Wanted(footage.film.clock.seconds(Ticks(m.at)), w.box)
            for m, w in zip(listed, wanted, strict=True)
        ]
        theirs = _shots(original.card, before, original.settings)
    checked = report.verification
    return Page(
        words=checked.words,
        said=tuple(_said(report, footage, covered=original is None)),
        findings=tuple(_rows(report, footage)),
        moments=tuple(
            _pictured(moment, footage, ours, their)
            for moment, ours, their in zip(listed, taken, theirs, strict=True)
        ),
        more=len(report.moments) - len(listed),
        lanes=tuple(_lanes(footage, usual)),
        length=footage.length,
        usual=usual,
        numbers=tuple(numbers(report, footage)),
        sections=(
            Section(
                "What was not checked",
                (*checked.not_checked, *(f"not looked for: {w}" for w in report.not_looked_for)),
                "Everything that Passerby can check was checked.",
            ),
            Section("What was checked", tuple(map(in_words, checked.checks)), "Nothing."),
            Section("What should be known", (*report.notes, *((lost,) if lost else ()))),
            Section("What did not come along from the original", report.dropped),
        ),
        fine_print=tuple(fine_print(report)),
        originals=original is not None,
        no_timeline="" if footage.film.still else "There is no plan, so no tracks are known.",
    )


def _covers(report: Report, footage: Footage, *, shown: bool) -> Callable[[Ticks], tuple[Box, ...]]:
    """What pictures of a file must not show in which something was found: there the file itself
    may hold the original. All that was to be hidden, and all that was found, half a second around.
    Nothing if the original is `shown` anyway.
    """
    film = footage.film
    near = 0 if film.still else film.clock.ticks(Fraction(1, 2))
    found = [(f.at, Box(*f.box)) for f in report.findings if f.at is not None and f.box]

    def covers(at: Ticks) -> tuple[Box, ...]:
        if shown or not report.findings:
            return ()
        planned = () if film.schedule is None else film.schedule.regions(Span(at, Ticks(at + 1)))
        seen = [box for when, box in found if abs(when - at) <= near]
        grown = [box.grown(box.width / 4, box.height / 4) for box in seen]
        return (*(region.box for region in planned), *grown)

    return covers


def _shots(card: Card, wanted: Sequence[Wanted], settings: Settings) -> list[Shot | None]:
    source = doors.open_source(card, settings)
    if not wanted:
        return []
    frames = source.frames()
    with ending(frames):
        return shots(frames, source.clock, wanted)


def _said(report: Report, footage: Footage, *, covered: bool) -> Iterator[str]:
    """What belongs to the verdict."""
    if report.findings and covered:
        yield (
            "In the pictures on this page grey covers what was found and what was to be hidden, "
            "because the file may show it. Look there in the file itself."
        )
    if report.job == "redact" and report.findings:
        yield "It was not handed over: no output was written."
    found = max((use.smallest for use in report.detectors), default=0.0)
    checked = 0.0 if report.other_eyes is None else report.other_eyes.detector.smallest
    least = [
        *([f"{found:g} pixels in the original"] if found else []),
        *([f"{checked:g} pixels in this finished file, with other eyes"] if checked else []),
    ]
    if least:
        yield (
            f"The smallest face that was searched for is {', and '.join(least)}. "
            "Smaller ones may show."
        )
    else:
        yield "How small a face was searched for is not known: there is no plan."
    if report.other_eyes is not None and report.other_eyes.added:
        faces = _many(report.other_eyes.added, "face")
        yield f"Other eyes found {faces} that had been missed; the plan was mended, and all redone."
    if footage.bound.keeps:
        count = len({track for track, _ in footage.bound.keeps})
        yield f"Left bare on purpose, by edits of the plan: {_many(count, 'track')}."


def _rows(report: Report, footage: Footage) -> Iterator[FoundRow]:
    for finding in report.findings[:ROWS]:
        at = finding.at
        timed = at is not None and not footage.film.still
        yield FoundRow(
            finding.what,
            finding.check,
            footage.since(Ticks(at)) if timed and at is not None else None,
            _place(finding.box),
            "" if finding.score is None else f"{finding.score:.2f}",
        )
    if len(report.findings) > ROWS:
        yield FoundRow(f"and {len(report.findings) - ROWS} more, in report.json", "")


def _pictured(
    moment: Moment, footage: Footage, shot: Shot | None, original: Shot | None
) -> Pictured:
    still = footage.film.still
    return Pictured(
        when=moment.when,
        seconds=None if still else footage.since(Ticks(moment.at)),
        reasons=moment.reasons,
        found=moment.found,
        track=moment.track,
        place=_place(moment.box),
        shot=shot,
        original=original,
    )


def _lanes(footage: Footage, usual: Fraction) -> Iterator[Lane]:
    film = footage.film
    if film.span is None or film.still:
        return
    for track in footage.tracks():
        yield lane(track, film.span, film.clock, usual)
    for number, (span, region) in enumerate(footage.bound.added(), 1):
        start, end = max(span.start, film.span.start), min(span.end, film.span.end)
        if start < end:
            length = footage.length
            since, until = footage.since(start), footage.since(end)
            run = Run(float(since / length), float(until / length), Why.EDITED)
            yield Lane(number, f"edit, {region.kind}", since, until, 1.0, 1.0, (run,))


def _place(box: tuple[float, float, float, float] | None) -> str:
    if box is None:
        return ""
    x0, y0, x1, y1 = (round(corner) for corner in box)
    return f"x {x0} to {x1}, y {y0} to {y1}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
