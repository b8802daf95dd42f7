"""Times that a person muted: nothing is heard then, in any track, and verification listens."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.jobs.test_voices import film, heard

from passerby import jobs
from passerby.core.errors import PlanError
from passerby.core.time import Span, Ticks
from passerby.jobs.report import NotHandedOver
from passerby.plan import Mute, Revoke, load, muted

RATE = 48000
KEPT = jobs.Settings(preset="fast", voice="keep")
MUTED = (2.0, 3.5)  # seconds


def tone(pitch: float, seconds: float = 6.0) -> NDArray[np.float32]:
    return np.asarray(
        0.3 * np.sin(2 * np.pi * pitch * np.arange(seconds * RATE) / RATE), np.float32
    )


@pytest.fixture
def beeps(tmp_path: Path) -> Path:
    """Two tracks, one of them stereo, that never pause."""
    high = tone(3100)
    return film(tmp_path / "a.mp4", [np.stack([high, 0.5 * high]), tone(2500)[None]], RATE)


def planned(path: Path, *spans: tuple[float, float], more: tuple[dict[str, Any], ...] = ()) -> Path:
    """A plan in which a person has muted times, given in seconds."""
    plan = path.with_suffix(".plan.json")
    jobs.scan(path, KEPT, output=plan, force=True)
    facts = json.loads(plan.read_text())
    tick = Fraction(facts["media"]["time_base"])
    facts["edits"] = [{"do": "mute", "span": [round(a / tick), round(b / tick)]} for a, b in spans]
    facts["edits"] += more
    plan.write_text(json.dumps(facts))
    return plan


def loudest(path: Path, track: int, start: float, end: float) -> float:
    return float(np.abs(heard(path, track, RATE)[:, round(start * RATE) : round(end * RATE)]).max())


def test_nothing_is_heard_then_and_everything_else_is(beeps: Path, tmp_path: Path) -> None:
    out, plan = tmp_path / "out.mp4", planned(beeps, MUTED)
    report = jobs.redact(beeps, out, KEPT, plan=plan)
    assert report.passed
    assert "sound.muted" in report.verification.checks
    start, end = MUTED
    for track in (0, 1):
        assert loudest(out, track, start + 0.03, end - 0.03) < 1e-3
        for apart in ((0.5, start - 0.03), (end + 0.03, 5.5)):
            assert loudest(out, track, *apart) > 0.2
    assert jobs.verify(out, original=beeps, plan=plan).passed


def test_what_was_revoked_is_heard_again(beeps: Path, tmp_path: Path) -> None:
    plan = planned(beeps, MUTED, more=({"do": "revoke", "edit": 0},))
    jobs.redact(beeps, tmp_path / "out.mp4", KEPT, plan=plan)
    assert loudest(tmp_path / "out.mp4", 0, *MUTED) > 0.2


def test_a_film_in_which_the_time_is_heard_is_not_handed_over(
    beeps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.redact(beeps, tmp_path / "heard.mp4", KEPT)
    plan = planned(beeps, (4.0, 4.5), MUTED)
    report = jobs.verify(tmp_path / "heard.mp4", original=beeps, plan=plan)
    (finding,) = report.findings
    assert finding.check == "sound.muted"
    assert "sound track 1, around 2 s" in finding.what
    monkeypatch.setattr("passerby.jobs.footage.muted", lambda edits: ())
    with pytest.raises(NotHandedOver):
        jobs.redact(beeps, tmp_path / "out.mp4", KEPT, plan=plan)
    assert not (tmp_path / "out.mp4").exists()


def test_where_the_sound_is_dropped_there_is_nothing_to_mute(beeps: Path, tmp_path: Path) -> None:
    plan = planned(beeps, MUTED)
    report = jobs.redact(beeps, tmp_path / "out.mp4", jobs.Settings(preset="fast"), plan=plan)
    assert report.passed


@pytest.mark.parametrize("span", ["[5, 5]", "[9, 2]", "null", '["a", 1]'])
def test_a_time_that_makes_no_sense_is_refused(beeps: Path, tmp_path: Path, span: str) -> None:
    plan = planned(beeps)
    text = json.loads(plan.read_text())
    text["edits"] = [{"do": "mute", "span": json.loads(span)}]
    plan.write_text(json.dumps(text))
    with pytest.raises(PlanError):
        load(plan)


moments = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=6)


@given(moments)
def test_times_that_touch_are_one_and_none_is_lost(asked: list[tuple[int, int]]) -> None:
    edits = [Mute(span=(a, a + b)) for a, b in asked]
    spans = muted([*edits, Mute(span=(90, 95)), Revoke(edit=len(edits))])
    ticks = {tick for a, b in asked for tick in range(a, a + b)}
    assert {tick for span in spans for tick in range(span.start, span.end)} == ticks
    assert all(a.end < b.start for a, b in pairwise(spans))
    assert all(isinstance(span, Span) and span.start == Ticks(span.start) for span in spans)


def test_a_plan_saved_with_a_film_says_how_its_sound_was_rendered(
    beeps: Path, tmp_path: Path
) -> None:
    """Whatever it was scanned for; one with sound that it says is dropped fails."""
    scanned, saved, out = tmp_path / "scan.json", tmp_path / "saved.json", tmp_path / "out.mp4"
    jobs.scan(beeps, jobs.Settings(preset="fast"), output=scanned)
    without = jobs.Settings(preset="fast", mute_speech=True)
    jobs.redact(beeps, out, without, plan=scanned, save_plan=saved)
    assert load(saved).settings["mute_speech"] is True
    assert jobs.verify(out, original=beeps, plan=saved).passed
    assert [f.check for f in jobs.verify(out, original=beeps, plan=scanned).findings] == ["sound"]
    silent, later = jobs.Settings(preset="fast"), tmp_path / "later.json"
    jobs.redact(beeps, tmp_path / "mute.mp4", silent, plan=saved, save_plan=later)
    assert load(later).settings["mute_speech"] is False
    assert [f.check for f in jobs.verify(out, original=beeps, plan=later).findings] == ["sound"]
