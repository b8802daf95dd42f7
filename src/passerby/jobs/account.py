"""From what was done to the report and the plan that say so."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal

from .. import __version__
from ..core.schedule import Schedule, Style
from ..core.time import Clock, Ticks
from ..core.track import Track
from ..media import Card, sha256
from ..plan import Bound, DetectorUsed, Document, Edit, MadeBy, Media, Policy, Timeline, rows_of
from ..redact.disguise import LABEL
from .report import Counts, DetectorUse, FoundMedia, MadeFile, Report, TrackSpan
from .settings import Settings
from .sought import by_plan, not_sought
from .tally import Tally

AUDIO_DROPPED: Final = "audio dropped: voices identify people; --voice keep keeps it"
AUDIO_KEPT: Final = "audio kept: voices identify people"
HUM_OUT: Final = (
    "audio without what could be the mains' hum, up to 2 kHz: by it a recording can be dated"
)
FIGURES: Final = (
    "figures keep the pose and, roughly, the shape of people: who knows somebody's gait may know it"
)
SPEECH_MUTED: Final = (
    "audio kept but for speech: a voice that sings, laughs or cries, and one far below other "
    "sound, may still be heard"
)
RETOLD: Final = (
    "a synthetic voice speaks a transcript: who speaks may be known by the words, and by when "
    "they fall; lips can be read"
)
DISGUISED: Final = f"voices disguised: {LABEL}; the words, and what lips say, are as they were"
NOISE_REDUCED: Final = (
    "camera noise reduced: harder to link to its camera, not impossible; "
    "the picture is bent by up to two pixels"
)
UNSURE: Final = {  # kinds of tracks that cover the whole picture -> why, for people
    "frame-dark": "too dark",
    "frame-bright": "too bright",
    "frame-fast": "moving too fast",
    "frame-lost": "somebody was lost",
    "frame-crowd": "too many people",
}
PACKAGES: Final = (
    "av",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "openvino",
    "pillow",
    "pydantic",
    "pyworld-prebuilt",
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided to be hidden in a film or photo, and from how many frames.

    `first`, `end`: ticks between which the frames lay. `used`: the detectors that looked. `edits`:
    what people decided besides.
    """

    timeline: Timeline
    schedule: Schedule
    bound: Bound
    frames: int
    first: Ticks
    end: Ticks
    used: tuple[DetectorUse, ...]
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the file itself. `damaged`: how and where the input is; `differs`: how the
    output differs from it, apart from what was hidden."""

    damaged: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()


def policy_of(settings: Settings) -> Policy:
    """The margins of the house, in the style that was asked for."""
    return Policy(style=settings.style)


def layout(card: Card) -> tuple[str, ...]:
    """Kind and codec of each stream, in file order: what a plan is bound to besides the hash."""
    return tuple(str(stream) for stream in card.streams)


def media_of(card: Card, frames: int, first: int, end: int) -> Media:
    """What a plan is bound to. `first`, `end`: ticks between which the frames lie."""
    return Media(
        sha256=sha256(card.path),
        kind="photo" if card.kind == "photo" else "video",
        container=card.container,
        size=(card.size.width, card.size.height),
        orientation=int(card.orientation),
        time_base=f"{card.clock.tick.numerator}/{card.clock.tick.denominator}",
        frames=frames,
        first=first,
        end=end,
        streams=layout(card),
    )


def document_of(card: Card, settings: Settings, decision: Decision) -> Document:
    """The plan of what was decided."""
    return Document(
        passerby="plan/1",
        media=media_of(card, decision.frames, decision.first, decision.end),
        made_by=MadeBy(version=__version__),
        settings=settings.plain(),
        policy=decision.timeline.policy,
        detectors=tuple(DetectorUsed(**use.model_dump(exclude={"looks"})) for use in decision.used),
        tracks=rows_of(decision.timeline.tracks()),
        edits=decision.edits,
    )


def report_of(
    job: Literal["redact", "scan"],
    card: Card,
    settings: Settings,
    decision: Decision,
    tally: Tally,
    result: Result,
    plan: Document | None = None,
) -> Report:
    """The account of one job, without paths, names or content of the original. `plan`: the one
    that said what to hide; then nobody looked for what its maker had not looked for."""
    spans = tuple(_span(track, decision.first, card.clock) for track in decision.timeline.tracks())
    return Report(
        job=job,
        versions=versions(),
        settings=by_plan(settings, plan),
        input=found_media(card, decision.frames, Ticks(decision.end - decision.first)),
        detectors=decision.used,
        counts=Counts(
            frames=decision.frames,
            frames_hidden_in=tally.frames_hidden_in,
            tracks=len(spans),
            tracks_hidden=tally.tracks,
            keys=decision.timeline.keys,
            regions=tally.regions,
            covered=round(tally.covered, 5),
        ),
        tracks=spans,
        dropped=tuple(card.carries),
        not_looked_for=tuple(_unsought(settings, decision, plan)),
        damaged=result.damaged,
        notes=(
            *(f"the input is damaged: {how}" for how in result.damaged),
            *_notes(card, settings, decision),
            *((NOISE_REDUCED,) if job == "redact" and settings.camera_noise == "reduce" else ()),
            *result.differs,
        ),
    )


def found_media(card: Card, frames: int, lasted: Ticks) -> FoundMedia:
    """What came in, without anything that leads back to it."""
    return FoundMedia(
        kind=card.kind,
        container=card.container,
        codec=card.codec,
        size=(card.size.width, card.size.height),
        orientation=int(card.orientation),
        frames=frames,
        seconds=0.0 if card.kind == "photo" else _rounded(card.clock.seconds(lasted)),
    )


def made_file(partial: Path, output: Path, container: str) -> MadeFile:
    """The finished file, still under its partial name."""
    size = partial.stat().st_size
    return MadeFile(name=output.name, sha256=sha256(partial), bytes=size, container=container)


def versions() -> dict[str, str]:
    """Of Passerby and of what it runs on."""
    found = {"passerby": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def planned(report: Report, document: Document | None) -> Report:
    """The report of a verification, with what the plan says of the detectors and their tracks."""
    used: tuple[DetectorUse, ...] = ()
    spans: tuple[TrackSpan, ...] = ()
    if document is not None:
        used = tuple(DetectorUse(**d.model_dump()) for d in document.detectors)
        first, clock = Ticks(document.media.first), Clock(Fraction(document.media.time_base))
        spans = tuple(_span(track, first, clock) for track in document.whole_tracks())
    told = {
        "detectors": used,
        "tracks": spans,
        "not_looked_for": tuple(_unseen(not_sought(document), used)),
    }
    return report.model_copy(update=told)


def _span(track: Track, first: Ticks, clock: Clock) -> TrackSpan:
    start, last = track.keys[0].at, track.keys[-1].at
    return TrackSpan(
        id=track.id,
        kind=track.kind,
        start=start,
        last=last,
        start_seconds=_rounded(clock.seconds(Ticks(start - first))),
        last_seconds=_rounded(clock.seconds(Ticks(last - first))),
        score=track.score,
    )


def _rounded(seconds: Fraction) -> float:
    return round(float(seconds), 3)


def _unsought(settings: Settings, decision: Decision, plan: Document | None) -> Iterator[str]:
    """What might show people, and nobody looked for."""
    yield from unheard(settings)
    kinds = settings.not_looked_for if plan is None else not_sought(plan)
    yield from _unseen(kinds, decision.used)


def unheard(settings: Settings) -> Iterator[str]:
    """What might be heard of people, and nobody listened for."""
    if settings.voice == "keep":
        yield "voices"
    if settings.voice == "retell":
        yield "names, and other words that tell who speaks, in the transcript"
    if settings.voice == "disguise":
        yield "names, and other words that tell who speaks"
    if settings.mute_speech:
        yield "voices that don't speak"


def _unseen(kinds: Iterable[str], used: Iterable[DetectorUse]) -> Iterator[str]:
    yield from kinds
    for use in used:
        if use.smallest:
            yield f"{use.kind}s smaller than {use.smallest:g} px"
    yield "bodies, clothes, gait and places by which people are known"


def _notes(card: Card, settings: Settings, decision: Decision) -> Iterator[str]:
    """What a person should know about the output."""
    if any("audio" in stream for stream in layout(card)):
        yield from of_sound(settings)
    style = decision.timeline.policy.style
    if style is Style.FIGURE:
        yield FIGURES
    elif not style.keeps_nothing:
        yield f"{style.value} keeps a little of what it covers; veil and solid keep nothing"
    yield from _zone_notes(decision)
    yield from _whole_notes(decision.timeline)
    for lost in decision.bound.unbound:
        said = lost.do.partition("-")[0]
        yield f"edit {lost.edit} ({said} track {lost.track}) does nothing: {lost.reason}"


def of_sound(settings: Settings) -> Iterator[str]:
    """What became of the sound."""
    if settings.voice == "retell":
        yield RETOLD
    if settings.mute_speech:
        yield SPEECH_MUTED
    if settings.keeps_sound and (settings.mute_speech or settings.voice != "retell"):
        yield HUM_OUT
    if not settings.keeps_sound:
        yield AUDIO_DROPPED
    elif settings.voice == "disguise" and settings.disguiser is None:
        yield DISGUISED
    elif settings.voice == "keep":
        yield AUDIO_KEPT


def _whole_notes(timeline: Timeline) -> Iterator[str]:
    """Frames that are covered whole because nobody could tell, and why."""
    ticks: dict[str, set[int]] = {}
    for track in timeline.tracks():
        if track.kind in UNSURE:
            ticks.setdefault(track.kind, set()).update(key.at for key in track.keys)
    if ticks:
        whole = len(set().union(*ticks.values()))
        why = ", ".join(f"{UNSURE[kind]} in {len(ticks[kind])}" for kind in UNSURE if kind in ticks)
        yield f"{whole} {'frame is' if whole == 1 else 'frames are'} covered whole: {why}"


def _zone_notes(decision: Decision) -> Iterator[str]:
    """Who is bare by whose wish."""
    for edit, staying in decision.bound.zones:
        bare, others = len({track for track, _ in staying.kept}), staying.others
        tracks = "1 track" if bare == 1 else f"{bare} tracks"
        near = "1 other near it stays" if others == 1 else f"{others} others near it stay"
        yield (
            f"edit {edit}, a keep-zone, leaves {tracks} bare, as was asked for"
            if bare
            else f"edit {edit}, a keep-zone, keeps nobody: nobody found was always inside it"
        ) + (f"; {near} hidden" if others else "")
