"""Write requirements.lock (what Passerby runs on), requirements-dev.lock (that and the tools),
requirements-ray.lock (what that extra adds), requirements-site.lock (what the documents' site is
built with) and requirements-onvif.lock (a camera for the tests).

All pin every package by version and hash, for every platform, and name no index. Some packages
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
APART = {  # what nothing else needs, each in an environment of its own
    "site": "What the documents' site is built with: make site.",
    "onvif": "A camera that is not ours, for the tests: make onvif.",
}
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
        extra(uv, "ray")
        for name in APART:
            apart(uv, name)


def extra(uv: str, name: str) -> None:
    """What an extra adds to the lock of the tools. Ray asks nobody by its web client, but imports
    it, so that stays."""
    dev = "requirements-dev.lock"
    without = ["--no-emit-package", LEFT_OUT]
    same = ["--constraint", dev, "--extra", name]
    pins = compiled(uv, "pyproject.toml", *without, "--upgrade", *same)
    there = {block.split("==")[0] for block in blocks((ROOT / dev).read_text())}
    new = [block for block in blocks(pins) if block.split("==")[0] not in there]
    head = HEAD.format(what=f"What the extra passerby[{name}] adds.")
    (ROOT / f"requirements-{name}.lock").write_text("".join([head, *new]))


def apart(uv: str, name: str) -> None:
    pins = compiled(uv, f"tools/{name}.txt", "--upgrade")
    head = f"# {APART[name]} Rebuilt by `make lock`.\n"
    (ROOT / f"requirements-{name}.lock").write_text(head + pins)


def lock(uv: str, name: str, what: str, *more: str) -> None:
    without = [word for package in (LEFT_OUT, *UNUSED) for word in ("--no-emit-package", package)]
    same = ["--constraint", "requirements.lock"] if more else []
    pins = compiled(uv, "pyproject.toml", *without, "--upgrade", *same, *more)
    (ROOT / name).write_text(HEAD.format(what=what) + pins)


def compiled(uv: str, source: str, *more: str) -> str:
    """Every package by version and hash, for every platform."""
    command = [uv, "pip", "compile", source, "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--no-config"]
    command += ["--system-certs", "--quiet", *more]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def blocks(pins: str) -> list[str]:
    """The packages of a lock, each with its hashes."""
    found: list[str] = []
    for line in pins.splitlines(keepends=True):
        if line[0] not in " #":
            found.append("")
        if found:
            found[-1] += line
    return found


def run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
