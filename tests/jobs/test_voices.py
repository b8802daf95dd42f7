"""Films whose speech is muted: nothing of it is left, and what else was heard still is."""

from __future__ import annotations

import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from passerby import jobs
from passerby.core.errors import UsageError

Wave = NDArray[np.float32]
Maker = Callable[[int, int], Wave]
FIRST, LAST = 5.0, 13.0  # seconds between which somebody speaks in the films made here
LONG = 20.0
LOUDER = 9.0  # dB by which music is louder than speech that can hardly be heard


def music(rate: int, count: int) -> Wave:
    """Chords of plucked strings and a drum, peaks at 0.5."""
    time, out = np.arange(count) / rate, np.zeros(count)
    beats = np.random.default_rng(4)
    for beat in range(int(2 * count / rate)):
        part = slice(beat * rate // 2, min(count, (beat + 1) * rate // 2))
        since = time[part] - time[part.start]
        root = (220.0, 174.6, 261.6, 196.0)[beat // 4 % 4]
        for note in (1, 1.26, 1.5):
            for overtone in range(1, 7):
                tone = np.sin(2 * np.pi * root * note * overtone * since)
                out[part] += tone / overtone**1.3 * np.exp(-2 * since)
        hit = slice(part.start, part.start + rate // 20)
        out[hit] += beats.normal(0, 2, rate // 20) * np.exp(-np.arange(rate // 20) / rate * 100)
    return np.asarray(out / np.abs(out).max() * 0.5, np.float32)


def bangs(rate: int, count: int) -> Wave:
    """One a second, over a quiet hiss."""
    out = np.random.default_rng(5).normal(0, 1e-3, count)
    tail = np.exp(-np.arange(rate // 3) / rate * 14)
    for second in range(int(count / rate)):
        at = second * rate + rate // 4
        piece = out[at : at + len(tail)]
        piece += np.random.default_rng(second).normal(0, 0.15, len(piece)) * tail[: len(piece)]
    return np.asarray(out, np.float32)


def spoken(speech: Path, rate: int, count: int) -> Wave:
    """Somebody who speaks from `FIRST` to `LAST`, and nothing besides."""
    with wave.open(str(speech)) as file:
        stored = np.frombuffer(file.readframes(480_000), np.int16)[48_000:]
    moments = np.arange(round((LAST - FIRST) * rate)) * 48000 / rate
    out = np.zeros(count, np.float32)
    out[round(FIRST * rate) :][: len(moments)] = np.interp(
        moments, np.arange(len(stored)), stored / 32768
    )
    return out


def film(path: Path, tracks: list[NDArray[np.float32]], rate: int, fps: int = 25) -> Path:
    """Grey pictures beside `tracks` of sound, each (channels, n)."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds = []
        for track in tracks:
            sound = out.add_stream("pcm_s16le" if path.suffix == ".mkv" else "aac", rate=rate)
            assert isinstance(sound, AudioStream)
            sound.codec_context.layout = "mono" if len(track) == 1 else "stereo"
            sounds.append(sound)
        for number in range(round(tracks[0].shape[1] / rate * fps)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        for sound, track in zip(sounds, tracks, strict=True):
            for at in range(0, track.shape[1], 1024):
                layout = sound.codec_context.layout.name
                piece = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(track[:, at : at + 1024]), "fltp", layout
                )
                if path.suffix == ".mkv":
                    resampler = av.AudioResampler("s16", layout, rate)
                    piece.sample_rate, piece.pts = rate, at
                    (piece,) = resampler.resample(piece)
                piece.sample_rate, piece.pts = rate, at
                piece.time_base = Fraction(1, rate)
                out.mux(sound.encode(piece))
            out.mux(sound.encode())
    return path


def heard(path: Path, track: int, rate: int) -> NDArray[np.float32]:
    """The samples of one track, from the moment zero on."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        assert stream.codec_context.sample_rate == rate
        resampler = av.AudioResampler("fltp", stream.codec_context.layout.name, rate)
        pieces = []
        for frame in container.decode(stream):
            pieces += [made.to_ndarray() for made in resampler.resample(frame)]
        return np.concatenate(pieces, axis=1)


def alike(one: Wave, other: Wave, reach: int) -> float:
    """The highest correlation of the two, moved against each other by up to `reach` samples."""
    a, b = one - one.mean(), other - other.mean()
    size = 2 ** int(np.ceil(np.log2(len(a) + len(b))))
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    near = np.concatenate([product[: reach + 1], product[-reach:]])
    norm = np.sqrt((a**2).sum() * (b**2).sum())
    return 0.0 if norm == 0 else float(np.abs(near).max() / norm)


def loudness(samples: Wave, rate: int) -> Wave:
    """Of each 1/250 s."""
    step = rate // 250
    pieces = samples[: len(samples) // step * step].reshape(-1, step)
    return np.asarray(np.sqrt((pieces**2).mean(axis=1)))


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("other", [music, bangs])
def test_planted_speech_is_gone_and_the_rest_is_heard(
    tmp_path: Path, speech: Path, rate: int, other: Maker
) -> None:
    count = round(LONG * rate)
    voice, rest = spoken(speech, rate, count), other(rate, count)
    voice *= np.sqrt((rest**2).mean() / (voice[voice != 0] ** 2).mean())  # as loud as the rest
    path = film(tmp_path / "a.mkv", [np.stack([rest + voice, rest])], rate)
    report = jobs.redact(path, tmp_path / "out.mkv", jobs.Settings(mute_speech=True, verify=False))
    assert any("speech muted for" in note for note in report.notes)
    out = heard(tmp_path / "out.mkv", 0, rate)
    assert out.shape[0] == 2
    assert abs(out.shape[1] - count) < rate / 25
    within = slice(round(FIRST * rate), round(LAST * rate))
    assert not out[:, within].any()  # both channels: whoever speaks in one
    assert alike(heard(path, 0, rate)[0, within], voice[within], rate // 100) > 0.3
    for kept in (slice(0, 4 * rate), slice(15 * rate, 19 * rate)):
        # As loud from moment to moment, to less than half a frame: a coder changes noise itself.
        here, there = loudness(out[0, kept], rate), loudness(rest[kept], rate)
        left = here > 0
        assert left.mean() > 0.6  # a note now and then is taken for a voice
        assert alike(here[left], there[left], 5) > 0.8


def test_every_track_is_treated_and_a_silent_one_is_no_hindrance(
    tmp_path: Path, speech: Path
) -> None:
    rate, count = 48000, round(LONG * 48000)
    voice = spoken(speech, rate, count)[None]
    path = film(tmp_path / "a.mp4", [bangs(rate, count)[None], np.zeros_like(voice), voice], rate)
    jobs.redact(path, tmp_path / "out.mp4", jobs.Settings(mute_speech=True, verify=False))
    made = [heard(tmp_path / "out.mp4", track, rate)[0] for track in range(3)]
    assert np.abs(made[0]).max() > 0.1
    assert not made[2][round(FIRST * rate) : round(LAST * rate)].any()
    # Before and after it rings, softly, what the filter for hum took out of it.
    assert (made[2] ** 2).sum() < 1e-4 * (voice[0] ** 2).sum()
    assert alike(made[2], voice[0], rate) < 0.1


def test_speech_that_music_nearly_drowns_is_speech(tmp_path: Path, speech: Path) -> None:
    rate, count = 16000, round(LONG * 16000)
    voice, rest = spoken(speech, rate, count), music(rate, count)
    rest *= np.sqrt((voice[voice != 0] ** 2).mean() / (rest**2).mean()) * 10 ** (LOUDER / 20)
    path = film(tmp_path / "a.mkv", [(voice + rest)[None]], rate)
    jobs.redact(path, tmp_path / "out.mkv", jobs.Settings(mute_speech=True, verify=False))
    out = heard(tmp_path / "out.mkv", 0, rate)[0]
    assert not out[round(FIRST * rate) : round(LAST * rate)].any()


def test_verification_by_a_plan_says_that_nobody_listened_again(
    tmp_path: Path, speech: Path
) -> None:
    voice = spoken(speech, 16000, round(LONG * 16000))[None]
    path = film(tmp_path / "a.mp4", [voice], 16000)
    out, plan = tmp_path / "out.mp4", tmp_path / "plan.json"
    jobs.redact(path, out, jobs.Settings(mute_speech=True, verify=False), save_plan=plan)
    verification = jobs.verify(out, plan=plan).verification
    assert "sound: nobody listened again for speech in it" in verification.not_checked
    assert "sound" not in {finding.check for finding in verification.findings}


@pytest.mark.parametrize("loudness", [1e-3, 1e-2, 3.0])
def test_soft_speech_and_speech_that_clips_are_speech(
    tmp_path: Path, speech: Path, loudness: float
) -> None:
    rate, count = 16000, round(LONG * 16000)
    voice = np.clip(spoken(speech, rate, count) * loudness, -1, 1)[None].astype(np.float32)
    path = film(tmp_path / "a.mp4", [voice], rate)
    jobs.redact(path, tmp_path / "out.mp4", jobs.Settings(mute_speech=True, verify=False))
    before, after = heard(path, 0, rate)[0], heard(tmp_path / "out.mp4", 0, rate)[0]
    assert (after**2).sum() < 1e-3 * (before**2).sum()


def test_to_keep_voices_and_to_mute_them_can_not_both_be_asked_for() -> None:
    with pytest.raises(UsageError, match="mute-speech"):
        jobs.Settings(voice="keep", mute_speech=True)
