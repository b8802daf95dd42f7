"""Signing and sealing as people ask for it on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pyrage
import pytest
from PIL import Image
from tests.media.certificates import papers

from .conftest import Run


def test_each_of_several_files_is_signed_and_has_its_own_sealed_original(
    inside: Run, portrait: Image.Image, tmp_path: Path
) -> None:
    made, identity = papers(tmp_path / "papers"), pyrage.x25519.Identity.generate()
    listed = tmp_path / "papers" / "archive.txt"
    listed.write_text(str(identity.to_public()))
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "a.png"):
        portrait.save(tmp_path / "in" / name)
    done = inside(
        *("redact", "in", "--to", "out", "--json"),
        *("--sign", made.certificate, "--key", made.key, "--seal", listed),
    )
    assert done.returncode == 0, done.stderr
    for file, name in zip(json.loads(done.stdout)["files"], ("a.jpg", "a.png"), strict=True):
        out = Path(file["output"])
        assert file["report"]["provenance"]["manifest"] == "valid"
        sealed = (tmp_path / "out" / f"{out.name}.original.age").read_bytes()
        assert pyrage.decrypt(sealed, [identity]) == (tmp_path / "in" / name).read_bytes()
    told = inside("verify", "out/a.redacted.jpg")
    assert told.returncode == 0
    assert "manifest is valid for these bytes" in told.stderr


@pytest.mark.parametrize("half", ["--sign", "--key"])
def test_half_a_request_is_refused(inside: Run, tmp_path: Path, half: str) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "a.jpg")
    done = inside("redact", "a.jpg", half, "papers.pem")
    assert done.returncode == 2
    assert "goes with" in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.jpg"]


def test_a_private_key_is_refused_and_told_to_nobody(inside: Run, tmp_path: Path) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "a.jpg")
    secret = str(pyrage.x25519.Identity.generate())
    done = inside("redact", "a.jpg", "--json", "--seal", secret)
    assert done.returncode == 2
    assert "private key" in done.stderr
    assert secret not in done.stderr + done.stdout
