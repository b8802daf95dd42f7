"""`verify --attack` listens: a voice that was kept is flagged, one that was dropped is not."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.cli.conftest import Run
from tests.jobs.test_voices import film, spoken

from passerby import jobs
from passerby.core.errors import UsageError
from passerby.core.ports import Embedder, VoiceEmbedder
from passerby.detect import voice_embedder as room
from passerby.jobs.attack_on_voices import attack_on_voices
from passerby.media import probe
from passerby.verify.voices import DIFFERENT, SAME

RATE = 48000
Wave = NDArray[np.float32]
SETTINGS = jobs.Settings(accept_damaged=True)


@pytest.fixture(scope="module")
def talk(speech: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody speaks for 8 of 15 seconds, beside grey pictures."""
    place = tmp_path_factory.mktemp("talk") / "talk.mp4"
    return film(place, [spoken(speech, RATE, 15 * RATE)[None]], RATE)


def read(path: Path) -> Wave:
    """A recording, at the films' rate."""
    resampler, pieces = av.AudioResampler("fltp", "mono", RATE), []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            pieces += [made.to_ndarray()[0] for made in resampler.resample(frame)]
    pieces += [made.to_ndarray()[0] for made in resampler.resample(None)]
    return np.concatenate(pieces)


def attacked(
    passerby: Run, talk: Path, *options: str
) -> tuple[CompletedProcess[str], dict[str, object]]:
    """Redact it in this way, and let `verify --attack` look at what came of it."""
    plan, out = talk.with_name("plan.json"), talk.with_name("out.mp4")
    command = ["redact", str(talk), "-o", str(out), "--save-plan", str(plan), "--force"]
    done = passerby(*command, "--no-verify", *options)
    assert done.returncode == 0, done.stderr
    asked = ["verify", str(out), "--original", str(talk), "--plan", str(plan), "--attack"]
    told = passerby(*asked, "--json")
    (one,) = json.loads(told.stdout)["files"]
    report: dict[str, object] = one["report"]
    return told, report


@pytest.mark.slow
def test_a_kept_voice_is_flagged(
    passerby: Run, talk: Path, embedder: Embedder, voice_embedder: VoiceEmbedder
) -> None:
    done, report = attacked(passerby, talk, "--voice", "keep")
    assert done.returncode == 3
    voices = report["attack_on_voices"]
    assert isinstance(voices, dict)
    assert voices["stretches"] == voices["matched"] >= 1
    assert voices["likeness"] > SAME
    verification = report["verification"]
    assert isinstance(verification, dict)
    assert {f["check"] for f in verification["findings"]} == {"attack.voice"}
    assert verification["words"] == "not safe"
    first = verification["findings"][0]
    assert 4 <= first["at"] / 12800 <= 7  # where somebody begins to speak
    assert "a program takes the voice for the original's: not safe" in done.stderr


@pytest.mark.slow
def test_a_dropped_voice_is_not_flagged(
    passerby: Run, talk: Path, embedder: Embedder, voice_embedder: VoiceEmbedder
) -> None:
    done, report = attacked(passerby, talk)
    assert done.returncode == 0, done.stderr
    assert report["attack_on_voices"] is None


@pytest.mark.slow
def test_muted_speech_leaves_nothing_to_compare(
    passerby: Run, talk: Path, embedder: Embedder, voice_embedder: VoiceEmbedder
) -> None:
    done, report = attacked(passerby, talk, "--mute-speech")
    assert done.returncode == 0, done.stderr
    voices = report["attack_on_voices"]
    assert isinstance(voices, dict)
    assert voices["stretches"] == 0
    verification = report["verification"]
    assert isinstance(verification, dict)
    assert (
        "attack.voice: the output has too little speech to compare" in (verification["not_checked"])
    )


