"""A file appears under its final name when it is whole, or not at all, and never over an input."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from passerby.core.errors import OutputError
from passerby.jobs.output import answered, check_free, write_text, written_whole


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    output = tmp_path / "clip.redacted.mp4"
    with written_whole(output) as partial:
        assert partial == tmp_path / "clip.redacted.mp4.partial"
        partial.write_bytes(b"frames")
        assert names(tmp_path) == [partial.name]
    assert names(tmp_path) == [output.name]
    assert output.read_bytes() == b"frames"


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_goes_wrong_nothing_is_left(tmp_path: Path, failure: type[BaseException]) -> None:
    output = tmp_path / "out.mp4"
    output.write_bytes(b"before")
    with pytest.raises(failure), written_whole(output, force=True) as partial:  # noqa: PT012 - it fails inside
        partial.write_bytes(b"half")
        raise failure
    assert names(tmp_path) == ["out.mp4"]
    assert output.read_bytes() == b"before"


def test_what_exists_is_replaced_only_by_force(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.write_bytes(b"before")
    with (
        pytest.raises(OutputError, match="exists already; pass --force"),
        written_whole(output),
    ):
        pytest.fail("must not begin")
    with written_whole(output, force=True) as partial:
        partial.write_bytes(b"after")
    assert output.read_bytes() == b"after"


def test_a_name_that_was_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    with pytest.raises(OutputError, match="appeared"), written_whole(output) as partial:  # noqa: PT012 - it fails inside
        partial.write_bytes(b"ours")
        output.write_bytes(b"theirs")
    assert names(tmp_path) == ["out.mp4"]
    assert output.read_bytes() == b"theirs"


def test_it_works_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    with written_whole(tmp_path / "a") as partial:
        partial.write_bytes(b"x")
    assert names(tmp_path) == ["a"]
    with pytest.raises(OutputError, match="exists"), written_whole(tmp_path / "b") as partial:
        (tmp_path / "b").write_bytes(b"theirs")
    assert (tmp_path / "b").read_bytes() == b"theirs"


@pytest.mark.parametrize("how", ["same", "dots", "symlink", "hardlink", "folder link"])
def test_an_output_that_is_the_input_is_refused_even_by_force(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    original = folder / "clip.mp4"
    original.write_bytes(b"original")
    output = {
        "same": original,
        "dots": folder / ".." / "in" / "clip.mp4",
        "symlink": tmp_path / "soft.mp4",
        "hardlink": tmp_path / "hard.mp4",
        "folder link": tmp_path / "again" / "clip.mp4",
    }[how]
    if how == "symlink":
        output.symlink_to(original)
    elif how == "hardlink":
        output.hardlink_to(original)
    elif how == "folder link":
        (tmp_path / "again").symlink_to(folder)
    with (
        pytest.raises(OutputError, match="output is the input"),
        written_whole(output, inputs=[original], force=True),
    ):
        pytest.fail("must not begin")
    assert original.read_bytes() == b"original"


@pytest.mark.parametrize("how", ["symlink", "hardlink"])
def test_a_planted_partial_does_not_lead_to_the_input(tmp_path: Path, how: str) -> None:
    original, victim = tmp_path / "clip.mp4", tmp_path / "victim"
    original.write_bytes(b"original")
    victim.write_bytes(b"precious")
    partial = tmp_path / "out.mp4.partial"
    if how == "symlink":
        partial.symlink_to(victim)
    else:
        partial.hardlink_to(victim)
    with written_whole(tmp_path / "out.mp4", inputs=[original]) as mine:
        mine.write_bytes(b"frames")
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "out.mp4").read_bytes() == b"frames"


def test_an_input_by_the_partials_name_is_not_touched(tmp_path: Path) -> None:
    original = tmp_path / "out.mp4.partial"
    original.write_bytes(b"original")
    with (
        pytest.raises(OutputError, match="is the input"),
        written_whole(tmp_path / "out.mp4", inputs=[original], force=True),
    ):
        pytest.fail("must not begin")
    assert original.read_bytes() == b"original"


def test_what_a_killed_run_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.mp4.partial").write_bytes(b"half of it")
    with written_whole(tmp_path / "out.mp4") as partial:
        assert partial.read_bytes() == b""
        partial.write_bytes(b"whole")
    assert names(tmp_path) == ["out.mp4"]


def test_two_runs_do_not_write_one_output(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    with written_whole(output, force=True) as partial:
        partial.write_bytes(b"first")
        with (
            pytest.raises(OutputError, match="another run"),
            written_whole(output, force=True),
        ):
            pytest.fail("must not begin")
    assert output.read_bytes() == b"first"


@pytest.mark.parametrize(
    ("name", "says"), [("no/where.mp4", "folder does not exist"), ("", "is a folder")]
)
def test_an_impossible_place_is_refused(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(OutputError, match=says):
        check_free(tmp_path / name, force=True)


def test_a_dangling_link_counts_as_existing(tmp_path: Path) -> None:
    link = tmp_path / "out.mp4"
    link.symlink_to(tmp_path / "gone")
    with pytest.raises(OutputError, match="exists"):
        check_free(link)


def test_a_folder_without_permission_is_an_error_of_ours(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="permission"), written_whole(tmp_path / "out.mp4"):
            pytest.fail("must not begin")
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_is_an_error_of_ours() -> None:
    with (
        pytest.raises(OutputError, match="no space left.*make room"),  # noqa: RUF043 - a pattern, meant so
        answered(Path("out.mp4")),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_text_is_written_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "plan.json", "{}\n")
    assert (tmp_path / "plan.json").read_bytes() == b"{}\n"
    with pytest.raises(OutputError, match="exists"):
        write_text(tmp_path / "plan.json", "[]\n")


@pytest.mark.parametrize("length", [300, 255, 250])
def test_a_name_too_long_for_the_disk_is_an_error_of_ours(tmp_path: Path, length: int) -> None:
    path = tmp_path / ("a" * length)
    with pytest.raises(OutputError, match="too long") as error, written_whole(path):
        pass
    assert "shorter" in error.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_no_known_letters_can_be_told_in_a_paper(tmp_path: Path) -> None:
    odd = os.fsdecode(b"lat\xe9in.png")
    write_text(tmp_path / "report.json", json.dumps({"name": odd}, ensure_ascii=False))
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert os.fsencode(told["name"]) == b"lat\xe9in.png"
