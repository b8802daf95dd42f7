"""Signed and sealed on the way to a file: both or neither, and nobody named who need not be."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import c2pa
import pyrage
import pytest
from tests.media.certificates import SIGNER, Papers, papers
from tests.media.photos import NEEDLE, chunk, in_jpeg, laden, needles, save, segment, xmp

from passerby.core.errors import MediaError, OutputError, UsageError
from passerby.jobs import (
    NotHandedOver,
    Proofs,
    Settings,
    footage,
    proofs,
    provenance,
    redact,
    verify,
)
from passerby.jobs import output as output_room
from passerby.jobs.report import Finding as Told
from passerby.jobs.report import Report, Verification
from passerby.media import credentials, sealing
from passerby.plan import Policy
from passerby.verify import Finding

from .films import film, finder, photo

PLAIN = Settings(preset="fast")
SUFFIXES = [".jpg", ".png", ".mp4", ".mov"]


@pytest.fixture(autouse=True)
def knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage, "video_finder", finder())
    monkeypatch.setattr(footage, "photo_finder", finder(late=0))


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def identity() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def both(issued: Papers, identity: pyrage.x25519.Identity) -> Proofs:
    made = proofs(issued.certificate, issued.key, [str(identity.to_public())])
    assert made is not None
    return made


def made(folder: Path, suffix: str) -> tuple[Path, Path]:
    """An original whose name and folder must not come along, and a name for its output."""
    (folder / NEEDLE).mkdir()
    out = folder / f"out{suffix}"
    if suffix in (".mp4", ".mov"):
        return film(folder / NEEDLE / f"{NEEDLE}.y4m"), out
    return photo(folder / NEEDLE / f"{NEEDLE}{suffix}"), out


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file())


def told(path: Path) -> dict[str, object]:
    """What the library's own reader says of the file."""
    mime = credentials.MIME[{".jpg": "jpeg"}.get(path.suffix, path.suffix[1:])]
    with c2pa.Reader(mime, io.BytesIO(path.read_bytes())) as reader:
        read: dict[str, object] = json.loads(reader.json())
    return read


def manifest(path: Path) -> dict[str, object]:
    read = told(path)
    assert read["validation_state"] in ("Valid", "Trusted")
    return read["manifests"][read["active_manifest"]]  # type: ignore[index,no-any-return]  # as JSON has it


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_output_says_what_was_hidden_and_the_sealed_original_opens(
    tmp_path: Path, suffix: str, both: Proofs, identity: pyrage.x25519.Identity
) -> None:
    source, out = made(tmp_path, suffix)
    original = source.read_bytes()
    report = redact(source, out, PLAIN, proofs=both)
    sealed = tmp_path / f"out{suffix}.original.age"
    assert names(tmp_path) == sorted([out.name, sealed.name])
    assert source.read_bytes() == original
    assert pyrage.decrypt(sealed.read_bytes(), [identity]) == original
    said = {a["label"]: a["data"] for a in manifest(out)["assertions"]}  # type: ignore[attr-defined]  # as JSON has it
    assert said["c2pa.actions.v2"]["actions"][1]["parameters"] == {
        "org.passerby.hidden": ["face"],
        "org.passerby.style": "veil",
    }
    digest = hashlib.sha256(original).hexdigest()
    assert said["org.passerby.redaction"]["original_sha256"] == digest
    assert said["org.passerby.redaction"]["regions"] == report.counts.regions > 0
    assert report.passed
    assert report.provenance.manifest == "valid"
    assert report.provenance.sealed is not None
    assert report.provenance.sealed.original_sha256 == digest
    assert report.provenance.sealed.sha256 == hashlib.sha256(sealed.read_bytes()).hexdigest()
    assert report.output is not None
    assert report.output.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    assert report.output.bytes == out.stat().st_size
    assert SIGNER not in report.text()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_verify_says_that_there_is_a_manifest_and_whether_it_is_about_these_bytes(
    tmp_path: Path, suffix: str, both: Proofs
) -> None:
    source, out = made(tmp_path, suffix)
    redact(source, out, PLAIN, proofs=both)
    report = verify(out)
    assert report.provenance.manifest == "valid"
    assert "provenance" in report.verification.checks
    assert provenance.VALID in report.notes
    assert SIGNER not in report.text()
    data = out.read_bytes().replace(b"plan/1", b"plan/2")
    if suffix == ".png":  # a chunk has a checksum of its own
        at = data.index(b"caBX")
        size = int.from_bytes(data[at - 4 : at], "big")
        data = data[: at - 4] + chunk(b"caBX", data[at + 4 : at + 4 + size]) + data[at + 8 + size :]
    out.write_bytes(data)
    report = verify(out)
    assert report.provenance.manifest == "not valid"
    assert any(found.check == "provenance" for found in report.findings)


