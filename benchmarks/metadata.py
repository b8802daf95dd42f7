"""Is anything of a film's metadata left over? Redacts each film and asks independent programs.

Each secret of `expected_made.json` is searched for in the whole output, in five encodings; then
exiftool and ffprobe say what they see. Prints a row a film; the exit code is 1 if anything is left.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import witnesses

CODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be", "latin-1", "utf-32-le")
FILMS: Final = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts"})
ROOT: Final = Path(__file__).resolve().parent.parent


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    ask.add_argument("--voice", choices=("mute", "keep"), default="keep")
    given = ask.parse_args()
    made = given.shared / "data/heldin/metadata/made"
    if not made.is_dir():
        print(f"SKIPPED: {made} is not there; --shared says where it is")
        return 0
    secrets = json.loads((made / "expected_made.json").read_text())
    left = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(p for p in made.iterdir() if p.suffix in FILMS):
            said = look(path, secrets.get(path.name, []), Path(folder), given.voice)
            left += any(not why.startswith(("-", "clean")) for why in said)
            print(f"{path.name:28} {'; '.join(said)}", flush=True)
    print("nothing is left" if not left else f"something is left in {left} films")
    return int(bool(left))


def look(path: Path, secrets: list[dict[str, str]], folder: Path, voice: str) -> list[str]:
    """What is left of `path` in its output, in words; "clean" alone if nothing is."""
    out = (
        folder / f"{path.stem}.redacted{'.mp4' if path.suffix in ('.avi', '.ts') else path.suffix}"
    )
    words = [sys.executable, "-m", "passerby", "redact", str(path), "-o", str(out), "--quiet"]
    done = subprocess.run(
        [*words, "--voice", voice, "--preset", "fast"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return [f"not processed: {done.stderr.strip()}"]
    before, after = path.read_bytes(), out.read_bytes()
    planted = [s["needle"] for s in secrets if s.get("needle")]
    found = [n for n in planted if any(n.encode(c, "ignore") in after for c in CODINGS)]
    there = sum(any(n.encode(c, "ignore") in before for c in CODINGS) for n in planted)
    said = [f"{len(found)} secrets left"] if found else []
    skipped = []
    for name, tool in (("exiftool", witnesses.exiftool), ("ffprobe", witnesses.ffprobe)):
        sees = tool(out)
        if sees is None:
            skipped.append(f"- {name} is not installed")
        elif sees:
            said.append(f"{name} sees {', '.join(sorted(set(sees)))}")
    return said or [
        f"clean ({there} of {len(planted)} secrets were there as plain bytes)",
        *skipped,
    ]


if __name__ == "__main__":
    sys.exit(main())