def test_another_voice_is_not_taken_for_the_original(
    tmp_path: Path, talk: Path, speech: Path, other_speech: Path, voice_embedder: VoiceEmbedder
) -> None:
    other = np.concatenate([np.zeros(5 * RATE, np.float32), read(other_speech)])
    made = film(tmp_path / "other.mp4", [other[None]], RATE)
    verdict, told = attack_on_voices(
        probe(talk), probe(made), voice_embedder, SETTINGS, SETTINGS, None
    )
    assert told.stretches >= 1
    assert verdict.made == ("attack.voice",)
    assert not verdict.findings
    assert told.highest is not None
    assert told.highest < SAME
    assert told.different == DIFFERENT
    assert "none of" in told.sentence()


def test_each_track_is_compared_with_every_one_where_their_numbers_differ(
    tmp_path: Path, talk: Path, speech: Path, voice_embedder: VoiceEmbedder
) -> None:
    voice = spoken(speech, RATE, 15 * RATE)[None]
    made = film(tmp_path / "two.mp4", [np.zeros_like(voice), voice], RATE)
    verdict, told = attack_on_voices(
        probe(talk), probe(made), voice_embedder, SETTINGS, SETTINGS, None
    )
    assert told.matched == told.stretches == told.not_compared >= 1
    assert verdict.findings


def test_too_little_speech_is_not_measured_and_that_is_said(
    tmp_path: Path, talk: Path, speech: Path, voice_embedder: VoiceEmbedder
) -> None:
    short = spoken(speech, RATE, 15 * RATE)[None, : 7 * RATE]  # two seconds of it
    made = film(tmp_path / "short.mp4", [short], RATE)
    verdict, told = attack_on_voices(
        probe(made), probe(made), voice_embedder, SETTINGS, SETTINGS, None
    )
    assert not verdict.made
    assert not verdict.findings
    assert [n.why for n in verdict.not_made] == [
        "not measured: less than three seconds of speech in the original"
    ]
    assert "no speech" in told.sentence()


def test_without_the_attacker_for_voices_it_is_said_how_to_get_it(
    talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = tmp_path / "plan.json"
    jobs.scan(talk, jobs.Settings(voice="keep"), output=plan)
    monkeypatch.setattr(room, "PACKAGE", "no-such-package-anywhere")
    with pytest.raises(UsageError, match="attacker for voices is not installed") as told:
        jobs.verify(talk, original=talk, plan=plan, attack=True)
    assert "--no-deps no-such-package-anywhere==" in str(told.value.hint)


def test_a_file_that_is_only_sound_is_attacked_without_a_plan(
    passerby: Run, tmp_path: Path, speech: Path, voice_embedder: VoiceEmbedder
) -> None:
    command = ["redact", str(speech), "-o", "out.wav", "--voice", "keep", "--no-verify"]
    assert passerby(*command).returncode == 0
    done = passerby("verify", "out.wav", "--original", str(speech), "--attack", "--json")
    assert done.returncode == 3, done.stderr
    (one,) = json.loads(done.stdout)["files"]
    voices = one["report"]["attack_on_voices"]
    assert voices["stretches"] >= 6
    assert voices["matched"] == voices["stretches"]
    checks = {finding["check"] for finding in one["report"]["verification"]["findings"]}
    assert checks == {"attack.voice"}


def test_an_attack_on_sound_needs_the_original(passerby: Run, speech: Path) -> None:
    done = passerby("verify", str(speech), "--attack")
    assert done.returncode == 2
    assert "--original INPUT" in done.stderr


def test_who_did_not_ask_for_an_attack_is_told_that_none_was_made(
    talk: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    jobs.scan(talk, jobs.Settings(voice="keep"), output=plan)
    report = jobs.verify(talk, original=talk, plan=plan)
    assert report.attack_on_voices is None
    asked = [why for why in report.verification.not_checked if why.startswith("attack:")]
    assert asked == [
        "attack: no attacker tried to tell whose the hidden faces and the voices are (--attack)"
    ]
