"""Plans, reports and manifests never take an output's place, and never take an output along."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run

from passerby import jobs
from passerby.apps.cli.app import run
from passerby.core.errors import UsageError
from passerby.jobs import apart
from passerby.jobs import output as outputs
from passerby.jobs.apart import told_apart
from passerby.jobs.interchange import export
from passerby.jobs.report import Report

DONE = Report(job="redact", versions={})
PAPERS = ("--report", "r.json", "--manifest", "m.json")
READ = {"a.jpg", "b.jpg", "p.json", "s.toml", "w.vtt", "c.pem"}


@pytest.fixture
def faked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files that hold their names, and jobs that say which of them they were given."""
    for name in READ - {"s.toml"}:
        (tmp_path / name).write_text(name)
    (tmp_path / "s.toml").write_text('style = "solid"\n')
    begun: list[str] = []

    def redact(source: Path, target: Path, *_: Any, **__: Any) -> Report:
        begun.append(source.name)
        target.write_text("redacted")
        return DONE

    def scan(source: Path, *_: Any, output: Path, **__: Any) -> Report:
        begun.append(source.name)
        output.write_text("plan")
        return DONE

    def verify(source: Path, *_: Any, **__: Any) -> Report:
        begun.append(source.name)
        return DONE

    for job in (redact, scan, verify):
        monkeypatch.setattr(jobs, job.__name__, job)
    monkeypatch.chdir(tmp_path)
    return begun


