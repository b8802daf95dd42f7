"""What the page is told of a film: plain values, times as numbers of frames where it draws them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

from ...core.schedule import Region
from ...core.time import Span
from ...core.track import Key, Track, Why
from ...jobs.review import Session
from ...plan import (
    Edit,
    Group,
    Hide,
    HideMoving,
    HideTracks,
    Keep,
    KeepTracks,
    KeepZone,
    Mute,
    Restyle,
    Split,
    redoable,
    undoable,
)
from .reasons import told

SOON: Final = Fraction(
    2
)  # seconds after one track ends within which the next may be the same person's
SHARED: Final = 0.4  # of the smaller box from which two that overlap may be one person's
MANY: Final = 6  # of them that are proposed, the newest
NEAR: Final = 1.5  # widths within which it has to begin
_WHYS: Final = {
    Why.SEEN: "seen",
    Why.FILLED: "filled",
    Why.REACH: "reach",
    Why.EDITED: "edited",
    Why.UNSURE: "unsure",
    Why.HEAD: "head",
}


def film(session: Session) -> dict[str, Any]:
    """What doesn't change while it is reviewed."""
    media, reel = session.document.media, session.reel()
    tick = session.clock.tick
    return {
        "name": session.papers.input.name,
        "plan": session.papers.plan.name,
        "output": session.papers.output.name,
        "kind": media.kind,
        "size": list(media.size),
        "tick": [tick.numerator, tick.denominator],
        "starts": list(reel.starts),
        "end": media.end,
        "style": session.document.policy.style.value,
        "sound": any("audio" in stream for stream in media.streams),
        "soundKept": session.settings.keeps_sound,
        "cuts": [reel.number(at) for at in session.cuts()],
    }


def tracks(session: Session) -> list[dict[str, Any]]:
    """Every track, by when it comes; `near`: earlier ones that may be the same person's."""
    reel = session.reel()
    order = sorted(session.tracks, key=lambda t: (t.keys[0].at, t.id))
    near = dict(_neighbours(session, order))
    return [_track(track, reel.starts, near[track.id]) for track in order]


def _track(track: Track, starts: Sequence[int], near: list[int]) -> dict[str, Any]:
    best = max(track.keys, key=lambda k: ((k.score or 0.0), k.box.area))
    return {
        "id": track.id,
        "kind": track.kind,
        "score": round(track.score, 3),
        "first": _number(starts, track.keys[0].at),
        "last": _number(starts, track.keys[-1].at),
        "best": _number(starts, best.at),
        "where": _pointed(track.id, best),
        "ends": [_pointed(track.id, track.keys[0]), _pointed(track.id, track.keys[-1])],
        "runs": list(_runs(track.keys, starts)),
        "near": near,
    }


def _pointed(track: int, key: Key) -> list[float]:
    x0, y0, x1, y1 = key.box.corners
    # A face at the edge may have no area there; a place has to.
    return [track, key.at, x0, y0, max(x1, x0 + 0.25), max(y1, y0 + 0.25)]


def _runs(keys: Sequence[Key], starts: Sequence[int]) -> Iterator[list[Any]]:
    """First and last frame of each stretch in which the boxes have one reason."""
    run: list[Any] | None = None
    for key in keys:
        number, why = _number(starts, key.at), _WHYS[key.why]
        if run is not None and run[2] == why and number == run[1] + 1:
            run[1] = number
            continue
        if run is not None:
            yield run
        run = [number, number, why]
    if run is not None:
        yield run


def _number(starts: Sequence[int], at: int) -> int:
    return min(bisect_left(starts, at), len(starts) - 1)


def _neighbours(session: Session, order: Sequence[Track]) -> Iterator[tuple[int, list[int]]]:
    """(track, those before it that may be the same person's), by place and time alone."""
    soon = session.clock.ticks(SOON)
    there: list[Track] = []
    for track in order:
        first = track.keys[0]
        there = [t for t in there if t.keys[-1].at >= first.at - soon]
        alike = (t for t in there if t.kind == track.kind)
        near = [t.id for t in alike if _together(t, first) or _goes_on(t, first)]
        yield track.id, near[-MANY:]
        there.append(track)


