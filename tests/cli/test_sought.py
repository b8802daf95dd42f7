"""By a plan nobody looks: what was not looked for when it was made is told, and not promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from passerby.core.errors import UsageError
from passerby.jobs import Settings
from passerby.jobs.review import Papers, opened
from passerby.jobs.sought import check_sought
from passerby.plan import Document, load


@pytest.fixture
def plan(inside: Run, photo: Path, tmp_path: Path) -> Path:
    """Of a photo with a face in which only plates were looked for."""
    done = inside("scan", photo, "--hide", "plates", "-o", "plan.json")
    assert done.returncode == 0, done.stderr
    return tmp_path / "plan.json"


def test_a_report_says_what_was_not_looked_for_when_the_plan_was_made(
    inside: Run, photo: Path, plan: Path, tmp_path: Path
) -> None:
    done = inside("redact", photo, "--plan", plan, "-o", "out.jpg", "--report", "r.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["settings"]["hide"] == ["plates"]
    left = report["not_looked_for"]
    assert {"faces", "text", "people"} <= {*left}
    assert "plates" not in left
    assert "not looked for when the plan was made: faces, text, people" in done.stderr


def test_what_a_plan_does_not_hold_can_t_be_asked_for(
    inside: Run, photo: Path, plan: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text('hide = ["text", "plates"]\n')
    for words, missing, all_ in (
        (("--hide", "faces"), "faces", "faces,plates"),
        (("--policy", "publish"), "faces", "faces,plates"),
        (("--settings", "own.toml"), "text", "plates,text"),
    ):
        done = inside("redact", photo, "--plan", plan, "-o", "out.jpg", *words)
        assert done.returncode == 2
        assert f"without looking for {missing};" in done.stderr
        assert f"passerby scan --hide {all_}`" in done.stderr
        assert not (tmp_path / "out.jpg").exists()
    same = inside("redact", photo, "--plan", plan, "-o", "out.jpg", "--hide", "plates")
    assert same.returncode == 0, same.stderr


@pytest.mark.parametrize(
    ("made", "asked", "missing"),
    [
        ({}, {"heads": True}, "heads without a face"),
        ({"heads": True}, {"heads": True}, None),
        ({"preset": "thorough"}, {"heads": True}, None),
        ({}, {"heads": False}, None),
        ({}, {"smallest": {"faces": 4}}, "faces as small as 4 px"),
        ({}, {"smallest": {"faces": 40, "plates": 4}}, None),
        ({"smallest": {"faces": 4.0}}, {"smallest": {"faces": 4}}, None),
        ({}, {"preset": "fast", "style": "solid"}, None),
    ],
)
def test_heads_and_small_faces_can_t_be_asked_for_either_where_nobody_looked(
    document: Document, made: dict[str, object], asked: dict[str, object], missing: str | None
) -> None:
    settings = Settings.model_validate(asked)
    known = document.model_copy(update={"settings": {**document.settings, **made}})
    if missing is None:
        check_sought(known, settings, None)
    else:
        with pytest.raises(UsageError, match=missing):
            check_sought(known, settings, None)


@pytest.fixture
def document(inside: Run, photo: Path, tmp_path: Path) -> Document:
    """The plan of a photo in which faces of 12 pixels and more were looked for."""
    assert inside("scan", photo, "-o", "usual.json").returncode == 0
    plan = load(tmp_path / "usual.json")
    used = tuple(use.model_copy(update={"smallest": 12.0}) for use in plan.detectors)
    return plan.model_copy(update={"detectors": used})


def test_a_review_of_a_plan_that_is_there_asks_for_no_more_than_it_holds(
    photo: Path, plan: Path, tmp_path: Path
) -> None:
    asked = Settings(hide=("faces",), heads=True, style="solid", detector=("faces=own.v1",))
    session = opened(Papers(photo, plan, tmp_path / "out.jpg"), asked)
    check_sought(session.document, session.settings, plan)
    assert session.settings.style == "solid"
    session.close()
