"""A plan survives being saved, read, compared and damaged."""

from __future__ import annotations

import difflib
import json
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.errors import PlanError
from passerby.core.geometry import Box
from passerby.core.time import Ticks
from passerby.core.track import Key, Track, Why
from passerby.plan import (
    Document,
    Hide,
    Policy,
    Timeline,
    check_binding,
    check_frames,
    load,
    parse,
    text_of,
)
from passerby.plan.reading import MOST_BYTES
from passerby.plan.schema.generate import schema

from .tracks import document, hides, keep, policies, tracks


@given(tracks(), policies(), st.lists(hides(), max_size=3))
def test_what_is_saved_is_what_is_read(
    found: list[Track], policy: Policy, edits: list[Hide]
) -> None:
    kept = [keep(t) for t in found if t.keys[0].box.area > 0]
    plan = document(found, [*edits, *kept], policy)
    text = text_of(plan)
    assert parse(text) == plan
    assert text_of(parse(text)) == text
    assert json.loads(text) == plan.model_dump(mode="json") | {
        "edits": [e.model_dump(mode="json", exclude_none=True) for e in plan.edits]
    }


@given(tracks())
def test_a_timeline_gives_back_its_tracks(found: list[Track]) -> None:
    again = list(Timeline.of(found, Policy()).tracks())
    assert [t.id for t in again] == [t.id for t in found]
    for old, new in zip(found, again, strict=True):
        assert [(k.at, k.box, k.why) for k in old.keys] == [(k.at, k.box, k.why) for k in new.keys]


def test_a_plan_reads_well_in_a_diff() -> None:
    def plan(x: float) -> list[str]:
        keys = [Key(Ticks(t), Box(x if t == 3 else 4, 2, 30, 40), Why.SEEN, 0.5) for t in range(6)]
        return text_of(document([Track(1, "face", tuple(keys))])).splitlines()

    changed = [line for line in difflib.unified_diff(plan(5), plan(5.25), n=0) if line[1:2] == " "]
    assert changed == [
        '-   [3, 5, 2, 30, 40, "seen", 0.5],',
        '+   [3, 5.25, 2, 30, 40, "seen", 0.5],',
    ]


def test_an_edit_is_one_line_at_the_end() -> None:
    found = [Track(1, "face", (Key(Ticks(0), Box(0, 0, 9, 9), Why.SEEN, 0.5),))]
    edit = Hide(span=(0, 5), box=(1, 2, 3, 4), note="door")
    lines = text_of(document(found, [edit])).splitlines()
    assert lines[-3] == (
        '  {"do": "hide", "span": [0, 5], "box": [1.0, 2.0, 3.0, 4.0], '
        '"kind": "face", "note": "door"}'
    )


def test_the_committed_schema_is_that_of_the_models() -> None:
    committed = files("passerby.plan.schema").joinpath("plan-1.json").read_text(encoding="utf-8")
    assert committed == schema()


GOOD = text_of(document([Track(1, "face", (Key(Ticks(0), Box(0, 0, 9, 9), Why.SEEN, 0.5),))]))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("plan/1", "plan/2", "another version"),
        ('"passerby": "plan/1",', "", "another version"),
        ('"frames": 81', '"frames": "81"', "media.frames"),
        ('"frames": 81', '"frames": -1', "media.frames"),
        ('"frames": 81', '"frames": 81, "owner": "me"', "media.owner"),
        ("[0, 0, 0, 9, 9", "[0, 0, 0, NaN, 9", "tracks.0.keys.0"),
        ("[0, 0, 0, 9, 9", "[0, 0, 0, 1e999, 9", "tracks.0.keys.0"),
        ("[0, 0, 0, 9, 9", "[0, 0, 0, 1e9, 9", "tracks.0.keys.0"),
        ("[0, 0, 0, 9, 9", "[0, 10, 0, 9, 9", "inside out"),
        ("[0, 0, 0, 9, 9", "[0.5, 0, 0, 9, 9", "tracks.0.keys.0"),
        ("[0, 0, 0, 9, 9", f"[{2**63}, 0, 0, 9, 9", "tracks.0.keys.0"),
        ('"seen", 0.5]', '"guessed", 0.5]', "tracks.0.keys.0"),
        ('"seen", 0.5]', '"seen", 1.5]', "tracks.0.keys.0"),
        ('"seen", 0.5]', '"seen", 0.5],\n[0, 0, 0, 9, 9, "seen", 0.5]', "order of time"),
        ('"edits": []', '"edits": [{"do": "hide", "span": [5, 5], "box": [0, 0, 1, 1]}]', "span"),
        ('"edits": []', '"edits": [{"do": "hide", "span": [0, 5], "box": [0, 0, 0, 1]}]', "empty"),
        ('"edits": []', '"edits": [{"do": "show"}]', "edits.0"),
        ('"edits": []', '"edits": [{"do": "keep", "track": 1}]', "where"),
        ('"edits": []\n}', "", "no plan, or damaged"),
        ('"1/90000"', '"1/0"', "time_base"),
    ],
)
def test_a_slip_is_an_error_that_says_where(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(PlanError, match=says):
        parse(GOOD.replace(old, new), Path("plan.json"))


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, "\x00", '{"a":' * 5000])
def test_what_is_no_plan_is_said_to_be_none(text: str) -> None:
    with pytest.raises(PlanError):
        parse(text)


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=4), st.integers(0, 8))
def test_damage_is_noticed_or_harmless(at: int, put: bytes, cut: int) -> None:
    raw = GOOD.encode()
    try:
        plan = parse(raw[:at] + put + raw[at + cut :])
    except PlanError:
        return
    assert isinstance(plan, Document)
    assert parse(text_of(plan)) == plan


def test_two_tracks_with_one_id_are_refused() -> None:
    key = (Key(Ticks(0), Box(0, 0, 9, 9), Why.SEEN, 0.5),)
    text = text_of(document([Track(1, "face", key), Track(2, "face", key)]))
    with pytest.raises(PlanError, match="same id"):
        parse(text.replace('"id": 2', '"id": 1'))


def test_a_missing_plan_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"none\.json: the plan can't be read"):
        load(tmp_path / "none.json")
    with pytest.raises(PlanError, match="can't be read"):
        load(tmp_path)


def test_a_plan_too_big_to_be_one_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)  # sparse: takes no room
    with pytest.raises(PlanError, match="too many for a plan"):
        load(path)


def test_a_plan_for_other_footage_is_refused() -> None:
    plan = document()
    streams = ("video h264", "audio aac")
    check_binding(plan, "0a" * 32, streams)
    with pytest.raises(PlanError, match=r"other footage.*passerby scan"):
        check_binding(plan, "0c" * 32, streams)
    with pytest.raises(PlanError, match="layout"):
        check_binding(plan, "0a" * 32, streams[:1])
    check_frames(plan, 81)
    with pytest.raises(PlanError, match="80 frames were decoded, 81 when"):
        check_frames(plan, 80)
