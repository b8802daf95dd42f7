"""Shards of WebDataset: what comes out, what does not, and that nothing of the original does."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import CANARY, Run, write_clip

from passerby import jobs
from passerby.core.errors import PasserbyError
from passerby.jobs.shards import reshard


def packed(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]  # the mode is a test's
        for name, data in members.items():
            about = tarfile.TarInfo(name)
            about.size, about.mtime = len(data), 1_700_000_000
            about.uname = about.gname = CANARY
            about.pax_headers = {"comment": CANARY}
            tar.addfile(about, io.BytesIO(data))
    return path


def unpacked(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]  # all its members are files


@pytest.fixture
def shard(tmp_path: Path, photo: Path) -> Path:
    """Two samples; one has a film, and a picture that breaks off is in a third."""
    write_clip(tmp_path / "c.mp4", [np.full((64, 64, 3), 90, np.uint8)] * 3, sound=False)
    face = photo.read_bytes()
    members = {
        "a/0001.jpg": face,
        "a/0001.cls": b"7",
        "a/0001.json": CANARY.encode(),
        "a/0002.cls": b"8",
        "a/0002.seg.png": png(),
        "a/0002.mp4": (tmp_path / "c.mp4").read_bytes(),
        "a/0003.cls": b"9",
        "a/0003.jpg": face[: len(face) // 2],
        "a/0004.wav": b"RIFF",
    }
    for name in ("c.mp4", "photo.jpg"):
        (tmp_path / name).unlink()
    return packed(tmp_path / "train-000.tar.gz", members, "w:gz")


def png() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1))).save(buffer, "PNG")
    return buffer.getvalue()


def test_every_picture_is_redacted_and_what_else_goes_along_was_asked_for(
    inside: Run, shard: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    done = inside("shards", shard.name, "--to", "out", "--keep", "cls", "--json")
    assert done.returncode == 1  # for the sample that is left out
    (told,) = json.loads(done.stdout)["shards"]
    assert told["samples"] == 4
    assert told["redacted"] == {"jpg": 1, "mp4": 1, "seg.png": 1}
    assert told["kept"] == {"cls": 2}
    assert told["dropped"] == {"json": 1, "wav": 1}
    (left,) = told["left_out"]
    assert (left["sample"], left["code"]) == ("a/0003", "media.truncated")
    assert "sample a/0003 is left out" in done.stderr
    made = unpacked(tmp_path / "out/train-000.tar")
    assert list(made) == ["a/0001.jpg", "a/0001.cls", "a/0002.cls", "a/0002.seg.png", "a/0002.mp4"]
    assert made["a/0001.cls"] == b"7"
    with Image.open(io.BytesIO(made["a/0001.jpg"])) as image:
        hidden = np.asarray(image.convert("RGB"), int)[40:120, 80:120]
    assert np.abs(np.diff(hidden, axis=0)).mean() < 3  # a veil is smooth, and a face is not
    whole = (tmp_path / "out/train-000.tar").read_bytes()
    assert CANARY.encode() not in whole
    with tarfile.open(tmp_path / "out/train-000.tar") as tar:
        for member in tar:
            assert (member.mtime, member.uid, member.uname) == (0, 0, "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["train-000.tar"]


def test_originals_are_on_no_disk(
    shard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from passerby.jobs import shards

    places = []

    def seen(path: Path, target: Path, settings: object) -> None:
        places.append(path.resolve())
        target.write_bytes(b"made")

    monkeypatch.setattr(shards, "redact", seen)
    reshard(shard, tmp_path / "out.tar", jobs.Settings())
    assert len(places) == 4
    assert not any(place.exists() for place in places)


@pytest.mark.parametrize("names", [("k.jfif", "k.jpg"), ("k.JPG", "k.jfif")])
def test_two_members_of_a_sample_never_get_one_name(
    tmp_path: Path, photo: Path, names: tuple[str, str]
) -> None:
    shard = packed(tmp_path / "in.tar", dict.fromkeys((*names, "l.jfif"), photo.read_bytes()))
    done = reshard(shard, tmp_path / "out.tar", jobs.Settings())
    expected = [name.replace("k.jfif", "k.jfif.jpg") for name in names]
    assert list(unpacked(tmp_path / "out.tar")) == [*expected, "l.jpg"]
    assert done.named == {"k.jfif": "k.jfif.jpg", "l.jfif": "l.jpg"}


def test_a_sample_whose_members_can_not_be_told_apart_is_left_out(
    tmp_path: Path, photo: Path
) -> None:
    names = ("k.jfif", "k.jfif.jpg", "k.jpg")
    shard = packed(tmp_path / "in.tar", dict.fromkeys((*names, "l.jpg"), photo.read_bytes()))
    done = reshard(shard, tmp_path / "out.tar", jobs.Settings())
    assert [(sample, error.what) for sample, error in done.left_out] == [
        ("k", "two of its members would have one name")
    ]
    assert list(unpacked(tmp_path / "out.tar")) == ["l.jpg"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("../b.jpg", "leave its folder"), ("/etc/b.jpg", "leave its folder")],
)
def test_members_that_would_leave_their_folder_end_it(tmp_path: Path, name: str, said: str) -> None:
    shard = packed(tmp_path / "in.tar", {"a.cls": b"1", name: b"x"})
    with pytest.raises(PasserbyError, match=said):
        reshard(shard, tmp_path / "out.tar", jobs.Settings(), keep=["cls"])
    assert [path.name for path in tmp_path.iterdir()] == ["in.tar"]


def test_a_shard_that_breaks_off_gives_no_output(tmp_path: Path) -> None:
    shard = packed(tmp_path / "in.tar", {"a.cls": bytes(5000), "b.cls": bytes(5000)})
    shard.write_bytes(shard.read_bytes()[:6000])
    with pytest.raises(PasserbyError, match="breaks off"):
        reshard(shard, tmp_path / "out.tar", jobs.Settings(), keep=["cls"])
    (tmp_path / "no.tar").write_bytes(b"nothing like a tar" * 100)
    with pytest.raises(PasserbyError, match="no tar"):
        reshard(tmp_path / "no.tar", tmp_path / "out.tar", jobs.Settings())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tar", "no.tar"]


def test_links_are_dropped_and_pictures_can_t_be_kept(inside: Run, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "in.tar", "w") as tar:
        link = tarfile.TarInfo("a.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    done = reshard(tmp_path / "in.tar", tmp_path / "out.tar", jobs.Settings())
    assert done.members["dropped"] == {"(link or device)": 1}
    assert unpacked(tmp_path / "out.tar") == {}
    (tmp_path / "to").mkdir()
    failed = inside("shards", "in.tar", "--to", "to", "--keep", "jpg")
    assert failed.returncode == 2
    assert "can't be kept" in failed.stderr
