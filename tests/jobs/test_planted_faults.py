"""One table: an output that is broken in one way is refused, and the fault is named where it is."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image
from tests.verify.files import box, grafted

from passerby.apps.cli.app import run
from passerby.core.frame import Frame
from passerby.core.time import Span, Ticks
from passerby.jobs import Settings, doors, redact
from passerby.jobs.unchecked import not_asked
from passerby.media import VideoSource, probe

FRAMES, AT, STEP = 24, 10, 512  # of the film; the frame with a fault; ticks of a frame
SETTINGS = Settings(preset="fast", crf=20)


@dataclass(frozen=True, slots=True)
class Redacted:
    """An original, what was made of it, and by which plan."""

    original: Path
    output: Path
    plan: Path


@pytest.fixture(scope="module")
def film(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Redacted:
    """A second of a face of 40 by 50 pixels, drifting four pixels a frame, with a tone."""
    folder = tmp_path_factory.mktemp("film")
    with Image.open(astronaut) as image:
        portrait = np.asarray(image.convert("RGB").resize((200, 200), Image.Resampling.BOX))
    original = folder / "film.mp4"
    with av.open(str(original), "w") as out:
        video = out.add_stream("libx264", rate=25, options={"crf": "12", "preset": "ultrafast"})
        tone = out.add_stream("aac", rate=48000)
        assert isinstance(video, av.VideoStream)
        assert isinstance(tone, av.AudioStream)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        for number in range(FRAMES):
            picture = np.full((240, 320, 3), 128, np.uint8)
            picture[::16] = 90
            picture[20:220, 4 * number + 10 : 4 * number + 210] = portrait
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode())
        wave = np.sin(np.arange(48 * 1024) / 20).astype(np.float32)
        for at in range(0, len(wave), 1024):
            block = av.AudioFrame.from_ndarray(wave[None, at : at + 1024], "fltp", "mono")
            block.sample_rate, block.pts = 48000, at
            out.mux(tone.encode(block))
        out.mux(tone.encode())
    made = Redacted(original, folder / "hidden.mp4", folder / "plan.json")
    assert redact(original, made.output, SETTINGS, save_plan=made.plan).passed
    return made


@pytest.fixture(scope="module")
def photo(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Redacted:
    folder = tmp_path_factory.mktemp("photo")
    original = folder / "photo.jpg"
    with Image.open(astronaut) as image:
        image.convert("RGB").save(original, quality=92)
    made = Redacted(original, folder / "hidden.jpg", folder / "plan.json")
    assert redact(original, made.output, SETTINGS, save_plan=made.plan).passed
    return made


def rendered(made: Redacted, to: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Hidden by another plan than the one that is verified."""
    document = json.loads(made.plan.read_text())
    change(document)
    doctored = to.with_suffix(".json")
    doctored.write_text(json.dumps(document))
    redact(made.original, to, SETTINGS.model_copy(update={"verify": False}), plan=doctored)