def _together(track: Track, first: Key) -> bool:
    """Whether another track begins where this one is at that moment."""
    row = bisect_left(track.keys, first.at, key=lambda k: k.at)
    if row == len(track.keys) or track.keys[row].at != first.at:
        return False
    a, b = track.keys[row].box, first.box
    width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    least = min(a.area, b.area)
    return width > 0 and height > 0 and width * height >= SHARED * least


def _goes_on(before: Track, first: Key) -> bool:
    """Whether a track that begins soon after the end of another begins near it."""
    last = before.keys[-1]
    if last.at >= first.at:
        return False
    reach = NEAR * max(last.box.width, first.box.width)
    aside = (last.box.x0 + last.box.x1 - first.box.x0 - first.box.x1) / 2
    above = (last.box.y0 + last.box.y1 - first.box.y0 - first.box.y1) / 2
    return aside**2 + above**2 <= reach**2


def state(session: Session) -> dict[str, Any]:
    """What people have said so far, and what became of it."""
    said = session.said()
    return {
        "revision": session.revision,
        "undo": undoable(session.document.edits),
        "redo": redoable(session.document.edits),
        "decided": sorted(decided(session, said)),
        "kept": [[t, *_within(session, s)] for t, s in session.bound.keeps],
        "styles": [[t, *_within(session, s), style.value] for t, s, style in session.bound.styles],
        "boxes": [_box(number, edit) for number, edit in said if isinstance(edit, _BOXES)],
        "groups": [[t for t, *_ in edit.tracks] for _, edit in said if isinstance(edit, Group)],
        "splits": [
            {"edit": n, "track": e.track, "at": e.at} for n, e in said if isinstance(e, Split)
        ],
        "lost": [[u.edit, u.track] for u in session.bound.unbound],
    }


def _within(session: Session, span: Span) -> tuple[int, int]:
    """All the time is the film's: the page can't count further."""
    media = session.document.media
    return max(span.start, media.first), min(span.end, media.end)


_BOXES: Final = (Hide, HideMoving, KeepZone, Mute)  # what has a lane of its own


def _box(number: int, edit: Hide | HideMoving | KeepZone | Mute) -> dict[str, Any]:
    return {"edit": number, **edit.model_dump(mode="json", exclude_none=True)}


def decided(session: Session, said: Sequence[tuple[int, Edit]]) -> set[int]:
    """Tracks of which anybody said anything, and those that a keep-zone keeps."""
    found = {track for track, _ in session.bound.keeps}
    known = session.by_id
    for _, edit in said:
        match edit:
            case Keep():
                found.add(edit.track)
            case KeepTracks():
                found.update(known if edit.only else (t for t, *_ in edit.tracks))
            case HideTracks(tracks=None):
                found.update(t for t in known if edit.kind in (None, known[t].kind))
            case HideTracks() | Restyle():
                found.update(t for t, *_ in edit.tracks or ())
            case _:
                pass
    return found & known.keys()


def regions(hidden: Sequence[Region], kept: Sequence[Region]) -> list[dict[str, Any]]:
    """Regions of one frame, as the page outlines them."""
    return [
        {"track": r.track, "kind": r.kind, "box": list(r.box.corners), "hidden": here}
        for here, some in ((True, hidden), (False, kept))
        for r in some
    ]


def moments(session: Session) -> list[dict[str, Any]]:
    """Where to look first, the riskiest first."""
    reel = session.reel()
    return [
        {
            "frame": reel.number(m.at),
            "track": m.track,
            "box": None if m.box is None else list(m.box.corners),
            "reasons": [told(reason) for reason in m.reasons],
        }
        for m in session.risky()[:500]
    ]
