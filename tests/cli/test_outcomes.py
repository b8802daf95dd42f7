"""What the command line makes of what the jobs report: exit codes, JSON, lines. Jobs are faked."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from passerby import jobs
from passerby.apps.cli.app import run
from passerby.core.errors import Truncated
from passerby.jobs.report import Finding, NotHandedOver, Report, Verification

GOOD = Report(job="redact", versions={}, notes=("the sound was dropped",))
BAD = Report(
    job="redact",
    versions={},
    verification=Verification(
        verdict="failed", findings=(Finding(check="pixels", what="something shows"),)
    ),
)


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three files whose names say what the faked jobs make of them."""
    names = ["good.mp4", "found.mp4", "broken.mp4", "mistake.mp4", "stop.mp4"]
    for name in names:
        (tmp_path / name).touch()

    def redact(source: Path, target: Path, settings: object, **more: Any) -> Report:
        match source.name:
            case "found.mp4":
                raise NotHandedOver(BAD, path=target)
            case "broken.mp4":
                raise Truncated("the file ends early", path=source, hint="copy it again")
            case "mistake.mp4":
                raise ZeroDivisionError("the words of this error\nquote the footage")
            case "stop.mp4":
                raise KeyboardInterrupt
        if more["progress"] is not None:
            more["progress"]("hiding", Fraction(1), Fraction(2))
        return GOOD

    monkeypatch.setattr(jobs, "redact", redact)
    monkeypatch.chdir(tmp_path)
    return names


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["good.mp4"], 0),
        (["found.mp4"], 3),
        (["broken.mp4"], 1),
        (["good.mp4", "found.mp4"], 3),
        (["found.mp4", "broken.mp4", "good.mp4"], 1),
        (["mistake.mp4", "good.mp4"], 1),
        (["stop.mp4"], 1),
        (["good.mp4", "--no-such-option"], 2),
        (["good.mp4", "--hide", "ghosts"], 2),
        (["good.mp4", "--hide", "faces,ghosts"], 2),
        (["good.mp4", "--hide", ","], 2),
        (["good.mp4", "--style", "tint"], 2),
        (["good.mp4", "--crf", "99"], 2),
        (["good.mp4", "-o", "good.mp4"], 2),
        (["good.mp4", "found.mp4", "--save-plan", "p.json"], 2),
        ([], 2),
    ],
)
def test_exit_codes(
    clips: list[str], names: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["redact", *names]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert (code == 0) or "passerby: " in said.err


@pytest.mark.parametrize(
    "names",
    [["good.mp4"], ["good.mp4", "found.mp4", "broken.mp4"], ["--nonsense"], ["x.mp4", "-o", "/"]],
)
def test_json_is_one_object_and_says_the_exit_code(
    clips: list[str], names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["redact", "--json", *names])
    told = json.loads(capsys.readouterr().out)
    assert told["passerby"] == "result/1"
    assert told["exit"] == code
    assert "error" in told or len(told["files"]) == len(names)


def test_one_bad_file_does_not_stop_the_others(
    clips: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(["redact", "--json", "broken.mp4", "mistake.mp4", "found.mp4", "good.mp4"])
    files = json.loads(capsys.readouterr().out)["files"]
    assert [file["status"] for file in files] == ["failed", "failed", "found", "done"]
    assert [file["error"] and file["error"]["code"] for file in files] == [
        "media.truncated",
        "error",
        "verification",
        None,
    ]


def test_a_stop_stops_the_rest_and_what_was_done_is_told(
    clips: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["redact", "--json", "good.mp4", "stop.mp4", "found.mp4"]) == 1
    said = capsys.readouterr()
    files = json.loads(said.out)["files"]
    assert [file["status"] for file in files] == ["done", "failed"]
    assert "1 not begun" in said.err


def test_an_error_is_one_line_with_the_file_and_what_to_do(
    clips: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(["redact", "--quiet", "broken.mp4"])
    assert capsys.readouterr().err == ("passerby: broken.mp4: the file ends early; copy it again\n")


def test_a_mistake_of_ours_never_quotes_its_words(
    clips: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(["redact", "--quiet", "mistake.mp4"])
    said = capsys.readouterr().err
    assert "footage" not in said
    assert "ZeroDivisionError" in said
    assert said.count("\n") == 1


def test_a_file_name_can_not_break_the_line_or_move_the_cursor(
    clips: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = "a\nb\x1b[2Jc[red].mp4"
    (tmp_path / name).touch()
    run(["redact", name])
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "a\\nb\\x1b[2Jc[red].mp4" in said


def test_quiet_says_nothing_when_all_went_well(
    clips: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["redact", "--quiet", "good.mp4"]) == 0
    assert capsys.readouterr() == ("", "")


def test_notes_and_progress_go_to_standard_error(
    clips: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(["redact", "good.mp4"])
    said = capsys.readouterr()
    assert "good.mp4: hiding" in said.err
    assert "the sound was dropped" in said.err
    assert said.out == ""


def test_the_report_of_one_file_is_its_own(clips: list[str], tmp_path: Path) -> None:
    run(["redact", "good.mp4", "--report", "report.json"])
    assert json.loads((tmp_path / "report.json").read_text())["passerby"] == "report/1"


def test_a_failed_verification_leaves_its_report(clips: list[str], tmp_path: Path) -> None:
    run(["redact", "found.mp4", "--report", "report.json"])
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["verification"]["findings"][0]["check"] == "pixels"


def test_the_report_of_several_files_holds_them_all(clips: list[str], tmp_path: Path) -> None:
    run(["redact", "good.mp4", "broken.mp4", "--report", "report.json"])
    told = json.loads((tmp_path / "report.json").read_text())
    assert [file["status"] for file in told["files"]] == ["done", "failed"]


def test_a_report_is_never_overwritten_never_an_input_and_refused_before_the_work(
    clips: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "redact", lambda *_, **__: pytest.fail("the work was begun"))
    (tmp_path / "report.json").write_text("mine")
    assert run(["redact", "good.mp4", "--report", "report.json"]) == 1
    assert (tmp_path / "report.json").read_text() == "mine"
    assert run(["redact", "good.mp4", "--report", "good.mp4", "--force"]) != 0
    assert (tmp_path / "good.mp4").read_bytes() == b""


def test_settings_come_from_the_file_and_flags_win(
    clips: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[jobs.Settings] = []

    def redact(source: Path, target: Path, settings: jobs.Settings, **more: Any) -> Report:
        seen.append(settings)
        return GOOD

    monkeypatch.setattr(jobs, "redact", redact)
    (tmp_path / "s.toml").write_text('style = "solid"\npreset = "fast"\nverify = false\n')
    assert run(["redact", "good.mp4", "--settings", "s.toml", "--preset", "thorough"]) == 0
    (settings,) = seen
    assert (settings.style, settings.preset, settings.verify) == ("solid", "thorough", False)


@pytest.mark.parametrize("text", ["style = ", "stile = 'solid'", "hide = ['ghosts']", "crf = 'x'"])
def test_wrong_settings_are_refused_in_one_line(
    clips: list[str], tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.toml").write_text(text)
    assert run(["redact", "good.mp4", "--settings", "s.toml"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_verify_says_3_when_something_was_found(
    clips: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jobs, "verify", lambda *_, **__: BAD)
    assert run(["verify", "good.mp4", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["files"][0]["status"] == "found"
    monkeypatch.setattr(jobs, "verify", lambda *_, **__: GOOD)
    assert run(["verify", "good.mp4"]) == 0


def test_help_names_every_option_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["redact", "--help"]) == 0
    said = capsys.readouterr().out
    contract = (
        "--output -o --to --hide --style --voice --preset --plan --save-plan --report --verify "
        "--no-verify --crf --encoder-preset --force --quiet --json --settings"
    )
    for option in contract.split():
        assert option in said


def test_no_command_shows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    said = capsys.readouterr().out
    assert all(command in said for command in ("redact", "scan", "verify", "doctor"))
