"""Which files are meant, where they go, and what is refused before anything is touched."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.apps.cli.work import Work, gather
from passerby.core.errors import UsageError
from passerby.jobs.naming import default_output, is_media, told_apart


def work(*inputs: Path, output: Path | None = None, to: Path | None = None) -> Work:
    return gather(
        inputs, output=output, to=to, name=default_output, rename=told_apart, is_media=is_media
    )


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_an_output_lies_beside_its_input(tmp_path: Path) -> None:
    touch(tmp_path / "clip.mp4")
    (item,) = work(tmp_path / "clip.mp4").items
    assert item.target == tmp_path / "clip.redacted.mp4"


def test_a_folder_keeps_its_layout(tmp_path: Path) -> None:
    touch(tmp_path / "in/a.jpg", tmp_path / "in/day/b.mp4", tmp_path / "in/day/night/c.png")
    items = work(tmp_path / "in", to=tmp_path / "out").items
    assert [item.target.relative_to(tmp_path / "out").as_posix() for item in items] == [
        "a.redacted.jpg",
        "day/b.redacted.mp4",
        "day/night/c.redacted.png",
    ]


def test_what_is_left_alone_is_listed_with_its_reason(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("a.jpg", "b.redacted.jpg", "c.txt", "._a.jpg")))
    (tmp_path / "elsewhere").symlink_to("/")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    done = work(tmp_path, to=tmp_path / "out")
    assert [item.source.name for item in done.items] == ["a.jpg"]
    assert {path.name: why for path, why in done.skipped} == {
        "elsewhere": "a link to a folder",
        "._a.jpg": "a hidden file",
        "b.redacted.jpg": "redacted already, by its name",
        "c.txt": "of no kind that is taken here",
        "gone.jpg": "no regular file",
    }


def test_the_output_folder_is_not_walked_when_it_lies_inside(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "out/named-by-hand.jpg")
    assert [i.source.name for i in work(tmp_path, to=tmp_path / "out").items] == ["a.jpg"]


def test_a_folder_may_be_redacted_into_itself(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "day/b.jpg")
    assert len(work(tmp_path, to=tmp_path).items) == 2


def test_a_file_named_twice_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a.jpg")
    monkeypatch.chdir(tmp_path)
    assert len(work(Path("a.jpg"), tmp_path / "a.jpg", tmp_path, to=tmp_path).items) == 1


def test_a_file_named_on_purpose_is_taken_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path / "notes.txt", tmp_path / "a.redacted.jpg")
    assert len(work(tmp_path / "notes.txt", tmp_path / "a.redacted.jpg").items) == 2


def test_contradictions_are_refused(tmp_path: Path) -> None:
    a, b, folder = tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "folder"
    touch(a, b, folder / "c.jpg")
    refused: list[tuple[tuple[Path, ...], dict[str, Path], str]] = [
        ((a,), {"output": b, "to": folder}, "contradict"),
        ((a, b), {"output": folder / "x.jpg"}, "--to DIR"),
        ((folder,), {"output": b}, "--to DIR"),
        ((folder,), {}, "--to DIR"),
        ((a,), {"output": folder}, "--to DIR"),
        ((a,), {"to": b}, "--to is a file"),
        ((a,), {"output": a}, "is the input"),
    ]
    for inputs, where, words in refused:
        with pytest.raises(UsageError, match=words):
            work(*inputs, output=where.get("output"), to=where.get("to"))


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_output_that_is_the_input_by_a_link_is_refused(tmp_path: Path, link: object) -> None:
    touch(tmp_path / "a.jpg")
    assert callable(link)
    link(tmp_path / "a.jpg", tmp_path / "b.jpg")
    with pytest.raises(UsageError, match="is the input"):
        work(tmp_path / "a.jpg", output=tmp_path / "b.jpg")


def test_an_output_that_is_another_input_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "a.redacted.jpg")
    with pytest.raises(UsageError, match="is the input"):
        work(tmp_path / "a.jpg", tmp_path / "a.redacted.jpg")


@pytest.mark.parametrize("second", ["x.avi", "x.MP4"])
def test_inputs_that_would_share_an_output_get_names_of_their_own(
    tmp_path: Path, second: str
) -> None:
    touch(tmp_path / "x.mp4", tmp_path / second, tmp_path / "x.mpg")
    made = {i.source.name: i.target.name for i in work(tmp_path, to=tmp_path / "out").items}
    assert made["x.mp4"] == "x.redacted.mp4"
    assert made["x.mpg"] == "x.mpg.redacted.mp4"
    assert made[second] == {"x.avi": "x.avi.redacted.mp4", "x.MP4": "x.redacted.MP4"}[second]


def test_two_inputs_for_one_output_are_refused(tmp_path: Path) -> None:
    touch(tmp_path / "x/a.jpg", tmp_path / "y/a.jpg")
    with pytest.raises(UsageError, match="two inputs"):
        work(tmp_path / "x/a.jpg", tmp_path / "y/a.jpg", to=tmp_path / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_folder_that_can_not_be_read_is_not_passed_over(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "locked/b.jpg")
    (tmp_path / "locked").chmod(0)
    with pytest.raises(UsageError, match="can't be read"):
        work(tmp_path, to=tmp_path / "out")


names = st.sampled_from(["a", "b", "a.redacted", "ä ö", ".c"])
suffixes = st.sampled_from([".jpg", ".JPG", ".mp4", ".txt", ""])
files = st.builds(
    lambda folders, name, suffix: "/".join([*folders, "f" + name + suffix]),
    st.lists(st.sampled_from(["x", "y"]), max_size=2),
    names,
    suffixes,
)


@given(st.lists(files, min_size=1, max_size=8, unique=True))
def test_every_file_of_a_folder_is_done_or_listed_and_no_output_is_an_input(
    tree: list[str],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "in"
        touch(*(root / name for name in tree))
        done = work(root, to=root)
        sources = {item.source for item in done.items}
        targets = {item.target for item in done.items}
        assert sources | {path for path, _ in done.skipped} == {root / name for name in tree}
        assert len(targets) == len(done.items)
        assert not targets & sources
