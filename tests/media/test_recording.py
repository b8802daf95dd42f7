"""Pieces of recordings: whole when they appear, kept after a kill, deleted when there are many."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest
from tests.media.conftest import SHAPE

from passerby.core.errors import OutputError
from passerby.media import recording
from passerby.media.live_encoder import Coded
from passerby.media.recording import Recording, Retention


def recorded(folder: Path, packets: list[Coded], retention: Retention) -> Recording:
    recording = Recording(folder, SHAPE, retention)
    for packet in packets:
        recording.put(packet)
    return recording


def lengths(folder: Path) -> list[int]:
    """Pictures in each piece that is there, in the order of their names."""
    found = []
    for path in sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name)):
        with av.open(str(path)) as container:
            found.append(sum(1 for _ in container.decode(video=0)))
    return found


def test_each_piece_begins_with_a_key_frame_and_is_whole(
    tmp_path: Path, coded: list[Coded]
) -> None:
    recorded(tmp_path, coded, Retention(piece=2)).close()
    assert lengths(tmp_path) == [20, 20, 10]
    assert all(path.suffix == ".mp4" for path in tmp_path.iterdir())


def test_what_a_killed_process_leaves_is_kept_as_far_as_it_is_whole(
    tmp_path: Path, coded: list[Coded]
) -> None:
    was = tmp_path / "was"
    left = recorded(was, coded[:35], Retention())
    there = tmp_path / "there"
    shutil.copytree(was, there)  # as if the process had ended here
    left.close()
    (piece,) = there.iterdir()
    whole = piece.stat().st_size
    with piece.open("ab") as file:
        file.write((500).to_bytes(4, "big") + b"moof" + bytes(100))  # it was writing
    long_ago = time.time() - 7200
    os.utime(piece, (long_ago, long_ago))
    name = piece.name.removesuffix(".partial")
    (there / name).write_bytes(b"another of the same second")
    Recording(there, SHAPE, Retention())
    (there / name).unlink()
    (kept,) = there.iterdir()
    assert kept.name == name.replace(".mp4", "-2.mp4")
    assert kept.stat().st_size == whole
    assert lengths(there) == [30]  # three of the four seconds that were begun
    assert abs(kept.stat().st_mtime - long_ago) < 1


@pytest.mark.parametrize("left", [b"", b"\0\0\0", bytes(200), b"\0\0\0\x10ftypisom"])
def test_what_holds_no_whole_picture_is_deleted(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "passerby-20260101T000000Z.mp4.partial").write_bytes(left)
    other = tmp_path / "mine.mp4.partial"
    other.write_bytes(b"somebody else's")
    Recording(tmp_path, SHAPE, Retention())
    assert list(tmp_path.iterdir()) == [other]


def test_the_oldest_go_by_age_and_by_size(tmp_path: Path, coded: list[Coded]) -> None:
    mine = tmp_path / "holiday.mp4"
    mine.write_bytes(b"not a piece")
    long_ago = time.time() - 7200
    os.utime(mine, (long_ago, long_ago))
    old = tmp_path / "passerby-20200101T000000Z.mp4"
    old.write_bytes(b"a piece")
    os.utime(old, (long_ago, long_ago))
    recorded(tmp_path, coded, Retention(age=3600, piece=1)).close()
    assert mine.exists()
    assert not old.exists()
    mine.unlink()
    pieces = sorted(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert len(pieces) == 5
    newest = pieces[-1].stat().st_size
    recorded(tmp_path, coded[:5], Retention(size=newest, piece=1)).close()
    assert len(list(tmp_path.iterdir())) <= 2


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        Recording(tmp_path / "file" / "rec", SHAPE, Retention())


def test_a_recording_that_can_t_be_written_names_the_option_that_live_has(
    tmp_path: Path, coded: list[Coded]
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(OutputError) as caught:
            recorded(tmp_path, coded, Retention()).close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.hint == "write elsewhere with --to"


def test_two_that_record_into_one_folder_do_not_end_each_other(
    tmp_path: Path, coded: list[Coded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "WAIT", 0.3)
    code = (
        "import sys; from pathlib import Path; from tests.media.conftest import SHAPE\n"
        "from passerby.media.recording import Recording, Retention\n"
        "held = Recording(Path(sys.argv[1]), SHAPE, Retention())\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    there = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert there.stdout is not None
    assert there.stdin is not None
    assert there.stdout.readline() == "held\n"
    (tmp_path / "passerby-20260101T000000Z.mp4.partial").write_bytes(b"its own")
    with pytest.raises(OutputError, match="another run records there"):
        Recording(tmp_path, SHAPE, Retention())
    assert (tmp_path / "passerby-20260101T000000Z.mp4.partial").read_bytes() == b"its own"
    there.stdin.close()
    there.wait(10)
    there.stdout.close()
    recorded(tmp_path, coded, Retention()).close()
    assert lengths(tmp_path) == [50]


def test_a_thread_that_hangs_keeps_its_folder_until_it_leaves(
    tmp_path: Path, coded: list[Coded]
) -> None:
    hanging = recorded(tmp_path, coded[:20], Retention())
    with pytest.raises(BlockingIOError):
        Recording(tmp_path / ".", SHAPE, Retention())
    for packet in coded[20:]:
        hanging.put(packet)
    hanging.close()
    recorded(tmp_path, coded, Retention()).close()
    assert lengths(tmp_path) == [50, 50]


def test_what_is_too_old_goes_at_the_start_too_and_what_is_called_otherwise_stays(
    tmp_path: Path,
) -> None:
    """A full disk lets no piece end, and would so stay full."""
    long_ago = time.time() - 7200
    names = ["passerby-20260101T000000Z.mp4", "passerby-20260101T000100Z-2.mp4"]
    for name in [*names, "passerby-burglary.mp4", "passerby-20260101T000300Z.mp4"]:
        (tmp_path / name).write_bytes(b"a piece")
        os.utime(tmp_path / name, (long_ago, long_ago))
    os.utime(tmp_path / "passerby-20260101T000300Z.mp4")
    Recording(tmp_path, SHAPE, Retention(age=3600)).close()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["passerby-20260101T000300Z.mp4", "passerby-burglary.mp4"]
