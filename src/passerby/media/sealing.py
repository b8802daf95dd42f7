"""A copy of the original that only somebody elsewhere can open: age, for public keys alone.

Needs the extra `passerby[provenance]`. The bytes pass through in pieces; nothing unencrypted is
written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..core.errors import OutputError, UsageError
from .credentials import EXTRA
from .faults import reading

_PRIVATE: Final = re.compile(r"AGE-(SECRET-KEY|PLUGIN)-|PRIVATE KEY-----", re.IGNORECASE)
_EXPECTED: Final = (
    "--seal wants a public key (age1..., ssh-ed25519 ..., ssh-rsa ...) or a file of them"
)
_MOST: Final = 1 << 20  # bytes of a file of recipients


@dataclass(frozen=True, slots=True)
class Recipients:
    """Public keys, each of which opens what is sealed."""

    keys: tuple[Any, ...]


def recipients(given: Sequence[str]) -> Recipients:
    """Public keys, or files of them, one a line. `UsageError` never repeats what was given."""
    _library()
    keys = [key for one in given for key in _keys(one)]
    if not keys:
        raise UsageError("there is nobody to seal for", hint=_EXPECTED)
    return Recipients(tuple(keys))


def seal(source: Path, target: Path, to: Recipients) -> str:
    """Encrypt the bytes of `source` into `target`; the SHA-256 of just those bytes, in hex."""
    pyrage = _library()
    try:
        with reading(source), source.open("rb") as read:
            hashed = _Hashed(read)
            with target.open("wb") as written:
                pyrage.encrypt_io(hashed, written, list(to.keys))
    except (pyrage.EncryptError, pyrage.RecipientError) as error:
        raise OutputError("the original can't be sealed", hint="is the disk full?") from error
    return hashed.digest.hexdigest()


class _Hashed:
    """A file that is read once, and the hash of what was read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _keys(given: str) -> Iterator[Any]:
    _refuse_private(given, None)
    if given.startswith(("age1", "ssh-")):
        yield _key(given, None)
        return
    path = Path(given)
    try:
        with path.open("rb") as file:
            text = file.read(_MOST).decode()
    except (OSError, ValueError):  # the words may be a mistyped key, so they are not repeated
        what = "this recipient is neither a public key nor a file that can be read"
        raise UsageError(what, hint=_EXPECTED) from None
    _refuse_private(text, path)
    for line in text.splitlines():
        if line.strip() and not line.strip().startswith("#"):
            yield _key(line, path)


def _refuse_private(text: str, path: Path | None) -> None:
    if _PRIVATE.search(text):
        raise UsageError(
            "this is a private key; whoever has it opens what is sealed",
            path=path,
            hint="give its public key (age-keygen -y), and keep the private one off this machine",
        )


def _key(line: str, path: Path | None) -> Any:
    pyrage, line = _library(), line.strip()
    try:
        if line.startswith("ssh-"):
            return pyrage.ssh.Recipient.from_str(line)
        return pyrage.x25519.Recipient.from_str(line)
    except pyrage.RecipientError:
        what = "this is no public key that can be sealed for"
        raise UsageError(what, path=path, hint=_EXPECTED) from None


def _library() -> Any:
    try:
        return import_module("pyrage")
    except (ImportError, OSError) as error:
        raise UsageError("sealing needs an extra that is not installed", hint=EXTRA) from error
