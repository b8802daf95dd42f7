"""The report as one HTML page: no script, nothing fetched, every word escaped.

What is on it is given as values; the page adds the words that are always the same. Pictures are
data inside the page, and a policy in its head forbids the reader to fetch anything at all.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from importlib.resources import files
from typing import Final, Literal

from ...core.geometry import Size
from ...core.track import Why
from .sheet import Shot
from .timeline import Lane, clock_time

Words = Literal["safe as far as checked", "look here", "not safe", "not checked"]

MOST_LANES: Final = 60
MOST_BYTES: Final = 3_000_000  # of pictures on a page, as they stand there
POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
MEANING: Final[dict[Words, tuple[str, str]]] = {
    "safe as far as checked": (
        "safe",
        "The checks that were made found nothing in this file that should not be there. They "
        "can't find everything. Watch the file once yourself, the places below first, and read "
        "what was not checked.",
    ),
    "look here": (
        "look",
        "The checks found something that may show a person, and can't tell. Look at each place "
        "below before anybody else sees this file.",
    ),
    "not safe": (
        "stop",
        "The checks found something in this file that should not be there. Do not hand it on.",
    ),
    "not checked": (
        "look",
        "Nobody looked at this file after it was made. Nothing on this page says that it is safe.",
    ),
}
ORIGINALS: Final = "THIS PAGE SHOWS THE ORIGINAL, UNHIDDEN. Do not hand it on. Delete it after use."


@dataclass(frozen=True, slots=True)
class Numbered:
    """A line of figures: what, and how much of it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading; left out when there are none, unless `empty` says what to write."""

    heading: str
    lines: tuple[str, ...] = ()
    empty: str = ""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One finding, in words. `seconds`: from the start of the film, None when it has no time."""

    what: str
    check: str
    seconds: Fraction | None = None
    place: str = ""
    score: str = ""


