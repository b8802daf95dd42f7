"""Who can still be told by his voice, after each way to change it, and how many words are left?

Every recording is changed, and attackers say which of two are of one speaker; the table tells at
which rate they are wrong (equal error rate, %; 50 is guessing), after one recording of a speaker
and after five. ignorant: has untouched recordings. informed: has recordings that were changed the
same way, with chances of their own. trained: has also changed recordings of other speakers, and
learned from them what changes and what stays.

Needs recordings sorted by speaker (--voices FOLDER) and what `make attack` installs; without them
it says SKIPPED. A recogniser for the words is put into an environment of its own. Prints the tables
as Markdown; --json FILE writes the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from changers import faster, mcadams, pitched
from passerby.core.errors import PasserbyError, UsageError
from passerby.core.ports import VoiceEmbedder
from passerby.core.sound import HEARD_RATE, WINDOW, Ear, Treatment
from passerby.detect.speech import open_ears
from passerby.detect.voice_embedder import open_voice_embedder
from passerby.redact import SpeechMuted
from passerby.verify.voices import DIFFERENT, LEAST, SAME, SPEECH, STRETCH
from trials import Rate, Reals, Trials, Whole, joined, learned, one_sample, seen_by, several
from words import heard, words, wrong

Wave = NDArray[np.float32]
Change = Callable[[Wave, np.random.Generator], Wave]

ROOT: Final = Path(__file__).resolve().parent.parent
LONGEST: Final = 6 * HEARD_RATE  # of a recording
DRAWS: Final = 3  # times that each recording is changed
SPEEDS: Final = (0.84, 0.92, 1.09, 1.18)  # at which training speakers become others
FEWEST: Final = 5  # recordings of a speaker who is to be found
SAMPLES: Final = 5
WORDS_OF: Final = 3  # of so many recordings, one
BLOCK: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Speech:
    """Recordings of everybody. `people` (n,): who speaks; numbers below `found` are looked for."""

    waves: list[Wave]
    people: Whole
    found: int


@dataclass(frozen=True, slots=True)
class Way:
    """A way to change a voice. `alike`: chance has no part in it."""

    name: str
    change: Change
    alike: bool = False


@dataclass(slots=True)
class Row:
    """What came of one way. `matched`: share that verification takes for the original's voice."""

    name: str
    rates: dict[str, Rate] = field(default_factory=dict)
    words: dict[str, float] = field(default_factory=dict)
    matched: float = 0.0
    likeness: float = 0.0
    factor: float = 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--voices", type=Path, default=ROOT.parent / "shared/data/heldin/voices")
    parser.add_argument("--only", nargs="+", help="names of ways, or their beginnings")
    parser.add_argument("--no-words", action="store_true", help="recognise no words")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    speech = recordings(asked.voices)
    if speech is None:
        print("SKIPPED: no recordings of several speakers; name a folder with --voices")
        return 0
    try:
        embedder = open_voice_embedder()
    except UsageError as error:
        print(f"SKIPPED: {error}; `make attack` installs it")
        return 0
    started = time.monotonic()
    listener = Listener(embedder, open_ears())
    recogniser = moonshine()
    people = int(speech.people.max()) + 1
    looked = int((speech.people < speech.found).sum())
    print(f"{looked} recordings of {speech.found} speakers to be found; {people} speakers in all\n")
    limits(speech, listener)
    rows = []
    print(f"| way | {' | '.join(COLUMNS)} | words | matched | likeness | real time |")
    print(f"|---|{'---|' * (len(COLUMNS) + 4)}")
    meant = None if recogniser is None else [words(recogniser(w)) for w in read_out(speech)]
    for way in ways(recogniser):
        if asked.only and not any(way.name.startswith(name) for name in asked.only):
            continue
        row = tried(way, speech, listener, asked.seed)
        if not asked.no_words:
            row.words = understood(way, speech, recogniser, meant, asked.seed)
        rows.append(row)
        print(line(row), flush=True)
    muted(speech, listener)
    print(f"\nIntervals of 95 %, drawn over speakers. {time.monotonic() - started:.0f} s.")
    if asked.json:
        asked.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return 0


COLUMNS: Final = tuple(
    f"{attacker}, {count}" for attacker in ("ignorant", "informed", "trained") for count in (1, 5)
)


def line(row: Row) -> str:
    rates = [row.rates[name].said() for name in COLUMNS]
    said = ", ".join(f"{name} {100 * rate:.0f} %" for name, rate in row.words.items())
    more = [said or "-", f"{100 * row.matched:.0f} %", f"{row.likeness:.2f}", f"{row.factor:.3f}"]
    return f"| {row.name} | {' | '.join([*rates, *more])} |"


def recordings(folder: Path) -> Speech | None:
    """Every recording, once; those of whom there are several first."""
    suffixes = (".flac", ".wav", ".mp3", ".ogg", ".m4a")
    speakers = [
        sorted(path for path in place.glob("*.*") if path.suffix.lower() in suffixes)
        for place in sorted(folder.glob("*"))
        if place.is_dir()
    ]
    speakers.sort(key=lambda files: len(files) < FEWEST)
    found = sum(len(files) >= FEWEST for files in speakers)
    if found < 3:
        return None
    waves = [read(path) for files in speakers for path in files]
    people = np.repeat(np.arange(len(speakers)), [len(files) for files in speakers])
    return Speech(waves, people, found)