def test_verify_of_an_unsigned_file_says_that_there_is_no_manifest(tmp_path: Path) -> None:
    source, out = made(tmp_path, ".jpg")
    redact(source, out, PLAIN)
    assert verify(out).provenance.manifest == "none"


def test_without_the_extra_verify_says_that_a_manifest_was_not_checked(
    tmp_path: Path, both: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = made(tmp_path, ".png")
    redact(source, out, PLAIN, proofs=both)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    report = verify(out)
    assert report.provenance.manifest == "not checked"
    assert any("passerby[provenance]" in why for why in report.verification.not_checked)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_nothing_of_the_original_is_in_the_signed_output(
    tmp_path: Path, suffix: str, both: Proofs
) -> None:
    (tmp_path / NEEDLE).mkdir()
    source, out = laden(tmp_path / NEEDLE / f"{NEEDLE}{suffix}"), tmp_path / f"out{suffix}"
    assert needles(source)
    redact(source, out, PLAIN, proofs=both)
    manifest(out)
    assert not needles(out)
    assert not needles(out, str(tmp_path))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_neither_names_nor_folders_are_in_the_manifest(
    tmp_path: Path, suffix: str, both: Proofs
) -> None:
    source, out = made(tmp_path, suffix)
    redact(source, out, PLAIN, proofs=both)
    data = out.read_bytes()
    for word in (NEEDLE, str(tmp_path), tmp_path.name, out.name):
        assert word.encode() not in data


def test_a_manifest_that_came_with_the_original_does_not_travel(
    tmp_path: Path, both: Proofs
) -> None:
    source, first = made(tmp_path, ".jpg")
    redact(source, first, PLAIN, proofs=both)
    redact(first, tmp_path / "again.jpg", PLAIN)
    again = (tmp_path / "again.jpg").read_bytes()
    assert b"c2pa" in first.read_bytes()
    assert b"c2pa" not in again
    redact(first, tmp_path / "signed.jpg", PLAIN, proofs=Proofs(both.credentials))
    assert len(told(tmp_path / "signed.jpg")["manifests"]) == 1  # type: ignore[arg-type]  # as JSON has it
    assert told(first)["active_manifest"] not in (tmp_path / "signed.jpg").read_text("latin-1")  # type: ignore[operator]  # as JSON has it


def test_without_a_seal_nothing_of_the_original_s_hash_is_said(
    tmp_path: Path, both: Proofs
) -> None:
    source, out = made(tmp_path, ".jpg")
    report = redact(source, out, PLAIN, proofs=Proofs(both.credentials))
    assert names(tmp_path) == ["out.jpg"]
    assert hashlib.sha256(source.read_bytes()).hexdigest() not in out.read_text("latin-1")
    assert hashlib.sha256(source.read_bytes()).hexdigest() not in report.text()


def test_sealed_alone_works_for_every_kind_of_output(
    tmp_path: Path, both: Proofs, identity: pyrage.x25519.Identity
) -> None:
    source, out = made(tmp_path, ".webp")
    report = redact(source, out, PLAIN, proofs=Proofs(recipients=both.recipients))
    assert report.provenance.manifest == "none"
    sealed = (tmp_path / "out.webp.original.age").read_bytes()
    assert pyrage.decrypt(sealed, [identity]) == source.read_bytes()


@pytest.mark.parametrize("suffix", [".webp", ".gif", ".bmp", ".mkv"])
def test_what_can_not_be_signed_is_refused_before_any_work(
    tmp_path: Path, suffix: str, both: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film(tmp_path / "a.y4m") if suffix == ".mkv" else photo(tmp_path / "a.png")
    monkeypatch.setattr(footage, "photo_finder", None)
    monkeypatch.setattr(footage, "video_finder", None)
    with pytest.raises(UsageError, match="can't be signed"):
        redact(source, tmp_path / f"out{suffix}", PLAIN, proofs=both)
    assert names(tmp_path) == [source.name]


def test_a_sealed_original_that_is_there_already_is_not_replaced(
    tmp_path: Path, both: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = made(tmp_path, ".png")
    (tmp_path / "out.png.original.age").write_text("earlier")
    with monkeypatch.context() as idle:
        idle.setattr(footage, "photo_finder", None)
        with pytest.raises(OutputError, match="exists already"):
            redact(source, out, PLAIN, proofs=both)
    assert names(tmp_path) == ["out.png.original.age"]
    redact(source, out, PLAIN, proofs=both, force=True)
    assert (tmp_path / "out.png.original.age").read_bytes().startswith(b"age-encryption.org")


def fails_to_sign(*_: object) -> None:
    raise OutputError("no")


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, where: str) -> Iterator[None]:
    """Something goes wrong at one step behind the redaction."""
    with monkeypatch.context() as broken:
        match where:
            case "sealing":
                broken.setattr(sealing, "seal", fails_to_sign)
            case "signing":
                broken.setattr(credentials, "sign", fails_to_sign)
            case "the signed file's walk":
                broken.setattr(provenance, "walk", lambda _: [Finding("container", "more")])
            case "reading back":
                broken.setattr(
                    credentials, "read_back", lambda *_: credentials.Reading("not valid")
                )
            case "another statement":
                broken.setattr(
                    credentials, "read_back", lambda *_: credentials.Reading("valid", (), {})
                )
            case "more than inserted":
                broken.setattr(provenance, "only_inserted", lambda *_: False)
            case "renaming the output":
                was = output_room._renamed

                def renamed(partial: Path, output: Path, force: bool) -> None:
                    if output.name == "out.png":
                        raise OSError(5, "Input/output error")
                    was(partial, output, force)

                broken.setattr(output_room, "_renamed", renamed)
        yield


@pytest.mark.parametrize(
    "where",
    [
        "sealing",
        "signing",
        "the signed file's walk",
        "reading back",
        "another statement",
        "more than inserted",
        "renaming the output",
    ],
)
def test_a_failure_at_any_step_leaves_neither_file(
    tmp_path: Path, where: str, both: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = made(tmp_path, ".png")
    with failing(monkeypatch, where), pytest.raises((OutputError, NotHandedOver)):
        redact(source, out, PLAIN, proofs=both)
    assert names(tmp_path) == []
    assert source.exists()


def test_an_original_that_changes_meanwhile_is_not_sealed(
    tmp_path: Path, both: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = made(tmp_path, ".png")
    was = sealing.seal

    def late(path: Path, *more: object) -> str:
        path.write_bytes(path.read_bytes() + b"more")
        return was(path, *more)  # type: ignore[arg-type]  # the same, told of first

    monkeypatch.setattr(sealing, "seal", late)
    with pytest.raises(MediaError, match="changed while"):
        redact(source, out, PLAIN, proofs=both)
    assert names(tmp_path) == []


def test_nothing_is_sealed_where_verification_found_something(
    tmp_path: Path, both: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = made(tmp_path, ".png")
    monkeypatch.setattr(sealing, "seal", fails_to_sign)
    monkeypatch.setattr(credentials, "sign", fails_to_sign)
    found = Verification(verdict="failed", findings=(Told(check="pixels", what="shows"),))
    report = Report(job="redact", versions={}, verification=found)
    with (  # noqa: PT012 - it fails inside
        pytest.raises(NotHandedOver),
        provenance.together(out, "png", both, source) as place,
    ):
        assert provenance.proven(report, place, source, PLAIN, Policy()) is report
        raise NotHandedOver(report)
    assert names(tmp_path) == []


@pytest.mark.parametrize("half", ["sign", "key"])
def test_certificate_and_key_go_together(issued: Papers, half: str) -> None:
    given = {"sign": issued.certificate} if half == "sign" else {"key": issued.key}
    with pytest.raises(UsageError, match="goes with"):
        proofs(**given)  # type: ignore[arg-type]  # a row's own words
    assert proofs() is None


def test_nobody_on_the_network_is_asked(tmp_path: Path) -> None:
    """A certificate and a photo that both say where on this machine to ask: nobody comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        asks = papers(tmp_path / "papers", asks=url)
        given = proofs(asks.certificate, asks.key)
        source = photo(tmp_path / "a.jpg")
        redact(source, tmp_path / "out.jpg", PLAIN, proofs=given)
        assert url.encode() in (tmp_path / "out.jpg").read_bytes()
        assert verify(tmp_path / "out.jpg").provenance.manifest == "valid"
        remote = xmp(f' xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{url}"')
        pointing = save(tmp_path / "b.jpg", xmp=remote)
        in_jpeg(pointing, segment(0xEC, b"jumdc2pa"))
        verify(pointing)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_people_who_were_looked_for_because_of_their_heads_are_not_said_to_be_hidden(
    tmp_path: Path,
) -> None:
    source, out = made(tmp_path, ".png")
    report = redact(source, out, PLAIN)
    (face,) = report.detectors
    both = (face, face.model_copy(update={"kind": "person"}))
    looked = report.model_copy(update={"detectors": both})
    for hide, hidden in ((("faces",), ["face"]), (("faces", "people"), ["face", "person"])):
        said = provenance.statement(looked, Settings(hide=hide), Policy(), None)
        assert said["hidden"] == hidden
