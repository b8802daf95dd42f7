"""Files that are only sound: what they are taken for, and what is written of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.media.films import Film, make
from tests.media.sound_files import CARRIERS, KINDS, RATE, heard, tone, write

from passerby.core.errors import MediaError, Truncated, Unsupported
from passerby.core.sound import Samples
from passerby.media import FORMS, Rewritten, listened, output_container, probe, write_sound


class AsItIs:
    """A treatment that does nothing."""

    def __init__(self, rate: int, channels: int) -> None:
        self._nothing = np.zeros((channels, 0), np.float32)

    def take(self, sound: Samples, heard: Samples) -> Samples:
        return sound

    def end(self) -> Samples:
        return self._nothing

    def notes(self) -> Sequence[str]:
        return ()


def through(path: Path, suffix: str = "", *, accept: bool = False) -> tuple[Path, Rewritten]:
    """`path` written again, as its own kind or as `suffix` says."""
    card = probe(path)
    natural, form = output_container(card)
    if suffix:
        natural, form = suffix, next(f.name for f in FORMS.values() if f.suffix == suffix)
    out = path.with_name(f"out{natural}")
    return out, write_sound(out, card, FORMS[form], AsItIs, accept_damaged=accept)


def click(sound: np.ndarray[tuple[int, int], np.dtype[np.float32]], rate: int) -> float:
    """When it is heard, in seconds."""
    return int(np.abs(sound[0]).argmax()) / rate


@pytest.mark.parametrize("suffix", KINDS)
def test_rate_channels_length_and_times_are_kept(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a{suffix}", tone(channels=1 if suffix == ".mp3" else 2))
    assert probe(path).kind == "sound"
    out, done = through(path)
    (was, before), (now, after) = heard(path), heard(out)
    assert now == (48000 if suffix in (".ogg", ".opus", ".webm") else was)
    assert len(after) == len(before)
    assert abs(after.shape[1] / now - before.shape[1] / was) < 0.05
    if suffix not in (".ogg", ".aac", ".m4a"):
        assert after.shape[1] == before.shape[1]
    assert abs(click(after, now) - click(before, was)) < 0.002
    assert [track.lasts for track in listened(out)] == [Fraction(after.shape[1], now)]
    assert done.damage == ()


@pytest.mark.parametrize(
    ("suffix", "codec", "most"),
    [
        (".wav", "pcm_u8", 0.01),
        (".wav", "pcm_s24le", 1e-6),
        (".wav", "pcm_s32le", 1e-6),
        (".wav", "pcm_f32le", 1e-6),
        (".aiff", "pcm_s24be", 1e-6),
        (".m4a", "alac", 1e-4),
        (".flac", "flac", 1e-4),
        (".mka", "pcm_s16le", 1e-4),
    ],
)
def test_what_had_no_loss_has_none(tmp_path: Path, suffix: str, codec: str, most: float) -> None:
    path = write(tmp_path / f"a{suffix}", tone(), codec=codec)
    out, _ = through(path)
    here, there = heard(path)[1], heard(out)[1]
    assert here.shape == there.shape
    assert np.abs(here - there).max() <= most
    if codec.startswith("pcm") and suffix != ".mka":
        assert probe(out).codec == codec


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 32000, 48000, 96000])
@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".m4a"])
def test_every_usual_rate_is_kept(tmp_path: Path, suffix: str, rate: int) -> None:
    path = write(tmp_path / "a.wav", tone(0.7, rate), rate)
    out, done = through(path, suffix)
    now, after = heard(out)
    if suffix == ".mp3" and rate == 96000:
        assert (now, list(done.notes)) == (48000, ["96000 samples a second become 48000"])
    else:
        assert now == rate
        assert not done.notes
    assert abs(after.shape[1] / now - 0.7) < 0.15  # at 8 kHz a frame is long


@pytest.mark.parametrize("suffix", [".mka", ".mp4"])
def test_what_a_coder_puts_before_the_sound_is_no_silence_in_the_output(
    tmp_path: Path, suffix: str
) -> None:
    out, _ = through(write(tmp_path / "a.mp3", tone()), suffix)
    with av.open(str(out)) as container:
        first = next(container.decode(audio=0))
    assert first.time == 0
    assert listened(out)[0].lasts < 2.05


def test_six_channels_stay_six_where_that_can_be_written(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(channels=6))
    assert len(heard(through(path)[0])[1]) == 6
    out, done = through(path, ".mp3")
    assert (len(heard(out)[1]), list(done.notes)) == (2, ["6 channels become 2"])


def test_every_track_is_written(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mka", tone(), tracks=3)
    out, done = through(path)
    assert len(listened(out)) == len(done.lasts) == 3


@pytest.mark.parametrize("suffix", CARRIERS)
def test_a_cover_picture_makes_no_film_of_it(tmp_path: Path, suffix: str) -> None:
    card = probe(CARRIERS[suffix](tmp_path / f"a{suffix}"))
    assert card.kind == "sound"
    assert card.carries
    if suffix in (".mp3", ".flac", ".m4a"):
        assert "cover picture" in card.carries


def test_a_film_with_sound_stays_a_film(tmp_path: Path) -> None:
    assert probe(make(tmp_path / "a.mp4", Film(tuple(range(25)), sounds=2))).kind == "video"


def lying(path: Path, declared: int) -> Path:
    """A WAV whose header speaks of another size."""
    write(path, tone())
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", declared)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("declared", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_size_that_nobody_knew_when_it_was_written_is_no_damage(
    tmp_path: Path, declared: int
) -> None:
    out, done = through(lying(tmp_path / "a.wav", declared))
    assert heard(out)[1].shape[1] == 2 * RATE
    assert done.damage == ()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".aiff"])
def test_a_file_that_breaks_off_is_refused_or_kept_with_a_word(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a{suffix}", tone(6.0))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(MediaError):
        through(path)
    assert not (tmp_path / f"out{suffix}").exists()
    if suffix == ".m4a":  # its index was at the end
        return
    out, done = through(path, accept=True)
    assert done.damage
    assert 1 < listened(out)[0].lasts < 5


@pytest.mark.parametrize(
    "content",
    [
        b"This is a text that somebody called sound.\n" * 400,
        b"RIFF\x10\0\0\0WAVEfmt \x10\0\0\0",
        b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\x7f" + bytes(100),
        b"fLaC\x80\xff\xff\xff" + bytes(40),
        b"OggS" + bytes(200),
        b"ID3\3\0\0\x7f\x7f\x7f\x7f" + bytes(500),
        b"\xff\xfb\x90\x00" + b"\xff" * 3000,
        b"FORM\0\0\0\4AIFF",
        b"",
    ],
)
@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_what_is_no_sound_is_an_error_of_ours(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(MediaError) as told:
        through(path)
    assert told.value.what
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("rate", "channels"), [(2_000_000_000, 1), (44100, 200)])
def test_more_samples_than_anybody_needs_are_refused(
    tmp_path: Path, rate: int, channels: int
) -> None:
    path = tmp_path / "a.wav"
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 & 0xFFFFFFFF, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", 4000)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + 4000) + body + bytes(4000))
    with pytest.raises(Unsupported, match="more samples"):
        through(path)


def test_no_sample_at_all_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    fmt = struct.pack("<HHIIHH", 1, 2, 44100, 176400, 4, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + bytes(4)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    with pytest.raises(Truncated, match="sample"):
        through(path)
    assert not (tmp_path / "out.wav").exists()