def read(path: Path) -> Wave:
    resampler, pieces = av.AudioResampler("fltp", "mono", HEARD_RATE), []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            pieces += [made.to_ndarray()[0] for made in resampler.resample(frame)]
    pieces += [made.to_ndarray()[0] for made in resampler.resample(None)]
    return np.concatenate(pieces)[:LONGEST]


def chosen(speech: Speech) -> list[Wave]:
    """Recordings of speakers who are looked for."""
    pairs = zip(speech.waves, speech.people, strict=True)
    return [wave for wave, person in pairs if person < speech.found]


@dataclass(frozen=True, slots=True)
class Listener:
    """What an attacker's program makes of recordings."""

    embedder: VoiceEmbedder
    ears: Callable[[], Ear]

    def speech(self, wave: Wave) -> Wave:
        """Without its pauses; all of it where hardly anything is taken for speech."""
        windows = wave[: len(wave) // WINDOW * WINDOW].reshape(-1, WINDOW)
        kept = windows[self.ears().hear(windows) >= SPEECH].ravel()
        return kept if len(kept) >= HEARD_RATE else wave

    def points(self, waves: Sequence[Wave]) -> Reals:
        return self.embedder.embed([self.speech(wave) for wave in waves]).astype(np.float64)


def ways(recogniser: Callable[[Wave], str] | None) -> Iterator[Way]:
    yield Way("original", lambda wave, dice: wave, alike=True)
    yield Way("pitch, 4 semitones down", lambda wave, dice: pitched(wave, -4), alike=True)
    yield Way("pitch, drawn", lambda w, dice: pitched(w, dice.choice([-1, 1]) * dice.uniform(2, 6)))
    yield Way("McAdams 0.8", lambda wave, dice: mcadams(wave, 0.8), alike=True)
    yield Way("McAdams, drawn", lambda wave, dice: mcadams(wave, dice.uniform(0.5, 0.9)))
    try:
        from passerby.redact.disguise import Disguise

        yield Way("disguise", lambda w, dice: through(Disguise(HEARD_RATE, 1, dice.random), w))
    except ImportError:
        print("disguise: not there", file=sys.stderr)
    try:
        from passerby.jobs.speakers import SYNTHESISER, open_synthesiser

        voice: Any = open_synthesiser(SYNTHESISER, "en")
        if recogniser is not None:
            yield Way("retell", partial(retold, recogniser=recogniser, voice=voice), alike=True)
    except (ImportError, PasserbyError) as error:
        print(f"retell: {error}", file=sys.stderr)


def moonshine() -> Callable[[Wave], str] | None:
    """The recogniser that retells, where it is installed."""
    try:
        from passerby.jobs.speakers import RECOGNISER, open_recogniser

        return open_recogniser(RECOGNISER, "en").recognise
    except (ImportError, PasserbyError) as error:
        print(f"the recogniser that retells: {error}", file=sys.stderr)
        return None


def retold(
    wave: Wave, dice: np.random.Generator, recogniser: Callable[[Wave], str], voice: Any
) -> Wave:
    said = voice.speak(recogniser(wave) or "nothing", 1.0)
    places = np.arange(int(len(said) * HEARD_RATE / voice.rate)) * voice.rate / HEARD_RATE
    return np.interp(places, np.arange(len(said)), said).astype(np.float32)


def through(treatment: Treatment, wave: Wave) -> Wave:
    """A wave through a treatment, as a film's sound is."""
    pieces = [wave[None, at : at + BLOCK] for at in range(0, len(wave), BLOCK)]
    out = [treatment.take(piece, piece) for piece in pieces]
    return np.concatenate([*out, treatment.end()], axis=1)[0]


def tried(way: Way, speech: Speech, listener: Listener, seed: int) -> Row:
    row, spent, length = Row(way.name), 0.0, 0
    draws: list[Reals] = []
    clear = listener.points(speech.waves)
    for draw in range(1 if way.alike else DRAWS):
        begun = spent_so_far()
        waves = [
            way.change(wave, np.random.default_rng((seed, draw, number)))
            for number, wave in enumerate(speech.waves)
        ]
        spent += spent_so_far() - begun
        length += sum(map(len, speech.waves))
        draws.append(listener.points(waves))
    row.factor = spent / length * HEARD_RATE
    lessons, students = lesson(way, speech, listener, seed), speech.people
    lessons_points = np.concatenate([*draws, lessons[0]])
    lessons_people = np.concatenate([*[students] * len(draws), lessons[1]])
    known = speech.people < speech.found
    people = speech.people[known]
    mine, own = [points[known] for points in draws], clear[known]
    couples = [(a, b) for a in mine for b in mine if way.alike or a is not b]
    attacks = {
        "ignorant": [(own, points) for points in mine],
        "informed": couples,
    }
    for name, tests in attacks.items():
        one = joined([one_sample(a, b, people) for a, b in tests])
        more = joined([several(a, b, people, SAMPLES) for a, b in tests])
        row.rates |= {f"{name}, 1": one.rate(seed), f"{name}, 5": more.rate(seed)}
    one, more = trained(couples, people, lessons_points, lessons_people)
    row.rates |= {"trained, 1": one.rate(seed), "trained, 5": more.rate(seed)}
    long = np.array([len(w) >= LEAST for w in speech.waves]) & known
    alike = np.concatenate([(points * clear).sum(axis=1)[long] for points in draws])
    row.likeness, row.matched = float(np.median(alike)), float((alike >= SAME).mean())
    return row


def spent_so_far() -> float:
    """Seconds of processor time, those of programs that were started among them."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def lesson(way: Way, speech: Speech, listener: Listener, seed: int) -> tuple[Reals, Whole]:
    """Recordings of others, made by playing them at other speeds; their points when changed."""
    points, people = [], []
    for number, speed in enumerate(SPEEDS):
        dice = np.random.default_rng((seed, 99, number))
        played = [faster(wave, speed) for wave in speech.waves]
        points.append(listener.points([way.change(wave, dice) for wave in played]))
        people.append(speech.people + 1000 * (number + 1))
    return np.concatenate(points), np.concatenate(people)


def trained(
    couples: Sequence[tuple[Reals, Reals]], people: Whole, points: Reals, others: Whole
) -> tuple[Trials, Trials]:
    """He learned from everybody but the two of whom he is asked, at any speed."""
    ones, mores = [], []
    for s, r in combinations_with_replacement(np.unique(people), 2):
        free = ~np.isin(others % 1000, (s, r))
        taught = learned(points[free], others[free])
        asked = np.isin(people, (s, r))
        for a, b in couples:
            enrolled, tested = seen_by(a[asked], taught), seen_by(b[asked], taught)
            for trials, into in (
                (one_sample(enrolled, tested, people[asked]), ones),
                (several(enrolled, tested, people[asked], SAMPLES), mores),
            ):
                wanted = (
                    trials.tested == trials.claimed if s == r else trials.tested != trials.claimed
                )
                into.append(
                    Trials(trials.scores[wanted], trials.tested[wanted], trials.claimed[wanted])
                )
    return joined(ones), joined(mores)


def read_out(speech: Speech) -> list[Wave]:
    """Those of which the words are counted: a recogniser takes its time."""
    return chosen(speech)[::WORDS_OF]


def understood(
    way: Way,
    speech: Speech,
    recogniser: Callable[[Wave], str] | None,
    meant: list[list[str]] | None,
    seed: int,
) -> dict[str, float]:
    """Word error rates, against what the recogniser that retells hears in the original."""
    if meant is None:
        return {}
    waves = [
        way.change(wave, np.random.default_rng((seed, 0, number)))
        for number, wave in enumerate(read_out(speech))
    ]
    rates = {}
    said = heard(waves)
    if said is not None:
        rates["PocketSphinx"] = wrong(said, meant)
    if recogniser is not None and way.name not in ("original", "retell"):
        rates["Moonshine"] = wrong([words(recogniser(wave)) for wave in waves], meant)
    return rates


def limits(speech: Speech, listener: Listener) -> None:
    """What the limits of verification mean: stretches of untouched speech, of one and of two."""
    pieces, people, sources = [], [], []
    for person in range(int(speech.people.max()) + 1):
        own = [w for w, p in zip(speech.waves, speech.people, strict=True) if p == person]
        for number, wave in enumerate(own):
            spoken = listener.speech(wave)
            for at in range(0, len(spoken) - LEAST + 1, STRETCH):
                pieces.append(spoken[at : at + STRETCH])
                people.append(person)
                sources.append((person, number))
    points = listener.embedder.embed(pieces)
    likeness = points @ points.T
    who = np.array(people)
    same = who[:, None] == who[None]
    one_source = np.array([[a == b for b in sources] for a in sources])
    upper = np.triu(np.ones_like(same), 1)
    ours, theirs = likeness[same & upper & ~one_source], likeness[~same & upper]
    for name, limit in (("sure", SAME), ("strangers", DIFFERENT)):
        print(
            f"{name}: from {limit} on lie {100 * (ours >= limit).mean():.1f} % of {len(ours)} "
            f"pairs of one voice with other words, {100 * (theirs >= limit).mean():.2f} % of "
            f"{len(theirs)} pairs of two voices"
        )
    print()


def muted(speech: Speech, listener: Listener) -> None:
    """What `--mute-speech` leaves for an attacker."""
    left = []
    for wave in chosen(speech):
        quiet = np.zeros(HEARD_RATE, np.float32)
        made = through(
            SpeechMuted(HEARD_RATE, 1, listener.ears), np.concatenate([quiet, wave, quiet])
        )
        left.append(float((made**2).sum() / max(1e-9, float((wave**2).sum()))))
    print(
        f"\nmute-speech: of {len(left)} recordings {sum(e > 1e-3 for e in left)} keep a thousandth "
        "of their energy or more: nothing to compare"
    )


if __name__ == "__main__":
    sys.exit(main())
