"""The report as a folder: a page for people, with pictures of the finished file, and its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..core.errors import MediaError, OutputError
from ..core.geometry import Box
from ..core.time import Ticks
from ..core.track import Track, Why
from ..engine.ending import ending
from ..media import Card, probe
from ..verify.report import (
    FoundRow,
    Lane,
    Numbered,
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
from .moments import Footage
from .output import answered, check_free, write_text
from .report import DetectorUse, MadeFile, Moment, Report
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
    wanted = [
        Wanted(footage.in_output(Ticks(m.at)), None if m.box is None else Box(*m.box))
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
        said=tuple(_said(report, footage)),
        findings=tuple(_rows(report, footage)),
        moments=tuple(
            _pictured(moment, footage, ours, their)
            for moment, ours, their in zip(listed, taken, theirs, strict=True)
        ),
        more=len(report.moments) - len(listed),
        lanes=tuple(_lanes(footage, usual)),
        length=footage.length,
        usual=usual,
        numbers=tuple(_numbers(report, footage)),
        sections=(
            Section(
                "What was not checked",
                (*checked.not_checked, *(f"not looked for: {w}" for w in report.not_looked_for)),
                "Everything that Passerby can check was checked.",
            ),
            Section("What was checked", tuple(map(_in_words, checked.checks)), "Nothing."),
            Section("What should be known", (*report.notes, *((lost,) if lost else ()))),
            Section("What did not come along from the original", report.dropped),
        ),
        fine_print=tuple(_fine_print(report)),
        originals=original is not None,
        no_timeline="" if footage.film.still else "There is no plan, so no tracks are known.",
    )


def _shots(card: Card, wanted: Sequence[Wanted], settings: Settings) -> list[Shot | None]:
    source = doors.open_source(card, settings)
    if not wanted:
        return []
    frames = source.frames()
    with ending(frames):
        return shots(frames, source.clock, wanted)


def _said(report: Report, footage: Footage) -> Iterator[str]:
    """What belongs to the verdict."""
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
    for number, (span, region) in enumerate(footage.bound.hides, 1):
        start, end = max(span.start, film.span.start), min(span.end, film.span.end)
        if start < end:
            length = footage.length
            since, until = footage.since(start), footage.since(end)
            run = Run(float(since / length), float(until / length), Why.EDITED)
            yield Lane(number, f"edit, {region.kind}", since, until, 1.0, 1.0, (run,))


def _numbers(report: Report, footage: Footage) -> Iterator[Numbered]:
    counts, size = report.counts, footage.film.size
    yield Numbered("Picture", f"{size.width} × {size.height} pixels")
    if footage.length:
        yield Numbered("Length", f"{float(footage.length):.3f} s")
    if counts.frames:
        yield Numbered("Frames", f"{counts.frames}")
        yield Numbered("Frames with something hidden", f"{counts.frames_hidden_in}")
        yield Numbered("Places hidden", f"{counts.regions}")
        yield Numbered("Share of all pixels hidden", f"{counts.covered:.2%}")
    whys = _whys(footage.tracks())
    if whys:
        yield Numbered("Tracks", f"{len(report.tracks)}")
        whole = sum(whys.values())
        for why, name in (
            (Why.SEEN, "Seen by a detector"),
            (Why.FILLED, "Carried between sightings"),
            (Why.REACH, "Carried beyond sightings"),
            (Why.EDITED, "Put there by a person"),
        ):
            if whys.get(why):
                count = whys[why]
                yield Numbered(name, f"{count} of {whole} places ({count / whole:.0%})")
    for use in report.detectors:
        if use.smallest:
            yield Numbered(f"Smallest {use.kind} searched for", f"{use.smallest:g} pixels")
    if report.other_eyes is not None:
        eyes = report.other_eyes
        yield Numbered("The same by other eyes", f"{eyes.detector.smallest:g} pixels")
        yield Numbered("Faces that only they saw, and were added", f"{eyes.added}")
    yield Numbered("Findings", f"{len(report.findings)}")
    yield Numbered("Places to look at", f"{len(report.moments)}")


def _whys(tracks: Iterable[Track]) -> dict[Why, int]:
    counts: dict[Why, int] = {}
    for track in tracks:
        for key in track.keys:
            counts[key.why] = counts.get(key.why, 0) + 1
    return counts


def _fine_print(report: Report) -> Iterator[Numbered]:
    if report.output is not None:
        yield from _made(report.output)
    for use in report.detectors:
        yield from _used(use, "Detector")
    if report.other_eyes is not None:
        yield from _used(report.other_eyes.detector, "Other eyes")
    yield Numbered("Signed manifest (C2PA)", report.provenance.manifest)
    for name, value in report.settings.items():
        told = ", ".join(map(str, value)) if isinstance(value, list) else value
        if told is not None:
            yield Numbered(f"Setting {name}", f"{told}")
    for phase, seconds in report.timings.items():
        yield Numbered(f"Time to {phase}", f"{seconds:.1f} s")
    for name, version in report.versions.items():
        yield Numbered(name, version)


def _made(made: MadeFile) -> Iterator[Numbered]:
    yield Numbered("SHA-256 of the finished file", made.sha256)
    yield Numbered("Its size", f"{made.bytes} bytes, {made.container}")


def _used(use: DetectorUse, what: str) -> Iterator[Numbered]:
    yield Numbered(f"{what} for {use.kind}s", f"{use.name}, {use.runtime}, {use.licence}")
    yield Numbered("Its weights, SHA-256", use.sha256)


_CHECKS: Final = {
    "container": "nothing but picture and sound is in the file",
    "decodes": "every frame can be shown",
    "time": "each frame of the original is there, at its time, and no other",
    "eyes": "a detector of another family finds no face in the finished file",
    "attack": "a program that recognises faces can't match hidden ones with their originals",
    "pixels.size": "the picture has the original's size",
    "pixels.left": "nothing of the original is left where something is hidden",
    "pixels.outside": "the picture is the original's everywhere else",
}


def _in_words(check: str) -> str:
    said = _CHECKS.get(check)
    return f"{check}: {said}" if said else check


def _place(box: tuple[float, float, float, float] | None) -> str:
    if box is None:
        return ""
    x0, y0, x1, y1 = (round(corner) for corner in box)
    return f"x {x0} to {x1}, y {y0} to {y1}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