def bare(made: Redacted, to: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        span = [AT * STEP, (AT + 1) * STEP]
        document["edits"] = [
            {"do": "keep", "track": t["id"], "where": t["keys"][0][:5], "span": span}
            for t in document["tracks"]
        ]

    rendered(made, to, change)


def moved(ticks: int, pixels: int) -> Callable[[Redacted, Path], None]:
    def change(document: dict[str, Any]) -> None:
        for track in document["tracks"]:
            track["keys"] = [
                [k[0] + ticks, k[1] + pixels, k[2], k[3] + pixels, *k[4:]] for k in track["keys"]
            ]

    return lambda made, to: rendered(made, to, change)


def rewritten(made: Redacted, to: Path, change: Callable[[list[Frame]], list[Frame]]) -> None:
    """The redacted film's frames, changed, in a clean file by the project's own writer."""
    card = probe(made.output)
    sink = doors.open_sink(card, to, doors.target_of(card, to), SETTINGS)
    for frame in change(list(VideoSource(card).frames())):
        sink.write(frame)
    sink.close()


def weak(made: Redacted, to: Path) -> None:
    originals = list(VideoSource(probe(made.original)).frames())

    def change(frames: list[Frame]) -> list[Frame]:
        x = 4 * AT + 10
        place = slice(35, 105), slice(x + 60, x + 115)
        pixels = frames[AT].writable()[0].pixels
        pixels[place] = cv2.GaussianBlur(originals[AT].planes()[0].pixels, (0, 0), 2)[place]
        return frames

    rewritten(made, to, change)


def dropped(made: Redacted, to: Path) -> None:
    rewritten(made, to, lambda frames: frames[:AT] + frames[AT + 1 :])


def doubled(made: Redacted, to: Path) -> None:
    def change(frames: list[Frame]) -> list[Frame]:
        again = list(VideoSource(probe(made.output)).frames())[AT]
        again.span = Span(Ticks(again.span.start + STEP // 2), again.span.end)
        return [*frames[: AT + 1], again, *frames[AT + 1 :]]

    rewritten(made, to, change)


def heard(made: Redacted, to: Path) -> None:
    """The original's sound beside the redacted picture, in a file that is clean otherwise."""
    with (
        av.open(str(made.output)) as hidden,
        av.open(str(made.original)) as original,
        av.open(str(to), "w", options={"fflags": "+bitexact"}) as out,
    ):
        picture, tone = hidden.streams.video[0], original.streams.audio[0]
        ours, theirs = (out.add_stream_from_template(stream) for stream in (picture, tone))
        for packets, stream in ((hidden.demux(picture), ours), (original.demux(tone), theirs)):
            for packet in packets:
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)


def placed(made: Redacted, to: Path) -> None:
    """Where it was taken, as phones write it."""
    body = struct.pack(">HH", 12, 0x15C7) + b"+48.85+002.35/"
    to.write_bytes(grafted(made.output.read_bytes(), [b"moov", b"udta"], box(b"\xa9xyz", body)))


def in_exif(made: Redacted, to: Path, exif: bytes) -> None:
    data = made.output.read_bytes()
    body = b"Exif\0\0" + exif
    to.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])


def thumbnail(made: Redacted, to: Path) -> None:
    """The original, small, where cameras put it: IFD1 with a JPEG."""
    with Image.open(made.original) as image:
        image.thumbnail((160, 160))
        image.save(small := to.with_suffix(".small.jpg"), quality=80)
    jpeg = small.read_bytes()
    first = b"MM\0*\0\0\0\x08" + struct.pack(">HI", 0, 14)
    entries = struct.pack(">HHIIHHII", 0x201, 4, 1, 44, 0x202, 4, 1, len(jpeg))
    in_exif(made, to, first + struct.pack(">H", 2) + entries + bytes(4) + jpeg)


def located(made: Redacted, to: Path) -> None:
    exif = Image.Exif()
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (48.0, 51.0, 27.0)
    in_exif(made, to, exif.tobytes().removeprefix(b"Exif\0\0"))


MOVED, LATE = (
    "its cover lies too far right",
    "its cover is where the region was in the frame before",
)
BARE, WEAK = "nothing covers it", "its cover is too weak"
# How it is broken, the check that must say so, where first, and the words that name the fault.
FILMS = {
    "one bare frame": (bare, "pixels.left", AT * STEP, BARE),
    "region shifted by 8 px": (moved(0, 8), "pixels.left", 0, MOVED),
    "region late by one frame": (moved(STEP, 0), "pixels.left", 0, LATE),
    "weak blur": (weak, "pixels.left", AT * STEP, WEAK),
    "dropped frame": (dropped, "time.missing", AT * STEP, "no frame at this time"),
    "duplicated frame": (doubled, "time.added", AT * STEP, "a frame that the original has not"),
    "sound put back": (heard, "sound", None, "a track of sound"),
    "a place put back": (placed, "container.metadata", None, "xyz"),
}
PHOTOS = {
    "region elsewhere": (moved(0, 40), "pixels.left", 0, MOVED),
    "original thumbnail put back": (
        thumbnail,
        "container.thumbnail",
        None,
        "a thumbnail inside the file",
    ),
    "a place put back": (located, "container.metadata", None, "APP1"),
}


