"""Plans to the formats of other tools, and their annotations to plans."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from .. import __version__
from ..core.errors import PasserbyError, PlanError, UsageError
from ..engine.ending import ending
from ..engine.prefetch import prefetch
from ..media import Card, sha256
from ..plan import Document, MadeBy, check_binding, check_frames, load, rows_of, text_of
from ..plan.exchange import (
    Found,
    Labels,
    Sheet,
    from_coco,
    from_cvat,
    from_mot,
    sheet_of,
    to_coco,
    to_cvat,
    to_mot,
)
from ..plan.reading import MOST_BYTES
from . import account, doors, sounds
from .apart import told_apart
from .output import check_free, write_text
from .settings import AVAILABLE, Settings

Format = Literal["coco", "mot", "cvat"]

BESIDE: Final = "labels.txt"  # what MOT's classes are called
SUFFIXES: Final[dict[str, Format]] = {".json": "coco", ".txt": "mot", ".csv": "mot", ".xml": "cvat"}


def export(
    plan: Path, film: Path, output: Path, form: Format | None = None, *, force: bool = False
) -> int:
    """Write what `plan` says of `film` to `output`; how many boxes there are.

    What a person keeps is written, too: these are all that were found, and the places that people
    hide. With MOT, `labels.txt` is written beside.
    """
    form = form or format_of(output)
    files = [output, *([output.with_name(BESIDE)] if form == "mot" else [])]
    told_apart(
        zip(("the output", "what classes are called"), files, strict=False),
        [("the plan", plan), ("the film", film)],
    )
    for path in files:
        check_free(path, inputs=[plan, film], force=force)
    document, card = load(plan), doors.look_at(film, Settings())
    sounds.no_scan(card)
    try:
        check_binding(document, sha256(card.path), account.layout(card))
    except PlanError as error:
        error.path = plan
        raise
    starts, _ = moments(card)
    check_frames(document, len(starts))
    sheet = sheet_of(document, starts, film.name)
    texts = _texts(sheet, form)
    for path, text in zip(files, texts, strict=True):
        write_text(path, text, inputs=[plan, film], force=force)
    return sum(len(row.places) for row in sheet.rows)


def bring(
    annotations: Path,
    film: Path,
    output: Path,
    form: Format | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    force: bool = False,
) -> tuple[Document, Mapping[str, int]]:
    """Write a plan of `film` to `output` that hides what `annotations` say. The plan, and how many
    boxes were left out, by the name that they had. `labels`: what is a face, a plate, ..."""
    form = form or format_of(annotations)
    told_apart([("the plan", output)], [("the annotations", annotations), ("the film", film)])
    check_free(output, inputs=[annotations, film], force=force)
    for kind in (labels or {}).values():
        if kind not in AVAILABLE.values():
            raise UsageError(
                f"nothing known is {kind!r}", hint=f"any of {', '.join(AVAILABLE.values())}"
            )
    card = doors.look_at(film, Settings())
    sounds.no_scan(card)
    starts, end = moments(card)
    try:
        found = _read(annotations, form, film.name, starts, Labels(labels or {}))
    except PasserbyError as error:
        error.path = error.path or annotations
        raise
    kinds = {track.kind for track in found.tracks}
    names = tuple(name for name, kind in AVAILABLE.items() if kind in kinds)
    settings = Settings(hide=names or ("faces",))
    document = Document(
        passerby="plan/1",
        media=account.media_of(card, len(starts), starts[0], end),
        made_by=MadeBy(version=__version__),
        settings={**settings.plain(), "brought_from": form},
        policy=account.policy_of(settings),
        detectors=(),
        tracks=rows_of(found.tracks),
    )
    write_text(output, text_of(document), inputs=[annotations, film], force=force)
    return document, found.left


def moments(card: Card) -> tuple[tuple[int, ...], int]:
    """First tick of each frame, as it is decoded, and the first after the last. Frames need not
    last equally long, and what a container says about them is not always what comes out."""
    starts, end = [], 0
    frames = prefetch(doors.open_source(card, Settings()).frames())
    with ending(frames):
        for frame in frames:
            starts.append(int(frame.span.start))
            end = int(frame.span.end)
    return tuple(starts), end


def format_of(path: Path) -> Format:
    """By its suffix. `UsageError` where that says nothing."""
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise UsageError(
            "its name says no format", path=path, hint="add --format coco, mot or cvat"
        )
    return form


def _texts(sheet: Sheet, form: Format) -> tuple[str, ...]:
    match form:
        case "coco":
            return (to_coco(sheet),)
        case "cvat":
            return (to_cvat(sheet),)
        case "mot":
            return to_mot(sheet)


def _read(path: Path, form: Format, name: str, starts: tuple[int, ...], labels: Labels) -> Found:
    text = _text(path)
    match form:
        case "coco":
            return from_coco(text, name, starts, labels)
        case "cvat":
            return from_cvat(text, starts, labels)
        case "mot":
            beside = path.with_name(BESIDE)
            return from_mot(text, _text(beside) if beside.exists() else None, starts, labels)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PlanError("too large for annotations of one film", path=path)
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise PlanError(f"can't be read: {error.strerror or 'no file'}", path=path) from error
    except UnicodeDecodeError:
        raise PlanError("is no text", path=path) from None
