"""The timeline as drawings and a table. Signs differ in height and filling, not in colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import Final

from ...core.track import Why
from .timeline import Lane, clock_time

MOST_LANES: Final = 60
SCROLLS: Final = '<div class="wide" role="region" tabindex="0" aria-label="{label}">'


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the list of those to look at: its number there, and when it is."""

    number: int
    when: str
    seconds: Fraction
    found: bool


HEIGHTS: Final = {
    Why.SEEN: ("10%", "80%"),
    Why.EDITED: ("10%", "80%"),
    Why.FILLED: ("30%", "40%"),
    Why.REACH: ("42%", "16%"),
    Why.UNSURE: ("0%", "100%"),
    Why.HEAD: ("20%", "60%"),
}
SAID: Final = {
    Why.SEEN: "seen",
    Why.FILLED: "carried between sightings",
    Why.REACH: "carried beyond the first or last sighting",
    Why.EDITED: "put there by a person",
    Why.UNSURE: "the whole picture, where nobody could tell",
    Why.HEAD: "the head of a person whose face nobody saw",
}


def drawn(lanes: Sequence[Lane], length: Fraction, usual: Fraction, marks: Sequence[Mark]) -> str:
    """HTML of the timeline of a film of `length` seconds. `usual`: seconds between sightings up to
    which a face counts as seen."""
    shown = lanes[:MOST_LANES]
    rest = len(lanes) - len(shown)
    label = f"{len(marks)} places to look at; the list above has their times"
    rows = "".join(map(_lane, shown))
    axis = "".join(f"<span>{clock_time(length * n / 2)}</span>" for n in range(3))
    more = f"<p>{rest} more tracks are in report.json.</p>\n" if rest else ""
    return (
        "<h2>Timeline</h2>\n"
        "<p>One lane for each track: a face, or what was taken for one, through time.</p>\n"
        f'{_DEFINED}<div class="lanes"><div>To look at</div>'
        f'<svg role="img" aria-label="{label}">{_GROUND}{_marked(marks, length)}'
        f'</svg>\n{rows}<div class="axis" aria-hidden="true">{axis}</div></div>\n'
        f"{_key(usual)}{more}{_table(shown)}"
    )


_DEFINED: Final = (
    '<svg class="defs" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#fff"/><rect width="2.5" height="6" fill="#2b4a6b"/>'
    "</pattern></defs></svg>\n"
)
_GROUND: Final = '<line class="ground" x1="0" x2="100%" y1="50%" y2="50%"/>'
_DIAMOND: Final = '<path class="found" d="M0 4 6 12 0 20-6 12Z"/>'
_TRIANGLE: Final = '<path class="look-at" d="M-5 5H5L0 19Z"/>'


def _marked(marks: Sequence[Mark], length: Fraction) -> str:
    """The first mark is drawn last, so that it lies on top."""
    signs = []
    for mark in reversed(marks):
        x = min(1.0, max(0.0, float(mark.seconds / length)))
        shape = _DIAMOND if mark.found else _TRIANGLE
        signs.append(
            f'<svg x="{x:.2%}" overflow="visible"><title>{mark.number}. {escape(mark.when)}'
            f"</title>{shape}</svg>"
        )
    return "".join(signs)


def _lane(lane: Lane) -> str:
    name = f"{lane.kind} {lane.track}"
    told = (
        f"{name}: hidden from {clock_time(lane.start)} to {clock_time(lane.last)}, "
        f"seen in {lane.seen:.0%} of its frames"
    )
    runs = "".join(
        f'<rect class="{run.why}" x="{run.start:.2%}" width="{run.end - run.start:.2%}" '
        f'y="{HEIGHTS[run.why][0]}" height="{HEIGHTS[run.why][1]}">'
        f"<title>{SAID[run.why]}</title></rect>"
        for run in lane.runs
    )
    return (
        f"<div>{escape(name)}</div>"
        f'<svg role="img" aria-label="{escape(told)}">{_GROUND}{runs}</svg>\n'
    )


def _key(usual: Fraction) -> str:
    """What the signs mean."""
    seen = f"seen, at least every {float(usual):.1f} s"
    rows = [
        (f'<rect class="{why}" y="{y}" width="100%" height="{high}"/>', said)
        for why, said in {**SAID, Why.SEEN: seen}.items()
        for y, high in [HEIGHTS[why]]
    ]
    rows += [
        (f'<svg x="50%" overflow="visible">{_DIAMOND}</svg>', "found by a check"),
        (
            f'<svg x="50%" overflow="visible">{_TRIANGLE}</svg>',
            "to look at, though nothing was found",
        ),
    ]
    signs = "".join(
        f'<svg aria-hidden="true">{sign}</svg><div>{escape(said)}</div>' for sign, said in rows
    )
    return f'<div class="key">{signs}</div>\n'


def _table(lanes: Sequence[Lane]) -> str:
    head = ("Track", "What", "Hidden from", "Hidden to", "Seen in", "Best score")
    body = "".join(
        f'<tr><th scope="row">{lane.track}</th><td>{escape(lane.kind)}</td>'
        f"<td>{clock_time(lane.start)}</td><td>{clock_time(lane.last)}</td>"
        f"<td>{lane.seen:.0%} of its frames</td>"
        f"<td>{f'{lane.score:.2f}' if lane.seen else '–'}</td></tr>\n"
        for lane in lanes
    )
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    return (
        f"<details{' open' * (len(lanes) <= 12)}><summary>The timeline as a table</summary>\n"
        f"{SCROLLS.format(label='The timeline as a table')}<table>\n"
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div></details>\n"
    )
