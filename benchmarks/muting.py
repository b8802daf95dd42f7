"""What `--mute-speech` leaves of speech under other sound, and what it takes of sound alone.

Usage: python benchmarks/muting.py [FOLDER of recordings, one sub-folder a speaker]
Prints SKIPPED without the recordings. Sounds are made here. Printed is the share of windows of 32
ms, down to 30 dB below the loudest, of which any sample is left.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from passerby.core.sound import HEARD_RATE, WINDOW
from passerby.detect.speech import open_ears
from passerby.redact import SpeechMuted

VOICES = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "heldin" / "voices"
LOUDER = (20, 10, 0, -5, -10)  # dB
SOFTER = (0, -20, -40, -60, -70)
Wave = NDArray[np.float32]


def read(path: Path) -> Wave:
    resampler, pieces = av.AudioResampler("fltp", "mono", HEARD_RATE), []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            pieces += [made.to_ndarray()[0] for made in resampler.resample(frame)]
    pieces += [made.to_ndarray()[0] for made in resampler.resample(None)]
    return np.concatenate(pieces)[: 6 * HEARD_RATE]


def music(count: int, dice: np.random.Generator) -> NDArray[np.float64]:
    """Chords of plucked strings and a drum."""
    out, beat = np.zeros(count), HEARD_RATE // 2
    for number, start in enumerate(range(0, count, beat)):
        since = np.arange(min(beat, count - start)) / HEARD_RATE
        root = (220.0, 174.6, 261.6, 196.0)[number // 4 % 4]
        for note in (1, 1.26, 1.5):
            for overtone in range(1, 7):
                tone = np.sin(2 * np.pi * root * note * overtone * since)
                out[start : start + beat] += tone / overtone**1.3 * np.exp(-2 * since)
        hit = out[start : start + 800]
        hit += dice.normal(0, 2, len(hit)) * np.exp(-np.arange(len(hit)) / 150)
    return out


def pink(count: int, dice: np.random.Generator) -> NDArray[np.float64]:
    bins = np.fft.rfft(dice.normal(size=count))
    return np.fft.irfft(bins / np.sqrt(np.arange(len(bins)) + 1), count)


def engine(count: int, dice: np.random.Generator) -> NDArray[np.float64]:
    turns = np.cumsum(35 + 8 * np.sin(np.arange(count) / HEARD_RATE * 0.7)) / HEARD_RATE
    tones = [np.sin(2 * np.pi * turns * h + h) / h for h in range(1, 25)]
    return np.asarray(np.sum(tones, axis=0) + dice.normal(0, 0.3, count))


def siren(count: int, dice: np.random.Generator) -> NDArray[np.float64]:
    moments = np.arange(count) / HEARD_RATE
    turns = np.cumsum(900 + 400 * np.sin(2 * np.pi * moments * 0.4)) / HEARD_RATE
    return np.asarray(np.sin(2 * np.pi * turns) + 0.3 * np.sin(4 * np.pi * turns))


def bangs(count: int, dice: np.random.Generator) -> NDArray[np.float64]:
    out = dice.normal(0, 1e-3, count)
    for start in range(8000, count - 6000, 40_000):
        out[start : start + 6000] += dice.normal(0, 0.5, 6000) * np.exp(-np.arange(6000) / 1200)
    return out


SOUNDS: dict[str, Callable[[int, np.random.Generator], NDArray[np.float64]]] = {
    "music": music,
    "pink noise": pink,
    "an engine": engine,
    "a siren": siren,
    "bangs": bangs,
}


def made(name: str, count: int) -> Wave:
    sound = SOUNDS[name](count, np.random.default_rng(3))
    return np.asarray(sound / np.abs(sound).max() * 0.3, np.float32)


def kept(sound: Wave, ears: Callable[[], object]) -> NDArray[np.bool_]:
    """Which samples are left."""
    treatment = SpeechMuted(HEARD_RATE, 1, ears)  # type: ignore[arg-type]  # any that can hear
    out = np.concatenate([treatment.take(sound[None], sound[None]), treatment.end()], axis=1)
    return np.asarray(out[0] != 0)


def left(voice: Wave, sound: Wave, ears: Callable[[], object]) -> float:
    """The share of windows of `voice` of which something is left in `sound`."""
    whole = len(voice) // WINDOW * WINDOW
    power = (voice[:whole].reshape(-1, WINDOW) ** 2).mean(axis=1)
    some = kept(sound, ears)[:whole].reshape(-1, WINDOW).any(axis=1)
    return float(some[power > power.max() * 1e-3].mean())


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else VOICES
    speakers = sorted(path for path in folder.glob("*") if path.is_dir())
    if not speakers:
        print("SKIPPED: no recordings of speech")
        return
    ears = open_ears()
    quiet = np.zeros(2 * HEARD_RATE, np.float32)
    files = [sorted(s.glob("*.*"))[0] for s in speakers]
    voices = [np.concatenate([quiet, read(path), quiet]) for path in files]
    print(f"{len(voices)} speakers")
    print("| sound | alone, muted |" + "".join(f" {louder:+d} dB |" for louder in LOUDER))
    for name in SOUNDS:
        alone, begun = made(name, 60 * HEARD_RATE), time.process_time()
        row = [1 - float(kept(alone, ears).mean())]
        took = (time.process_time() - begun) / 60
        for louder in LOUDER:
            shares = []
            for voice in voices:
                sound = made(name, len(voice))
                said = voice[len(quiet) : -len(quiet)]
                times = np.sqrt((sound**2).mean() / (said**2).mean()) * 10 ** (louder / 20)
                scaled = (voice * times).astype(np.float32)
                shares.append(left(scaled, scaled + sound, ears))
            row.append(float(np.mean(shares)))
        print(f"| {name} |" + "".join(f" {100 * v:.1f} % |" for v in row), f"rtf {took:.4f}")
    soft = [
        float(np.mean([left(s, s, ears) for s in (v * np.float32(10 ** (d / 20)) for v in voices)]))
        for d in SOFTER
    ]
    print(
        "alone, softer:",
        ", ".join(f"{d} dB {100 * v:.1f} %" for d, v in zip(SOFTER, soft, strict=True)),
    )


if __name__ == "__main__":
    main()