@dataclass(frozen=True, slots=True)
class Pictured:
    """A moment to look at. `when`: in words; `shot`: of the finished file, `original`: only if
    somebody asked for it."""

    when: str
    seconds: Fraction | None
    reasons: tuple[str, ...]
    found: bool = False
    track: int | None = None
    place: str = ""
    shot: Shot | None = None
    original: Shot | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on it. `length`: of the film in seconds, 0 for a photo; `more`: moments of lower
    risk that are not shown; `usual`: seconds between sightings that count as seen."""

    words: Words
    said: tuple[str, ...] = ()
    findings: tuple[FoundRow, ...] = ()
    moments: tuple[Pictured, ...] = ()
    more: int = 0
    lanes: tuple[Lane, ...] = ()
    length: Fraction = Fraction(0)
    usual: Fraction = Fraction(0)
    numbers: tuple[Numbered, ...] = ()
    sections: tuple[Section, ...] = ()
    fine_print: tuple[Numbered, ...] = ()
    originals: bool = False
    no_timeline: str = ""


def page(content: Page) -> str:
    """The HTML text."""
    mark, meaning = MEANING[content.words]
    title = content.words[0].upper() + content.words[1:]
    css = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    banner = f'<div class="banner" role="alert">{escape(ORIGINALS)}</div>\n'
    warned = "SHOWS THE ORIGINAL: " if content.originals else ""
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="referrer" content="no-referrer">\n',
            f"<title>{warned}{escape(title)} – Passerby report</title>\n",
            f"<style>\n{css}</style>\n</head>\n<body>\n",
            "<main>\n",
            banner if content.originals else "",
            f'<div class="verdict {mark}">\n<p class="kicker">Passerby looked at this file:</p>\n',
            f"<h1>{escape(title)}</h1>\n<p>{escape(meaning)}</p>\n",
            *(f"<p>{escape(line)}</p>\n" for line in content.said),
            "</div>\n",
            _findings(content.findings),
            _moments(content),
            _timeline(content),
            _numbers("Numbers", content.numbers),
            *(_section(section) for section in content.sections),
            _fine_print(content.fine_print),
            "</main>\n<footer><p>Made on one machine, without a network. This page fetches "
            "nothing and holds no path, no name and no sound",
            "; it does hold pictures of the original.</p></footer>\n"
            if content.originals
            else ", and no picture but of the finished file.</p></footer>\n",
            "</body>\n</html>\n",
        )
    )


def _findings(rows: Sequence[FoundRow]) -> str:
    if not rows:
        return ""
    body = "".join(
        f'<tr><th scope="row">{_when(row)}</th><td>{escape(row.what)}</td>'
        f"<td>{escape(row.place) or 'the whole file'}</td>"
        f"<td>{escape(row.check)}{escape(row.score and f' ({row.score})')}</td></tr>\n"
        for row in rows
    )
    return (
        "<h2>What was found</h2>\n" + _SCROLL.format(label="What was found") + "<table>\n"
        '<thead><tr><th scope="col">When</th><th scope="col">What</th>'
        '<th scope="col">Where</th><th scope="col">Found by</th></tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


_SCROLL: Final = '<div class="wide" role="region" tabindex="0" aria-label="{label}">'


def _when(row: FoundRow) -> str:
    return "–" if row.seconds is None else clock_time(row.seconds)


def _moments(content: Page) -> str:
    heading = "<h2>Where to look first</h2>\n"
    if not content.moments:
        return (
            f"{heading}<p>Nowhere in particular: nothing was found, and no place stands out.</p>\n"
        )
    shown, left = [], MOST_BYTES
    for number, moment in enumerate(content.moments, 1):
        figures, spent = _figures(number, moment, left)
        left -= spent
        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in moment.reasons)
        whom = f", track {moment.track}" if moment.track is not None else ""
        shown.append(
            f"<li><h3>{number}. {escape(moment.when)}{whom}{', a finding' if moment.found else ''}"
            f"</h3>\n{figures}<ul>{reasons}</ul></li>\n"
        )
    more = f" {content.more} more of lower risk are in report.json." if content.more else ""
    return (
        f"{heading}<p>The riskiest first: what was found, then where a face was hidden without "
        "being seen, or where hiding begins and ends. It is an order, not a measure. The pictures "
        "are of the finished file; a line marks the place, and where it is small a second picture "
        f"shows it closer.{more}</p>\n"
        f'<ol class="sheet">\n{"".join(shown)}</ol>\n'
    )


def _figures(number: int, moment: Pictured, left: int) -> tuple[str, int]:
    """The pictures of one moment, as long as they fit into what is `left`."""
    text, spent = "", 0
    for shot, is_original in ((moment.shot, False), (moment.original, True)):
        if shot is None:
            continue
        whose = "The ORIGINAL" if is_original else "The finished file"
        where = f"{whose}, {moment.when}"
        images = _image(shot.whole, shot.size, f"{where}; outlined: {moment.place or 'nothing'}")
        if shot.close is not None and shot.close_size is not None:
            alt = f"{where}; the outlined place {number}, closer"
            images += _image(shot.close, shot.close_size, alt, ' class="close"')
        if spent + len(images) > left:
            text += '<p class="soft">No picture: the page would grow too large.</p>\n'
            continue
        spent += len(images)
        caption = "<figcaption>Original, not hidden</figcaption>" if is_original else ""
        name = ' class="original"' if is_original else ""
        text += f"<figure{name}>{images}{caption}</figure>\n"
    return text, spent


def _image(coded: bytes, size: Size, alt: str, name: str = "") -> str:
    return (
        f'<img{name} alt="{escape(alt)}" width="{size.width}" height="{size.height}" '
        f'src="data:image/jpeg;base64,{b64encode(coded).decode()}">'
    )


HEIGHTS: Final = {
    Why.SEEN: ("10%", "80%"),
    Why.EDITED: ("10%", "80%"),
    Why.FILLED: ("30%", "40%"),
    Why.REACH: ("42%", "16%"),
}
SAID: Final = {
    Why.SEEN: "seen",
    Why.FILLED: "carried between sightings",
    Why.REACH: "carried beyond the first or last sighting",
    Why.EDITED: "put there by a person",
}


def _timeline(content: Page) -> str:
    if not content.lanes or not content.length:
        why = escape(content.no_timeline)
        return f"<h2>Timeline</h2>\n<p>{why}</p>\n" if why else ""
    shown = content.lanes[:MOST_LANES]
    rest = len(content.lanes) - len(shown)
    marks = _marks(content)
    label = f"{len(content.moments)} places to look at"
    rows = "".join(_lane(lane) for lane in shown)
    axis = (content.length * n / 4 for n in range(0, 5, 2))
    axis_text = "".join(f"<span>{clock_time(at)}</span>" for at in axis)
    more = f"<p>{rest} more tracks are in report.json.</p>\n" if rest else ""
    return (
        "<h2>Timeline</h2>\n"
        "<p>One lane for each track: a face, or what was taken for one, through time.</p>\n"
        f'{_DEFINED}<div class="lanes"><div>To look at</div>'
        f'<svg role="img" aria-label="{label}; the list above has their times">{_GROUND}{marks}'
        f'</svg>\n{rows}<div class="axis" aria-hidden="true">{axis_text}</div></div>\n'
        f"{_key(content.usual)}{more}{_table(shown)}"
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


def _marks(content: Page) -> str:
    marks = []
    for number, moment in reversed(list(enumerate(content.moments, 1))):
        if moment.seconds is not None:
            x = min(1.0, max(0.0, float(moment.seconds / content.length)))
            shape = _DIAMOND if moment.found else _TRIANGLE
            marks.append(
                f'<svg x="{x:.2%}" overflow="visible"><title>{number}. {escape(moment.when)}'
                f"</title>{shape}</svg>"
            )
    return "".join(marks)


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
        f"{_SCROLL.format(label='The timeline as a table')}<table>\n"
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div></details>\n"
    )


def _numbers(heading: str, rows: Iterable[Numbered]) -> str:
    return f"<h2>{escape(heading)}</h2>\n{_listed(rows)}"


def _listed(rows: Iterable[Numbered]) -> str:
    body = "".join(f"<dt>{escape(r.name)}</dt><dd>{escape(r.value)}</dd>\n" for r in rows)
    return f"<dl>\n{body}</dl>\n"


def _section(section: Section) -> str:
    if not section.lines and not section.empty:
        return ""
    lines = "".join(f"<li>{escape(line)}</li>\n" for line in section.lines)
    body = f"<ul>\n{lines}</ul>\n" if lines else f"<p>{escape(section.empty)}</p>\n"
    return f"<h2>{escape(section.heading)}</h2>\n{body}"


def _fine_print(rows: Sequence[Numbered]) -> str:
    if not rows:
        return ""
    return (
        "<h2>How it was made</h2>\n"
        "<details><summary>Settings, detectors, versions</summary>\n"
        f"{_listed(rows)}</details>\n"
    )