@pytest.mark.parametrize(
    "arguments",
    [
        "redact a.jpg -o o.jpg --report o.jpg",
        "redact a.jpg -o o.jpg --manifest o.jpg",
        "redact a.jpg -o o.jpg --save-plan o.jpg",
        "redact a.jpg -o o.jpg --save-plan ./o.jpg",
        "redact a.jpg -o o.jpg --save-plan o.jpg.partial",
        "redact a.jpg --report a.redacted.jpg",
        "redact a.jpg b.jpg --to . --manifest b.redacted.jpg",
        "redact a.jpg -o o.jpg --save-plan x.json --report x.json",
        "redact a.jpg -o o.jpg --manifest x.json --report x.json",
        "redact a.jpg -o o.jpg --manifest x.json --save-plan x.json",
        "redact a.jpg -o o.jpg --report about --save-plan about/report.json",
        "redact a.jpg -o o --report o",
        "redact a.jpg -o o.jpg --report a.jpg",
        "redact a.jpg -o o.jpg --plan p.json --report p.json",
        "redact a.jpg -o o.jpg --plan p.json --save-plan p.json",
        "redact a.jpg -o o.jpg --settings s.toml --report s.toml",
        "redact a.jpg -o o.jpg --policy s.toml --manifest s.toml",
        "redact a.jpg -o w.vtt --voice retell --transcript w.vtt",
        "redact a.jpg -o o.jpg --sign c.pem --key k.pem --report c.pem",
        "redact a.jpg -o o.jpg --seal age1x --report o.jpg.original.age",
        "scan a.jpg -o x.json --report x.json",
        "scan a.jpg -o a.jpg",
        "scan a.jpg -o s.toml --settings s.toml",
        "verify a.jpg --report a.jpg",
        "verify a.jpg --original b.jpg --report b.jpg",
        "verify a.jpg --plan p.json --report p.json",
        "review a.jpg -o x.jpg --plan x.jpg --no-browser",
        "shards a.jpg --to . --settings a.tar",
        "transcribe a.jpg -o a.jpg --language en",
        "subtitles w.vtt -o w.vtt",
        "plan export p.json --film a.jpg -o p.json",
        "plan export p.json --film a.jpg -o a.jpg --format coco",
        "plan import p.json --film a.jpg -o p.json",
        "plan import p.json --film a.jpg -o a.jpg",
    ],
)
def test_two_files_of_one_name_are_refused_before_the_work_begins(
    faked: list[str], tmp_path: Path, arguments: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.tar").write_text('style = "solid"\n')
    (tmp_path / "about").mkdir()
    before = {path: path.is_file() and path.read_text() for path in tmp_path.iterdir()}
    force = [] if arguments.startswith("review") else ["--force"]
    for more in ([], force):
        assert run([*arguments.split(), *more]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not faked
    assert {path: path.is_file() and path.read_text() for path in tmp_path.iterdir()} == before


def test_links_and_other_spellings_lead_to_one_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "also").symlink_to(tmp_path / "in")
    plan = tmp_path / "in/plan.json"
    for other in (tmp_path / "also/plan.json", tmp_path / "in/../in/plan.json"):
        with pytest.raises(UsageError, match="a and b are one file"):
            told_apart([("b", plan), ("a", other)])
    plan.touch()
    (tmp_path / "hard.json").hardlink_to(plan)
    with pytest.raises(UsageError, match="a and b are one file"):
        told_apart([("a", tmp_path / "hard.json")], [("b", plan)])
    told_apart([("a", tmp_path / "a.json"), ("b", plan), ("c", None)], [("d", None)])


def test_names_that_differ_by_case_are_one_where_the_file_system_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [("a", tmp_path / "Out.json"), ("b", tmp_path / "out.JSON")]
    if not (tmp_path.parent / tmp_path.name.swapcase()).exists():
        told_apart(names)
    monkeypatch.setattr(apart, "_folds", lambda folder: True)
    with pytest.raises(UsageError, match="b and a are one file"):
        told_apart(names)


def test_whoever_calls_the_job_is_refused_too(tmp_path: Path, photo: Path) -> None:
    out, about = tmp_path / "out.jpg", tmp_path / "about"
    about.mkdir()
    with pytest.raises(UsageError, match="one file"):
        jobs.redact(
            photo,
            out,
            jobs.Settings(),
            save_plan=about / "report.json",
            report_to=about,
            force=True,
        )
    with pytest.raises(UsageError, match="one file"):
        jobs.redact(photo, out, jobs.Settings(), save_plan=tmp_path / "out.jpg.partial", force=True)
    assert not out.exists()


def test_boxes_and_the_names_of_their_classes_are_two_files(tmp_path: Path, photo: Path) -> None:
    with pytest.raises(UsageError, match="one file"):
        export(tmp_path / "p.json", photo, tmp_path / "labels.txt", force=True)


@pytest.mark.parametrize("option", ["--report", "--manifest", "--save-plan"])
def test_a_paper_that_can_not_be_written_is_refused_before_the_work(
    faked: list[str], tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refused(path: Any, *rest: Any) -> int:
        if "paper.json" in str(path):
            raise OSError(errno.EACCES, "Permission denied")
        return real(path, *rest)

    monkeypatch.setattr(os, "open", refused)
    assert run(["redact", "a.jpg", "-o", "o.jpg", option, "paper.json"]) == 1
    assert not faked
    assert {path.name for path in tmp_path.iterdir()} == READ


def test_where_papers_may_lie_is_left_as_it_was(faked: list[str], tmp_path: Path) -> None:
    assert run(["redact", "a.jpg", "-o", "o.jpg", *PAPERS]) == 0
    assert {path.name for path in tmp_path.iterdir()} == READ | {"o.jpg", "r.json", "m.json"}
    assert json.loads((tmp_path / "r.json").read_text())["passerby"] == "report/1"


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ("redact a.jpg -o o.jpg", "; what was redacted is there"),
        ("scan a.jpg -o x.json", "; the plan is written"),
        ("verify a.jpg", ""),
    ],
)
def test_a_report_that_fails_in_the_end_takes_no_result_along(
    faked: list[str],
    arguments: str,
    kept: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(partial: Path, output: Path, force: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(outputs, "_renamed", full)
    assert run([*arguments.split(), "--report", "r.json", "--json"]) == 1
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["exit"] == 1
    assert [file["status"] for file in told["files"]] == ["done"]
    assert [error["code"] for error in told["unwritten"]] == ["output"]
    line = "passerby: r.json: can't be written: no space left on device; make room, or choose"
    assert f"{line} another disk{kept}\n" in said.err


def test_a_report_that_fails_does_not_keep_the_manifest_from_being_written(
    faked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = outputs._renamed

    def full(partial: Path, output: Path, force: bool) -> None:
        if output.name == "r.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(partial, output, force)

    monkeypatch.setattr(outputs, "_renamed", full)
    assert run(["redact", "a.jpg", "-o", "o.jpg", *PAPERS]) == 1
    assert (tmp_path / "m.json").exists()
    assert not (tmp_path / "r.json").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that takes no file")
def test_a_place_that_takes_no_file_is_found_before_there_is_an_output(
    inside: Run, photo: Path, tmp_path: Path
) -> None:
    done = inside("redact", photo.name, "-o", "out.jpg", "--report", "/proc/r.json", "--json")
    assert done.returncode == 1
    assert "error" in json.loads(done.stdout)
    assert not (tmp_path / "out.jpg").exists()
