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
from .drawing import SCROLLS, Mark, drawn
from .sheet import Shot
from .timeline import Lane, clock_time

Words = Literal["safe as far as checked", "look here", "not safe", "not checked"]

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
        "<h2>What was found</h2>\n" + SCROLLS.format(label="What was found") + "<table>\n"
        '<thead><tr><th scope="col">When</th><th scope="col">What</th>'
        '<th scope="col">Where</th><th scope="col">Found by</th></tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


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


def _timeline(content: Page) -> str:
    if not content.lanes or not content.length:
        why = escape(content.no_timeline)
        return f"<h2>Timeline</h2>\n<p>{why}</p>\n" if why else ""
    marks = [
        Mark(number, moment.when, moment.seconds, moment.found)
        for number, moment in enumerate(content.moments, 1)
        if moment.seconds is not None
    ]
    return drawn(content.lanes, content.length, content.usual, marks)


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