def told(made: Redacted, output: Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON and what is printed, of the command line, asked in this process."""
    report, said = output.with_suffix(".report.json"), io.StringIO()
    words: list[str | Path] = ["verify", output, "--original", made.original, "--plan", made.plan]
    words += ["--report", report, "--force"]
    with redirect_stderr(said):
        code = run([*map(str, words)])
    return code, json.loads(report.read_text()), said.getvalue()


def refused(made: Redacted, output: Path, check: str, at: int | None, words: str) -> None:
    code, report, said = told(made, output)
    findings = report["verification"]["findings"]
    # Other eyes may see what shows, too, and a thumbnail is metadata; nothing else is wrong.
    beside = {"eyes"} if check != "container.thumbnail" else {"container.metadata"}
    assert {f["check"] for f in findings} - beside == {check}
    ours = [f for f in findings if f["check"] == check]
    assert ours[0].get("at") == at
    assert code == 3
    assert "not safe" in said
    [named] = {f["what"] for f in ours if words in f["what"]}
    # Of a fault that lasts, some frames don't show which it is, and none shows another.
    other = {MOVED, LATE, BARE, WEAK} - {words}
    if words != LATE:
        assert not [f for f in ours if any(wrong in f["what"] for wrong in other)]
    if at is None:
        assert f"found {check}: {named}" in said
    elif made.output.suffix == ".jpg":
        assert f"look at page 1: {named}" in said
    else:
        here = [f["at"] for f in ours if f["what"] == named]
        times = [f"0:00:{float(Fraction(tick, STEP * 25)):06.3f}" for tick in here]
        assert any(f"look at {time}: {named}" in said for time in times)
    assert "not checked, or in part: " in said


@pytest.mark.parametrize(("breaks", "check", "at", "words"), FILMS.values(), ids=FILMS.keys())
def test_a_film_broken_in_one_way_is_refused_for_that(
    film: Redacted,
    tmp_path: Path,
    breaks: Callable[[Redacted, Path], None],
    check: str,
    at: int | None,
    words: str,
) -> None:
    breaks(film, tmp_path / "broken.mp4")
    refused(film, tmp_path / "broken.mp4", check, at, words)


@pytest.mark.parametrize(("breaks", "check", "at", "words"), PHOTOS.values(), ids=PHOTOS.keys())
def test_a_photo_broken_in_one_way_is_refused_for_that(
    photo: Redacted,
    tmp_path: Path,
    breaks: Callable[[Redacted, Path], None],
    check: str,
    at: int | None,
    words: str,
) -> None:
    breaks(photo, tmp_path / "broken.jpg")
    refused(photo, tmp_path / "broken.jpg", check, at, words)


@pytest.mark.parametrize("kind", ["film", "photo"])
def test_what_was_hidden_well_passes(kind: str, request: pytest.FixtureRequest) -> None:
    made: Redacted = request.getfixturevalue(kind)
    code, report, said = told(made, made.output)
    assert report["verification"]["findings"] == []
    assert code == 0
    assert "safe as far as checked" in said


def test_what_verify_was_not_asked_to_do_is_said(film: Redacted, tmp_path: Path) -> None:
    _, report, said = told(film, film.output)
    why = {
        name: text
        for line in report["verification"]["not_checked"]
        for name, text in [line.split(": ", 1)]
        if "(--" in text
    }
    assert set(why) == {"attack", "eyes"}
    assert "(--attack)" in why["attack"]
    assert "(--thorough)" in why["eyes"]
    assert "not checked, or in part: container.coded, eyes, attack (--report says why)" in said


def test_a_plan_that_drops_sound_refuses_a_film_that_kept_it_and_says_what_to_do(
    film: Redacted, tmp_path: Path
) -> None:
    settings = SETTINGS.model_copy(update={"verify": False, "voice": "keep"})
    redact(film.original, tmp_path / "heard.mp4", settings, plan=film.plan)
    code, report, said = told(film, tmp_path / "heard.mp4")
    [finding] = report["verification"]["findings"]
    assert (code, finding["check"]) == (3, "sound")
    assert "verify by the plan that --save-plan wrote then" in said
    redact(film.original, tmp_path / "kept.mp4", settings, save_plan=tmp_path / "kept.json")
    code, report, _ = told(replace(film, plan=tmp_path / "kept.json"), tmp_path / "heard.mp4")
    assert (code, report["verification"]["findings"]) == (0, [])


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("attack", [False, True])
def test_what_was_asked_for_is_not_said_to_be_left_out(attack: bool, thorough: bool) -> None:
    left = {n.check for n in not_asked(thorough=thorough, attack=attack).not_made}
    assert left == {name for name, asked in (("attack", attack), ("eyes", thorough)) if not asked}
