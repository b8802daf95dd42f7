"""Writes docs/reference/formats.md: small files of every kind go through Passerby as a person
would send them, and the page says what came out. `--check` compares instead of writing."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "reference" / "formats.md"
sys.path.insert(0, str(ROOT))

import av  # noqa: E402 - found by the path above
from tests.jobs.films import finder  # noqa: E402 - found by the path above
from tests.media import photo_rows  # noqa: E402 - found by the path above
from tests.media.carriers import CARRIERS  # noqa: E402 - found by the path above
from tests.media.films import Film, make  # noqa: E402 - found by the path above
from tests.media.sound_files import CARRIERS as SOUND_CARRIERS  # noqa: E402 - found by the path above
from tests.media.sound_files import KINDS, tone, write  # noqa: E402 - found by the path above

from passerby.core.errors import PasserbyError  # noqa: E402 - found by the path above
from passerby.core.geometry import Orientation, Size  # noqa: E402 - found by the path above
from passerby.jobs import Report, Settings, default_output, footage, redact  # noqa: E402 - found by the path above
from passerby.jobs.tasks import models_kept  # noqa: E402 - found by the path above
from passerby.media import Card, VideoSource, listened, probe  # noqa: E402 - found by the path above
from passerby.media.orient import to_matrix  # noqa: E402 - found by the path above

MS: Final = Fraction(1, 1000)
EVEN: Final = tuple(range(12))
CONTAINERS: Final[dict[str, tuple[str, ...]]] = {
    ".mp4": ("libx264", "libx265", "libsvtav1", "libvpx-vp9", "mpeg4"),
    ".mov": ("libx264", "libx265", "prores_ks", "mjpeg"),
    ".3gp": ("mpeg4", "libx264"),
    ".mkv": ("libx264", "libx265", "libsvtav1", "libvpx-vp9", "libvpx", "mpeg2video", "ffv1"),
    ".webm": ("libvpx-vp9", "libvpx", "libsvtav1"),
    ".avi": ("mpeg4", "mjpeg", "libx264"),
    ".ts": ("libx264", "libx265", "mpeg2video"),
    ".mpg": ("mpeg2video", "mpeg1video"),
    ".flv": ("flv", "libx264"),
    ".wmv": ("wmv2",),
    ".mxf": ("mpeg2video",),
    ".ivf": ("libvpx-vp9", "libsvtav1"),
    ".h264": ("libx264",),
}
PIXELS: Final = {"prores_ks": "yuv422p10le", "mjpeg": "yuvj420p"}
QUIET: Final = {"libx265": {"x265-params": "log-level=none"}}
SCREEN: Final = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"


@dataclass(frozen=True)
class Made:
    """An output and what is said of it."""

    was: Card
    now: Card
    report: Report

    @property
    def told(self) -> str:
        """The notes that are about this file and not about sound or faces."""
        usual = ("audio", "the input is damaged")
        return "; ".join(n for n in self.report.notes if not n.startswith(usual)) or "-"


def sent(path: Path, **asked: Any) -> Made:
    """`path` through the whole of Passerby, verified."""
    out = default_output(path)
    if "codec" in asked:
        out = out.with_suffix(".mkv")
    report = redact(
        path, out, Settings(encoder_preset="ultrafast", voice="keep", **asked), force=True
    )
    assert report.passed, report.findings
    return Made(probe(path), probe(out), report)


def moments(card: Card) -> list[Fraction]:
    return [f.span.start * card.clock.tick for f in VideoSource(card).frames()]


def timing(made: Made) -> str:
    """Whether each picture is shown when it was; a film that began before zero has been moved."""
    was, now = moments(made.was), moments(made.now)
    if was == now:
        return "exact"
    if len(was) != len(now):
        return f"{len(was)} frames became {len(now)}"
    off = max(abs(a - b) for a, b in zip(was, now, strict=True))
    return f"within {float(off * 1000):.1f} ms" if off < Fraction(1, 20) else "moved"


def row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def table(head: Sequence[str], rows: Iterator[str]) -> Iterator[str]:
    yield row(*head)
    yield row(*("---" for _ in head))
    yield from rows
    yield ""


def containers(folder: Path) -> Iterator[str]:
    for suffix, encoders in CONTAINERS.items():
        for encoder in encoders:
            path = folder / f"{encoder}{suffix}"
            film = Film(EVEN, pixels=PIXELS.get(encoder, "yuv420p"), codec=encoder,
                        options=QUIET.get(encoder, {}))  # fmt: skip
            try:
                made = sent(make(path, film))
            except (OSError, ValueError) as error:
                raise RuntimeError(f"{encoder} in {suffix} can't be made") from error
            now = made.now
            yield row(suffix[1:], made.was.codec, now.container, now.codec, timing(made), made.told)


def properties(folder: Path) -> Iterator[str]:
    """One property at a time, in MP4 unless said otherwise."""
    uneven = (0, 3, 4, 11, 12, 20, 33, 34, 50)
    size = Size(64, 48)
    hdr: dict[str, Any] = {"pixels": "yuv420p10le", "codec": "libx265", "options": QUIET["libx265"]}
    master = {"x265-params": f"log-level=none:master-display={SCREEN}:max-cll=1000,400"}
    films: list[tuple[str, Film, dict[str, Any]]] = [
        ("variable frame rate", Film(uneven, Fraction(1, 90)), {}),
        ("variable frame rate, into MKV", Film(uneven, Fraction(1, 90)), {"codec": "h264"}),
        ("late start", Film((72, 75, 80), Fraction(1, 90)), {}),
        *(
            (f"orientation {int(way)}", Film(EVEN, matrix=to_matrix(way, size)), {})
            for way in Orientation
        ),
        ("pixels 4:3", Film(EVEN, aspect=Fraction(4, 3)), {}),
        ("odd size 63x47", Film(EVEN, size=(63, 47), codec="libvpx-vp9"), {}),
        ("full range", Film(EVEN, pixels="yuvj420p"), {}),
        *(
            (f"{pixels}", Film(EVEN, pixels=pixels), {})
            for pixels in ("yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le")
        ),
        ("interlaced", Film(EVEN, options={"flags": "+ildct+ilme", "x264-params": "tff=1"}), {}),
        ("HDR, PQ", Film(EVEN, colour=(9, 16, 9, 1), **hdr), {}),
        ("HDR, HLG", Film(EVEN, colour=(9, 18, 9, 1), **hdr), {}),
        ("HDR, mastering data", Film(EVEN, colour=(9, 16, 9, 1), **hdr | {"options": master}), {}),
        ("HDR, mastering data, AV1",
         Film(EVEN, colour=(9, 16, 9, 1), **hdr | {"options": master}), {"codec": "av1"}),
        ("HDR, mastering data, H.264",
         Film(EVEN, colour=(9, 16, 9, 1), **hdr | {"options": master}), {"codec": "h264"}),
        ("three sound tracks", Film(tuple(range(50)), sounds=3), {}),
    ]  # fmt: skip
    for number, (name, film, asked) in enumerate(films):
        made = sent(make(folder / f"{number}.mp4", film), **asked)
        yield row(name, looks(made.was), looks(made.now), timing(made), made.told)


def looks(card: Card) -> str:
    """What a player sees of a film, in words."""
    with av.open(str(card.path)) as file:
        first = next(file.decode(video=0))
        sounds = len(file.streams.audio)
        kinds = {s.type.name for s in first.side_data}  # type: ignore[attr-defined]  # PyAV's hints know no side data
    words = [card.codec, f"{card.size.width}x{card.size.height}", first.format.name]
    if card.orientation != Orientation.UP:
        words.append(f"orientation {int(card.orientation)}")
    if card.pixel_aspect != 1:
        words.append(f"pixels {card.pixel_aspect.numerator}:{card.pixel_aspect.denominator}")
    if first.color_trc in (16, 18):
        words.append("PQ" if first.color_trc == 16 else "HLG")
    if kinds & {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"}:
        words.append("mastering data")
    if first.interlaced_frame:
        words.append("interlaced")
    if sounds:
        words.append(f"{sounds} sound")
    return ", ".join(words)


def carried(folder: Path) -> Iterator[str]:
    for number, (name, maker) in enumerate(CARRIERS.items()):
        place = folder / f"carrier{number}"
        place.mkdir()
        path = maker(place)
        made = sent(path)
        yield row(name, path.suffix[1:], "dropped", ", ".join(made.report.dropped))


def sounds(folder: Path) -> Iterator[str]:
    """Files that are only sound, of every kind, and what becomes of rate, channels and length."""
    place = folder / "sounds"
    place.mkdir()
    more = {"a.wav": "pcm_s24le", "f.wav": "pcm_f32le", "l.m4a": "alac", "o.ogg": "libopus"}
    for name, codec in [*((f"b{suffix}", "") for suffix in KINDS), *more.items()]:
        path = write(place / name, tone(), codec=codec)
        made = sent(path)
        (was,), (now,) = listened(path), listened(made.now.path)
        off = float(abs(now.lasts - was.lasts) * 1000)
        length = "kept" if not off else f"within {ceil(off)} ms"
        kinds = path.suffix[1:], made.was.codec, made.now.path.suffix[1:], made.now.codec
        rates = (f"{track.rate} Hz, {track.channels}" for track in (was, now))
        yield row(*kinds, *rates, length)


def carried_by_sounds(folder: Path) -> Iterator[str]:
    for suffix, maker in SOUND_CARRIERS.items():
        made = sent(maker(folder / f"carrier{suffix}"))
        yield row(suffix[1:], "dropped", ", ".join(made.report.dropped))


def photos(folder: Path) -> Iterator[str]:
    place = folder / "photos"
    place.mkdir()
    for cells in photo_rows.rows(place):
        yield row(*cells)


def page() -> str:
    vars(footage)["video_finder"] = finder()
    vars(footage)["photo_finder"] = finder(late=0)
    with tempfile.TemporaryDirectory() as place, models_kept():
        folder = Path(place)
        lines = [
            "# Formats",
            "",
            "Made by `make formats`: small files of each kind go through `passerby redact` with",
            "defaults and sound kept, are verified, and looked at again. Don't edit this page.",
            "",
            "## Films",
            "",
            "`times`: whether each picture is shown at the moment at which it was.",
            "",
            *table(
                ("in", "codec", "out", "codec", "times", "said"),
                containers(folder),
            ),
            "## Properties of films",
            "",
            "MP4 in, and out unless said otherwise. Two films in one file, films one behind the",
            "other, and a change of size or orientation midway are errors that name the stream.",
            "",
            *table(("property", "in", "out", "times", "said"), properties(folder)),
            "## What films carry",
            "",
            "Each file carries one name in one place, besides what its encoder and container add.",
            "The last column is what the report calls it all.",
            "",
            *table(("what", "in", "out", "the report's `dropped`"), carried(folder)),
            "## Sound",
            "",
            "Files that are only sound, with `--voice keep`; PyAV writes no Vorbis, WMA or AMR.",
            "",
            *table(("in", "codec", "out", "codec", "was", "is", "length"), sounds(folder)),
            "Each of these carries one name in every place that takes one.",
            "",
            *table(("in", "", "the report's `dropped`"), carried_by_sounds(folder)),
            "## Photos",
            "",
            "Sizes are as shown, upright; `pictures` are pages or moments. Photos that break off",
            "were accepted with `--accept-damaged`; without it they are errors. Refused with",
            "advice: camera raw, Photoshop documents, JPEG XL, JPEG 2000, moving HEIC.",
            "",
            *table(photo_rows.HEAD, photos(folder)),
        ]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--check", action="store_true")
    given = ask.parse_args()
    try:
        made = page()
    except PasserbyError as error:
        print(error, file=sys.stderr)
        return 1
    if given.check:
        return int(PAGE.read_text(encoding="utf-8") != made)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
