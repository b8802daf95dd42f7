"""From a file to a file: hidden, whole, verified, accounted for; or nothing at all."""

from __future__ import annotations

import json
import os
import weakref
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from passerby.core.errors import MediaError, OutputError, PlanError, UsageError
from passerby.core.geometry import Box
from passerby.jobs import NotHandedOver, Settings, doors, file, footage, redact, scan, verify
from passerby.jobs.finders import Finder
from passerby.jobs.tally import Tally
from passerby.media import VideoSource, probe
from passerby.plan import load

from .films import HEIGHT, WIDTH, film, finder, photo, pictures, place

PLAIN = Settings(preset="fast")


@pytest.fixture(autouse=True)
def knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model: these tests are about everything around it."""
    monkeypatch.setattr(footage, "video_finder", finder())
    monkeypatch.setattr(footage, "photo_finder", finder(late=0))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return film(folder / "clip.y4m")


def lumas(path: Path) -> list[np.ndarray]:
    return [frame.luma(0).copy() for frame in VideoSource(probe(path)).frames()]


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file())


def pixels(luma: np.ndarray, box: Box) -> np.ndarray:
    return luma[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)].astype(float)


def likeness(was: np.ndarray, now: np.ndarray) -> float:
    """Correlation, -1 to 1; 0 for what is flat."""
    a, b = was - was.mean(), now - now.mean()
    return float((a * b).sum() / max(1e-9, np.sqrt((a * a).sum() * (b * b).sum())))


def test_what_was_found_is_hidden_in_every_frame_and_the_rest_is_kept(
    clip: Path, tmp_path: Path
) -> None:
    report = redact(clip, tmp_path / "out.mp4", PLAIN)
    after = lumas(tmp_path / "out.mp4")
    assert len(after) == 12
    for number, (was, now) in enumerate(zip(pictures(12), after, strict=True)):
        face = place(number)
        assert likeness(pixels(was, face), pixels(now, face)) < 0.3
        assert np.abs(now[:30].astype(float) - was[:30]).mean() < 6
    assert report.summary() == "1 track hidden, in 12 of 12 frames; safe as far as checked"
    assert report.counts.frames == report.counts.frames_hidden_in == report.counts.regions == 12
    assert names(tmp_path) == ["out.mp4"]


def test_one_decode_two_decodes_and_a_saved_plan_give_the_same_file(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # x264 gives the same file for the same frames only where its threads do not look ahead.
    steady = Settings(encoder_preset="ultrafast")
    once, twice, planned, again = (tmp_path / f"{n}.mp4" for n in ("once", "two", "plan", "again"))
    plan, saved = tmp_path / "plan.json", tmp_path / "saved.json"
    redact(clip, once, steady, save_plan=saved)
    scan(clip, steady, output=plan)
    redact(clip, planned, steady, plan=plan)
    redact(clip, again, steady, plan=saved)
    with monkeypatch.context() as small:
        small.setattr(file, "BUDGET", 0)
        redact(clip, twice, steady)
    assert saved.read_text() == plan.read_text()
    assert len({path.read_bytes() for path in (once, twice, planned, again)}) == 1


def test_an_edited_plan_hides_more_and_keeps_whom_it_should(clip: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    scan(clip, PLAIN, output=plan)
    document = json.loads(plan.read_text())
    [track] = document["tracks"]
    hide = {"do": "hide", "span": [0, 3], "box": [0, 0, 40, 40], "kind": "face"}
    document["edits"] = [
        hide,
        {"do": "keep", "track": track["id"], "where": track["keys"][0][:5]},
        {"do": "keep", "track": 99, "where": track["keys"][0][:5]},
    ]
    plan.write_text(json.dumps(document))
    report = redact(clip, tmp_path / "out.mp4", PLAIN, plan=plan)
    assert report.counts.frames_hidden_in == 3
    assert (report.counts.tracks, report.counts.tracks_hidden) == (1, 0)
    assert report.summary().startswith("0 tracks hidden, in 3 of 12 frames")
    assert any("keep track 99) does nothing" in note for note in report.notes)


def test_a_style_that_is_asked_for_overrules_that_of_the_plan(clip: Path, tmp_path: Path) -> None:
    plan, saved = tmp_path / "plan.json", tmp_path / "saved.json"
    scan(clip, PLAIN, output=plan)
    solid = Settings(preset="fast", style="solid")
    redact(clip, tmp_path / "out.mp4", solid, plan=plan, save_plan=saved)
    assert load(plan).policy.style == "veil"
    assert load(saved).policy.style == "solid"


def test_a_plan_for_another_film_is_refused(clip: Path, tmp_path: Path) -> None:
    other, plan = film(tmp_path / "other.y4m", frames=13), tmp_path / "plan.json"
    scan(other, PLAIN, output=plan)
    with pytest.raises(PlanError, match="other footage"):
        redact(clip, tmp_path / "out.mp4", PLAIN, plan=plan)
    assert "out.mp4" not in names(tmp_path)


def test_a_plan_of_fewer_frames_than_come_is_refused(clip: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    scan(clip, PLAIN, output=plan)
    plan.write_text(plan.read_text().replace('"frames": 12', '"frames": 11'))
    with pytest.raises(PlanError, match="12 frames were decoded, 11 when"):
        redact(clip, tmp_path / "out.mp4", PLAIN, plan=plan)
    assert names(tmp_path) == ["plan.json"]


@pytest.mark.parametrize("style", ["veil", "solid"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_photo_is_a_film_of_one_frame(tmp_path: Path, suffix: str, style: str) -> None:
    source, output = photo(tmp_path / f"photo{suffix}"), tmp_path / f"out{suffix}"
    report = redact(source, output, Settings(style=style))
    was, now = (np.asarray(Image.open(path).convert("L")) for path in (source, output))
    assert now.shape == (HEIGHT, WIDTH)
    assert likeness(pixels(was, place(0)), pixels(now, place(0))) < 0.3
    assert np.abs(was[:30].astype(float) - now[:30]).mean() < 3
    assert report.passed
    assert report.counts.frames == 1
    assert report.summary() == "1 place hidden; safe as far as checked"


def test_what_verification_finds_is_not_handed_over(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lazy:
        def redact(self, *_: object) -> None:
            """Paints nothing."""

    monkeypatch.setattr(doors, "painter", lambda *_: Lazy())
    with pytest.raises(NotHandedOver, match="left inside a region") as caught:
        redact(clip, tmp_path / "out.mp4", PLAIN, save_plan=tmp_path / "plan.json")
    assert names(tmp_path) == []
    report = caught.value.report
    assert report.verification.verdict == "failed"
    assert {finding.check for finding in report.findings} == {"pixels.left"}
    unlooked = redact(clip, tmp_path / "out.mp4", PLAIN.model_copy(update={"verify": False}))
    assert unlooked.verification.verdict == "not made"
    assert not unlooked.passed


@pytest.mark.parametrize("where", ["find", "paint", "verify", "interrupt"])
def test_whatever_fails_nothing_is_left(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt if where == "interrupt" else RuntimeError(where)

    class Failing:
        redact = staticmethod(fail)

    if where == "find":
        monkeypatch.setattr(footage, "video_finder", finder(fails_at=5))
    elif where == "verify":
        monkeypatch.setattr(footage, "look_again", fail)
    else:
        monkeypatch.setattr(doors, "painter", lambda *_: Failing())
    before = clip.read_bytes()
    with pytest.raises((RuntimeError, KeyboardInterrupt)):
        redact(clip, tmp_path / "out.mp4", PLAIN, save_plan=tmp_path / "plan.json")
    assert names(tmp_path) == []
    assert names(clip.parent) == ["clip.y4m"]
    assert clip.read_bytes() == before


def test_an_input_that_breaks_off_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    whole = clip.with_suffix(".mkv")
    redact(film(clip, frames=50), whole, PLAIN)
    with whole.open("r+b") as handle:
        handle.truncate(whole.stat().st_size // 2)
    with pytest.raises(MediaError):
        redact(whole, tmp_path / "out.mp4", PLAIN)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("output", "says"), [("out.avi", r"\.avi"), ("out", "suffix"), ("out.jpg", r"\.jpg")]
)
def test_a_name_that_cannot_be_honoured_is_refused(
    clip: Path, tmp_path: Path, output: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        redact(clip, tmp_path / output, PLAIN)
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_the_name_of_the_output_says_which_container(
    clip: Path, tmp_path: Path, suffix: str
) -> None:
    report = redact(clip, tmp_path / f"out{suffix}", PLAIN)
    assert report.passed
    made = probe(tmp_path / f"out{suffix}")
    assert report.output is not None
    assert report.output.container == made.container == suffix[1:]


def test_a_plan_never_lands_on_an_input_or_output(clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    for path in (clip, output):
        with pytest.raises(OutputError, match="is the input"):
            redact(clip, output, PLAIN, save_plan=path, force=True)
    with pytest.raises(OutputError, match="is the input"):
        scan(clip, PLAIN, output=clip, force=True)


def test_a_report_says_what_was_done_and_what_was_not_and_names_nobody(
    clip: Path, tmp_path: Path
) -> None:
    report = redact(clip, tmp_path / "out.mp4", PLAIN)
    text = report.text()
    assert json.loads(text) == report.as_dict()
    for secret in (str(tmp_path), clip.name, clip.stem + ".y4m", os.environ.get("USER") or "\0"):
        assert secret not in text
    [track] = report.tracks
    assert (track.start, track.last, track.last_seconds) == (0, 11, 0.44)
    assert set(report.not_looked_for) >= {
        "plates",
        "text",
        "people",
        "faces smaller than 10 px",
    }
    assert 0 < report.counts.covered < 0.5
    assert set(report.timings) == {"probe", "redact", "verify"}


def test_progress_reaches_the_end_of_each_phase(clip: Path, tmp_path: Path) -> None:
    said: dict[str, list[tuple[Fraction, Fraction | None]]] = {}

    def tell(phase: str, done: Fraction, total: Fraction | None) -> None:
        said.setdefault(phase, []).append((done, total))

    redact(clip, tmp_path / "out.mp4", PLAIN, progress=tell)
    scan(clip, PLAIN, output=tmp_path / "plan.json", progress=tell)
    assert list(said) == ["hide", "verify", "find"]
    for steps in said.values():
        assert steps[0] == (Fraction(0), Fraction(12, 25))
        assert steps[-1] == (Fraction(12, 25), Fraction(12, 25))


Made = tuple[Path, Path, Path]


@pytest.fixture
def made(clip: Path, tmp_path: Path) -> Made:
    output, plan = tmp_path / "out.mp4", tmp_path / "plan.json"
    redact(clip, output, PLAIN, save_plan=plan)
    return clip, output, plan


def test_a_finished_file_can_be_checked_later(made: Made) -> None:
    clip, output, plan = made
    whole = verify(output, original=clip, plan=plan)
    assert whole.passed
    assert "pixels.left" in whole.verification.checks
    no_plan = verify(output, original=clip)
    assert no_plan.passed
    assert "time" in no_plan.verification.checks
    assert any(c.startswith("pixels.left: no plan") for c in no_plan.verification.not_checked)
    alone = verify(output)
    assert alone.passed
    assert "decodes" in alone.verification.checks
    assert any(c.startswith("time: there is no orig") for c in alone.verification.not_checked)


def test_a_file_that_is_not_redacted_does_not_pass(made: Made, tmp_path: Path) -> None:
    clip, _, plan = made
    bare = tmp_path / "bare.mp4"
    document = json.loads(plan.read_text()) | {"tracks": []}
    nobody = tmp_path / "nobody.json"
    nobody.write_text(json.dumps(document))
    redact(clip, bare, PLAIN, plan=nobody)
    report = verify(bare, original=clip, plan=plan)
    assert not report.passed
    assert {finding.check for finding in report.findings} == {"pixels.left"}


def test_a_shorter_file_does_not_pass(made: Made, tmp_path: Path) -> None:
    _, output, _ = made
    report = verify(output, original=film(tmp_path / "longer.y4m", frames=14))
    assert {finding.check for finding in report.findings} == {"time.missing"}


def test_between_two_looks_the_models_are_given_back(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[weakref.ref[object]] = []

    def find(*_: object) -> Finder:
        found = finder()()
        opened.append(weakref.ref(found.followers[0]))
        return found

    def render(*given: Any) -> Tally:
        assert [model() for model in opened] == [None]
        return file.rendered(*given)

    monkeypatch.setattr(file, "BUDGET", 0)
    monkeypatch.setattr(footage, "video_finder", find)
    monkeypatch.setattr(footage, "rendered", render)
    assert redact(clip, tmp_path / "out.mp4", PLAIN).passed


def test_a_film_that_changes_between_two_looks_is_refused(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = file.rendered

    def shortened(*given: object) -> object:
        film(clip, frames=11)
        return rendered(*given)  # type: ignore[arg-type]  # what it was given

    monkeypatch.setattr(file, "BUDGET", 0)
    monkeypatch.setattr(footage, "rendered", shortened)
    with pytest.raises(MediaError):
        redact(clip, tmp_path / "out.mp4", PLAIN)
    assert names(tmp_path) == []
