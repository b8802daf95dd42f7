"""How well the mains' frequency can be followed in sound, before and after its hum is taken out.

Usage: python benchmarks/hum.py [FOLDER of recordings, one sub-folder a speaker]
Prints SKIPPED without the recordings. Hum is planted whose frequency wanders as that of real mains
does, in all multiples up to 3 kHz; noise is made here. Whoever follows it knows where to look and
how wide a notch is, and looks for the strongest tone in 16 seconds at a time. Printed is, for the
multiples of a row, how far its hum (with all else in its notches) falls, and how well the tracks go
with the truth (1 is perfect): the mean over multiples, the best of them, and all joined.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from passerby.media import FORMS, output_container, probe, write_sound
from passerby.redact import HumNotched, hum

VOICES = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "heldin" / "voices"
RATE = 16_000
SECONDS = 120
WINDOW = 16  # seconds
SLOW = 40  # samples a second of what is left when everything but one multiple is gone
HIGHEST = 60
ROWS = {"1": (1,), "2 to 10": range(2, 11), "11 to 33": range(11, 34), "above": range(42, 50)}
Wave = NDArray[np.float64]


def read(path: Path) -> Wave:
    resampler, pieces = av.AudioResampler("fltp", "mono", RATE), []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            pieces += [made.to_ndarray()[0] for made in resampler.resample(frame)]
    pieces += [made.to_ndarray()[0] for made in resampler.resample(None)]
    return np.concatenate(pieces).astype(np.float64)


def at_level(sound: Wave, decibels: float) -> Wave:
    return sound * (10 ** (decibels / 20) / np.sqrt((sound**2).mean()))


def wander(wide: float, dice: np.random.Generator) -> Wave:
    """Hz by which the mains are off at each second, `wide` at most."""
    off = np.zeros(SECONDS + 2)
    for at in range(1, len(off)):
        off[at] = off[at - 1] * 0.975 + dice.normal(0, 0.015)
    return off * wide / np.abs(off).max()


def planted(mains: int, off: Wave) -> Wave:
    moments = np.arange(SECONDS * RATE) / RATE
    turns = np.cumsum(mains + np.interp(moments, np.arange(len(off)), off)) / RATE
    total = np.zeros(len(moments))
    for n in range(1, HIGHEST + 1):  # even ones are stronger, and all get weaker
        total += np.sin(2 * np.pi * n * turns + n) * (1 if n % 2 == 0 else 0.5) / (1 + n / 4)
    return total


def pink(dice: np.random.Generator) -> Wave:
    bins = np.fft.rfft(dice.normal(size=SECONDS * RATE))
    return np.fft.irfft(bins / np.sqrt(np.arange(len(bins)) + 1), SECONDS * RATE)


def tracked(sound: Wave, at: float) -> Wave:
    """How far the strongest tone near `at` Hz is off, for each second."""
    step = RATE // SLOW
    moments = np.arange(len(sound)) / RATE
    turned = (sound * np.exp(-2j * np.pi * at * moments))[: len(sound) // step * step]
    slow = turned.reshape(-1, step).mean(axis=1)
    parts = np.lib.stride_tricks.sliding_window_view(slow, WINDOW * SLOW)[::SLOW]
    size = 1 << 13
    strength = np.abs(np.fft.fft(parts * np.hanning(WINDOW * SLOW), size, axis=1))
    off = np.fft.fftfreq(size, 1 / SLOW)
    near = np.abs(off) <= hum.WIDEST
    return off[near][strength[:, near].argmax(axis=1)]


def told(sound: Wave, at: float, off: Wave) -> float:
    seen = tracked(sound, at)
    fine = np.interp(np.arange((SECONDS + 1) * SLOW) / SLOW, np.arange(len(off)), off)
    true = [fine[k * SLOW : (k + WINDOW) * SLOW].mean() for k in range(len(seen))]
    return float(np.nan_to_num(np.corrcoef(seen, true)[0, 1]))


def joined(sound: Wave, mains: int, multiples: list[int], off: Wave) -> float:
    """The same by the middle of the tracks of several multiples."""
    tracks = np.stack([tracked(sound, n * mains) / n for n in multiples])
    fine = np.interp(np.arange((SECONDS + 1) * SLOW) / SLOW, np.arange(len(off)), off)
    true = [fine[k * SLOW : (k + WINDOW) * SLOW].mean() for k in range(tracks.shape[1])]
    return float(np.corrcoef(np.median(tracks, axis=0), true)[0, 1])


def power(sound: Wave, mains: int, n: int) -> float:
    """In the notch around one multiple."""
    bins = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    at = np.fft.rfftfreq(len(sound), 1 / RATE)
    side = min(hum.WANDERS * n, hum.WIDEST)
    return float(bins[np.abs(at - n * mains) < side].sum()) + 1e-30


def without(sound: Wave) -> Wave:
    notched = HumNotched(RATE, 1)
    piece = sound[None].astype(np.float32)
    return np.concatenate([notched.take(piece, piece), notched.end()], axis=1)[0].astype(np.float64)


def through_file(sound: Wave, suffix: str) -> Wave:
    """As a person would: written into a file, redacted into another, read again."""
    with tempfile.TemporaryDirectory() as place:
        path, out = Path(place) / "in.wav", Path(place) / f"out{suffix}"
        with av.open(str(path), "w") as file:
            stream = file.add_stream("pcm_f32le", rate=RATE)
            stream.codec_context.layout = "mono"  # type: ignore[attr-defined]  # PyAV's hints know no layout here
            frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), "flt", "mono")
            frame.sample_rate, frame.pts = RATE, 0
            file.mux(stream.encode(frame))  # type: ignore[attr-defined]  # a stream of sound, as it was made
        card = probe(path)
        name = output_container(card)[1] if suffix == ".wav" else suffix[1:]
        write_sound(out, card, FORMS[name], HumNotched)
        return read(out)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else VOICES
    files = sorted(
        p for s in sorted(folder.glob("*")) if s.is_dir() for p in sorted(s.iterdir())[:3]
    )
    if not files:
        print("SKIPPED: no recordings of speech")
        return
    dice = np.random.default_rng(5)
    talk = at_level(np.resize(np.concatenate([read(path) for path in files]), SECONDS * RATE), -30)
    noise = at_level(pink(dice), -60)
    begun = time.process_time()
    left = without(talk)
    spent = time.process_time() - begun
    lost = ((talk - left) ** 2).mean() / (talk**2).mean()
    print(
        f"{100 * lost:.0f} % of the energy of speech goes; real-time factor {spent / SECONDS:.4f}"
    )
    print(
        "| mains, off by | in | out | multiples | falls by | before | after, mean | best | joined |"
    )
    for mains, wide in ((50, 0.05), (50, 0.2), (60, 0.5)):
        off = wander(wide, dice)
        buzz = at_level(planted(mains, off), -45)
        for what, sound in (("noise", noise + buzz), ("speech", talk + noise + buzz)):
            outs = {"16 bits": np.round(without(sound) * 32768) / 32768}
            if mains == 50 and wide == 0.2:
                outs |= {s[1:]: through_file(sound, s) for s in (".flac", ".mp3", ".m4a", ".opus")}
            for form, out in outs.items():
                for row, multiples in ROWS.items():
                    some = list(multiples)[:: max(1, len(multiples) // 6)]
                    some = [n for n in some if (n * mains < hum.LIMIT) is (row != "above")]
                    before = [told(sound, n * mains, off) for n in some]
                    after = [told(out, n * mains, off) for n in some]
                    was = sum(power(sound, mains, n) for n in some)
                    now = sum(power(out[: len(sound)], mains, n) for n in some)
                    print(
                        f"| {mains} Hz, {wide} Hz | {what} | {form} | {row} "
                        f"| {10 * np.log10(was / now):.0f} dB | {max(before):.2f} "
                        f"| {np.mean(after):.2f} | {max(after):.2f} "
                        f"| {joined(out, mains, some, off):.2f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
