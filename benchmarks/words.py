"""How many words a recogniser still hears. PocketSphinx, in an environment of its own.

Run by itself it is the part in that environment: `words.py FILE.npz` prints a JSON list of what is
said in each array, at 16 kHz.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PINS = Path(__file__).with_name("voices.txt")
HOME = ROOT / "build" / ".venv-words"


def heard(waves: Sequence[Any]) -> list[list[str]] | None:
    """The words of each wave; None where the recogniser can't be installed."""
    python = installed()
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "waves.npz"
        np.savez(path, *waves)
        done = subprocess.run(
            [str(python), __file__, str(path)], check=True, capture_output=True, text=True
        )
    return [words(said) for said in json.loads(done.stdout)]


def installed() -> Path | None:
    """The environment's Python, made on first use and again when the pins change."""
    python, mark = HOME / "bin" / "python", HOME / ".pins"
    if python.is_file() and mark.is_file() and mark.read_text() == PINS.read_text():
        return python
    print(f"installing a recogniser into {HOME.relative_to(ROOT)}", file=sys.stderr)
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    pins = ["--no-deps", "--only-binary=:all:", "-r", str(PINS), f"numpy=={np.__version__}"]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
        subprocess.run([*pip, *pins], check=True)
    except subprocess.CalledProcessError:
        return None
    mark.write_text(PINS.read_text())
    return python


def words(said: str) -> list[str]:
    return re.findall(r"[a-z']+", said.lower())


def wrong(said: Sequence[Sequence[str]], meant: Sequence[Sequence[str]]) -> float:
    """Word error rate: insertions, deletions and substitutions for each word that was meant."""
    errors = sum(distance(one, other) for one, other in zip(said, meant, strict=True))
    return errors / max(1, sum(map(len, meant)))


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's, of words."""
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, wanted in enumerate(other, 1):
            best = min(row[j] + 1, row[j - 1] + 1, last + (word != wanted))
            last, row[j] = row[j], best
    return row[-1]


def main() -> None:
    import pocketsphinx

    waves = np.load(sys.argv[1])
    decoder = pocketsphinx.Decoder(samprate=16000, loglevel="FATAL")
    said = []
    for name in waves.files:
        wave = waves[name]
        loud = wave / max(1e-6, float(np.abs(wave).max())) * 0.7
        decoder.start_utt()
        decoder.process_raw((loud * 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        best = decoder.hyp()
        said.append("" if best is None else best.hypstr)
    print(json.dumps(said))


if __name__ == "__main__":
    main()
