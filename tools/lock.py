"""Write requirements.lock (what Passerby runs on) and requirements-dev.lock (that and the tools).

Both pin every package by version and hash, for every platform, and name no index. Some packages
are left out on purpose: openvino asks for openvino-telemetry, which makes up an identity for this
machine as soon as it is imported, and c2pa-python for a web client and a parser, which only the
script that builds it uses; both work without. See docs/decisions.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = "openvino-telemetry"
UNUSED = ("requests", "certifi", "charset-normalizer", "urllib3", "toml")
HEAD = f"""\
# {{what}} Rebuilt by `make lock`.
# Install with --no-deps --require-hashes: {LEFT_OUT} is left out on purpose.
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tool = Path(folder) / "venv"
        run(sys.executable, "-m", "venv", str(tool))
        run(str(tool / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv>=0.5")
        uv = str(tool / "bin" / "uv")
        lock(uv, "requirements.lock", "What Passerby runs on.")
        lock(uv, "requirements-dev.lock", "What Passerby runs on, and its tools.", "--group", "dev")


def lock(uv: str, name: str, what: str, *more: str) -> None:
    command = [uv, "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11"]
    command += [
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        "--no-config",
        "--system-certs",
    ]
    for package in (LEFT_OUT, *UNUSED):
        command += ["--no-emit-package", package]
    command += ["--upgrade", "--quiet"]
    if more:
        command += ["--constraint", "requirements.lock"]
    pins = subprocess.run(
        [*command, *more], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    (ROOT / name).write_text(HEAD.format(what=what) + pins)


def run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
