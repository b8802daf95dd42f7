"""The figures and the fine print of a report's page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ..core.track import Track, Why
from ..verify.report import Numbered
from .moments import Footage
from .report import DetectorUse, MadeFile, Report

_CHECKS: Final = {
    "container": "nothing but picture and sound is in the file",
    "decodes": "every frame can be shown",
    "time": "each frame of the original is there, at its time, and no other",
    "eyes": "a detector of another family finds no face in the finished file",
    "hiding": "no mosaic is too fine, no blurred face still seen, no cover missing for a moment",
    "sound.muted": "nothing is heard at the times that the plan mutes",
    "attack": "a program that recognises faces can't match hidden ones with their originals",
    "attack.voice": "a program that compares voices can't match any with the original's",
    "pixels.size": "the picture has the original's size",
    "pixels.left": "nothing of the original is left where something is hidden",
    "pixels.outside": "the picture is the original's everywhere else",
}


def numbers(report: Report, footage: Footage) -> Iterator[Numbered]:
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
            (Why.UNSURE, "The whole picture, where nobody could tell"),
            (Why.HEAD, "Heads of people whose face nobody saw"),
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


def fine_print(report: Report) -> Iterator[Numbered]:
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


def in_words(check: str) -> str:
    said = _CHECKS.get(check)
    return f"{check}: {said}" if said else check
