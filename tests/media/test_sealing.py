"""What is sealed opens with the recipient's key and no other; private keys are refused, unsaid."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from passerby.core.errors import UsageError
from passerby.media.sealing import recipients, seal


def ssh() -> tuple[bytes, str]:
    """A private key as OpenSSH writes it, and its public key with a comment."""
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return private, public.decode() + " somebody@somewhere"


def opened(path: Path, identity: object) -> bytes:
    return bytes(pyrage.decrypt(path.read_bytes(), [identity]))


def test_every_recipient_opens_it_and_nobody_else(tmp_path: Path) -> None:
    one, two, stranger = (pyrage.x25519.Identity.generate() for _ in range(3))
    private, public = ssh()
    listed = tmp_path / "keys"
    listed.write_text(f"# the archive\n\n{two.to_public()}\n{public}\n")
    source, target = tmp_path / "a.mp4", tmp_path / "a.age"
    source.write_bytes(bytes(range(256)) * 2000)
    digest = seal(source, target, recipients([str(one.to_public()), str(listed)]))
    whole = source.read_bytes()
    assert digest == hashlib.sha256(whole).hexdigest()
    for identity in (one, two, pyrage.ssh.Identity.from_buffer(private)):
        assert opened(target, identity) == whole
    with pytest.raises(pyrage.DecryptError):
        opened(target, stranger)


def test_the_original_passes_through_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a"
    source.write_bytes(bytes(10_000_000))
    sizes: list[int] = []

    def encrypted(reader: object, writer: object, keys: object) -> None:
        whole = pyrage_encrypt(_Watched(reader, sizes), writer, keys)
        assert whole is None

    pyrage_encrypt = pyrage.encrypt_io
    monkeypatch.setattr(pyrage, "encrypt_io", encrypted)
    seal(source, tmp_path / "b", recipients([str(pyrage.x25519.Identity.generate().to_public())]))
    assert sum(sizes) == 10_000_000
    assert max(sizes) <= 1 << 20


class _Watched:
    def __init__(self, file: object, sizes: list[int]) -> None:
        self._file, self._sizes = file, sizes

    def read(self, size: int = -1) -> bytes:
        piece = bytes(self._file.read(size))  # type: ignore[attr-defined]  # whatever can be read
        self._sizes.append(len(piece))
        return piece


@pytest.mark.parametrize("in_a_file", [False, True])
@pytest.mark.parametrize("kind", ["age", "age, in small letters", "ssh"])
def test_a_private_key_is_refused_and_never_repeated(
    tmp_path: Path, kind: str, in_a_file: bool
) -> None:
    secret = str(pyrage.x25519.Identity.generate()) if kind.startswith("age") else ssh()[0].decode()
    given = secret.lower() if "small" in kind else secret
    if in_a_file:
        (tmp_path / "id").write_text(f"# public key: age1xyz\n{given}\n")
        given = str(tmp_path / "id")
    with pytest.raises(UsageError, match="private key") as caught:
        recipients([given])
    told = str(caught.value) + repr(caught.value.__cause__) + repr(caught.value.args)
    for piece in secret.split("\n"):
        assert len(piece) < 20 or piece.startswith("---") or piece.lower() not in told.lower()


@pytest.mark.parametrize(
    "wrong",
    ["age1xyz", "ssh-ed25519 AAAA", "ssh-dss AAAA", "nowhere", "", "a\0b", "age1yubikey1qq"],
)
def test_what_is_no_public_key_is_refused_with_what_is_expected(wrong: str) -> None:
    with pytest.raises(UsageError, match="wants a public key") as caught:
        recipients([wrong])
    assert not wrong or wrong not in caught.value.what


def test_a_file_of_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("# nobody\n\n")
    with pytest.raises(UsageError, match="nobody to seal for"):
        recipients([str(tmp_path / "keys")])


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(UsageError, match=r"pip install 'passerby\[provenance\]'"):
        recipients(["age1"])
