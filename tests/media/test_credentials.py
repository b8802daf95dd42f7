"""Manifests that are signed into files are read back by the library; wrong papers are refused."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import c2pa
import pytest
from tests.verify.files import photo, video

from passerby.core.errors import UsageError
from passerby.media import credentials
from passerby.media.credentials import Credentials, load, read_back, sign
from passerby.media.inserted import only_inserted

from .certificates import DAY, SIGNER, key_of, papers, written_key

SAID = {"passerby": "0", "hidden": ["face"], "style": "veil", "regions": 3, "policy": {"top": 0.25}}
MADE = {
    "jpeg": lambda: photo("JPEG"),
    "png": lambda: photo("PNG"),
    "mp4": lambda: video("mp4", sound="aac"),
    "mov": lambda: video("mov", sound="aac"),
}


@pytest.fixture(scope="module")
def who(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    made = papers(tmp_path_factory.mktemp("papers"))
    return load(made.certificate, made.key)


def signed(kind: str, folder: Path, who: Credentials) -> Path:
    before, after = folder / "before", folder / "after"
    before.write_bytes(MADE[kind]())
    sign(before, after, kind, who, SAID)
    return after


@pytest.mark.parametrize("kind", MADE)
def test_what_is_signed_is_read_back_by_the_library(
    tmp_path: Path, who: Credentials, kind: str
) -> None:
    path = signed(kind, tmp_path, who)
    data = io.BytesIO(path.read_bytes())
    with c2pa.Reader(credentials.MIME[kind], data) as reader:
        told = json.loads(reader.json())
    assert told["validation_state"] in ("Valid", "Trusted")
    manifest = told["manifests"][told["active_manifest"]]
    assert {"c2pa.actions.v2", credentials.ASSERTION} == {
        a["label"] for a in manifest["assertions"] if not a["label"].startswith("c2pa.hash.")
    }
    assert manifest["signature_info"]["common_name"] == SIGNER
    assert "time" not in manifest["signature_info"]
    assert "thumbnail" not in manifest
    assert "ingredients" not in manifest or manifest["ingredients"] == []
    assert read_back(path, kind).statement == SAID


@pytest.mark.parametrize("kind", MADE)
def test_one_flipped_byte_anywhere_makes_it_invalid(
    tmp_path: Path, who: Credentials, kind: str
) -> None:
    path = signed(kind, tmp_path, who)
    assert read_back(path, kind).manifest == "valid"
    whole = path.read_bytes()
    picture = whole.index(MADE[kind]()[-400:-300])  # of what was there before
    for at in (picture, len(whole) - 40, whole.index(b"c2pa.edited") + 3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert read_back(path, kind).manifest == "not valid"


@pytest.mark.parametrize("kind", MADE)
def test_a_file_without_a_manifest_has_none(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_bytes(MADE[kind]())
    assert read_back(tmp_path / "file", kind).manifest == "none"


@pytest.mark.parametrize("kind", MADE)
def test_signing_only_puts_something_in(tmp_path: Path, who: Credentials, kind: str) -> None:
    path, before = signed(kind, tmp_path, who), tmp_path / "before"
    assert only_inserted(before, path, kind)
    assert not only_inserted(path, before, kind) or kind in ("mp4", "mov")
    data = path.read_bytes()
    at = data.index(MADE[kind]()[600:650])
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert not only_inserted(before, path, kind)


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("p256", "es256"),
        ("p384", "es384"),
        ("p521", "es512"),
        ("ed25519", "ed25519"),
        ("rsa", "ps256"),
    ],
)
def test_the_algorithm_fits_the_key(tmp_path: Path, kind: str, algorithm: str) -> None:
    made = papers(tmp_path, kind)
    assert load(made.certificate, made.key).algorithm == algorithm


def test_the_signers_certificate_may_come_last(tmp_path: Path) -> None:
    one, other = papers(tmp_path / "one"), papers(tmp_path / "other")
    whole = one.certificate.read_text()
    one.certificate.write_text(other.certificate.read_text() + whole)
    first = whole[: whole.index("-----END")]
    assert load(one.certificate, one.key).chain.decode().startswith(first)


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ({"begins": -3 * DAY, "ends": -DAY}, "has expired"),
        ({"begins": DAY}, "not valid yet"),
        ({"usage": False}, "can't sign C2PA"),
        ({"kind": "k256"}, "of this kind"),
        ({"kind": "weak rsa"}, "of this kind"),
    ],
)
def test_papers_that_will_not_do_are_refused(
    tmp_path: Path, how: dict[str, object], what: str
) -> None:
    made = papers(tmp_path, **how)  # type: ignore[arg-type]  # a row's own words
    with pytest.raises(UsageError, match=what):
        load(made.certificate, made.key)


def test_another_key_is_refused(tmp_path: Path) -> None:
    made = papers(tmp_path)
    other = written_key(tmp_path / "other.pem", key_of("p256"))
    with pytest.raises(UsageError, match="don't belong together"):
        load(made.certificate, other)


def test_a_passphrase_is_refused_and_said_to_be_the_reason(tmp_path: Path) -> None:
    made = papers(tmp_path)
    locked = written_key(tmp_path / "locked.pem", key_of("p256"), b"open sesame")
    with pytest.raises(UsageError, match="passphrase, which is not supported"):
        load(made.certificate, locked)


def test_papers_that_are_none_are_refused(tmp_path: Path) -> None:
    made = papers(tmp_path)
    none = tmp_path / "none"
    none.write_bytes(b"secret words")
    for certificate, key, what in (
        (none, made.key, "no certificate"),
        (made.certificate, none, "no private key"),
        (made.key, made.key, "private key in the certificate's file"),
        (tmp_path / "missing", made.key, "certificate can't be read: no such"),
        (made.certificate, tmp_path, "key can't be read: is a dir"),
    ):
        with pytest.raises(UsageError, match=what) as caught:
            load(certificate, key)
        assert "secret" not in str(caught.value)
        assert "BEGIN" not in str(caught.value)


def test_the_key_is_not_in_what_is_printed(who: Credentials) -> None:
    assert b"PRIVATE KEY" in who.key
    assert "PRIVATE KEY" not in repr(who)


def test_without_the_extra_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = papers(tmp_path)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(UsageError, match=r"pip install 'passerby\[provenance\]'"):
        load(made.certificate, made.key)
