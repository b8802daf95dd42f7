"""Into what a file that is only sound is written: the container, and the encoder for each track."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from av.audio.stream import AudioStream
from av.container import OutputContainer


@dataclass(frozen=True, slots=True)
class SoundForm:
    """A kind of file. `many`: whether it holds more than one track."""

    name: str
    suffix: str
    muxer: str
    many: bool = False


FORMS: Final = {
    form.name: form
    for form in (
        SoundForm("wav", ".wav", "wav"),
        SoundForm("aiff", ".aiff", "aiff"),
        SoundForm("flac", ".flac", "flac"),
        SoundForm("mp3", ".mp3", "mp3"),
        SoundForm("m4a", ".m4a", "ipod", many=True),
        SoundForm("mp4", ".mp4", "mp4", many=True),
        SoundForm("mov", ".mov", "mov", many=True),
        SoundForm("ogg", ".ogg", "ogg", many=True),
        SoundForm("opus", ".opus", "opus"),
        SoundForm("mka", ".mka", "matroska", many=True),
        SoundForm("webm", ".webm", "webm", many=True),
    )
}
SUFFIXES: Final = {form.suffix: form.name for form in FORMS.values()} | {
    ".wave": "wav",
    ".aif": "aiff",
    ".aifc": "aiff",
    ".m4b": "m4a",
    ".m4v": "mp4",
    ".oga": "ogg",
    ".mkv": "mka",
    ".weba": "webm",
}
OPTIONS: Final = {
    "fflags": "+bitexact",
    "id3v2_version": "0",
    "write_id3v1": "0",
    "write_id3v2": "0",
    "rf64": "auto",
}
_WANTED: Final = {  # what each muxer understands of them
    "mp3": ("fflags", "id3v2_version", "write_id3v1"),
    "aiff": ("fflags", "write_id3v2"),
    "wav": ("fflags", "rf64"),
}
_OUT: Final = {"w64": "wav", "au": "wav"}
_LOSSLESS: Final = ("pcm_", "flac", "alac", "wavpack", "tta", "ape")
_RATES: Final = {
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    "libmp3lame": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "libopus": (48000,),
}
_LAYOUTS: Final = {
    "libmp3lame": ("mono", "stereo"),
    "aac": ("mono", "stereo", "5.1", "7.1"),
    "alac": ("mono", "stereo"),
    "libopus": ("mono", "stereo", "5.1", "7.1"),
    "flac": ("mono", "stereo", "3.0", "quad", "quad(side)", "5.0", "5.0(side)", "5.1", "5.1(side)"),
}
_DEFAULT: Final = 96_000  # bits a second for one channel
_MOST: Final = 320_000
_MOST_SLOW: Final = 160_000  # of MP3 below 32 kHz
_SLOW: Final = 32_000


def muxer_options(form: SoundForm) -> dict[str, str]:
    """No dates, no versions, no tags."""
    return {name: OPTIONS[name] for name in _WANTED.get(form.muxer, ("fflags",))}


def sound_form(container: str, codec: str) -> SoundForm:
    """In what a file of that kind is written again: the same, or the nearest that can be written.

    Nothing here writes Vorbis, WMA or AMR; an AAC file without a container can't say where its
    sound begins."""
    if container in ("wav", "aiff", "flac", "mp3", "m4a", "ogg", "mka", "webm"):
        return FORMS[container]
    if container == "caf":
        return FORMS["wav" if codec.startswith("pcm_") else "m4a"]
    return FORMS[_OUT.get(container, "m4a")]


@dataclass(frozen=True, slots=True)
class Coding:
    """How one track is encoded. `sample`: the encoder's sample format, "" for its own choice."""

    encoder: str
    rate: int
    layout: str
    sample: str = ""
    bits: int = 0


def coding(form: SoundForm, source: AudioStream) -> tuple[Coding, list[str]]:
    """What keeps most of `source`, and what it changes, in words."""
    context, notes = source.codec_context, list[str]()
    codec, sample = context.codec.canonical_name, context.format.name
    encoder, kept = _encoder(form, codec, sample)
    rates = _RATES.get(encoder, (context.sample_rate,))
    rate = context.sample_rate if context.sample_rate in rates else 48000
    if rate != context.sample_rate and encoder != "libopus":
        notes.append(f"{context.sample_rate} samples a second become {rate}")
    channels, layout = context.layout.nb_channels, context.layout.name
    allowed = _LAYOUTS.get(encoder)
    if allowed is not None and layout not in allowed:
        layout = "mono" if channels == 1 else "stereo"
        if channels > 2:
            notes.append(f"{channels} channels become 2")
    return Coding(encoder, rate, layout, kept, _bit_rate(encoder, source, rate)), notes


def _encoder(form: SoundForm, codec: str, sample: str) -> tuple[str, str]:
    """The encoder, and the sample format to ask of it."""
    whole = codec.startswith(_LOSSLESS)
    deep = sample.startswith(("s32", "s64", "flt", "dbl"))
    match form.name:
        case "wav" | "aiff":
            return _pcm(codec, sample, "le" if form.name == "wav" else "be"), ""
        case "flac":
            return "flac", "s32" if whole and deep else "s16"
        case "mp3":
            return "libmp3lame", ""
        case "m4a" | "mp4" | "mov":
            return ("alac", "s32p" if deep else "s16p") if whole else ("aac", "")
        case "ogg" | "mka" if whole:
            return "flac", "s32" if deep else "s16"
        case "mka" if codec not in ("opus", "vorbis"):
            return "aac", ""
    return "libopus", ""


def _pcm(codec: str, sample: str, order: str) -> str:
    """As many bits a sample as before; 16 where the samples come out of a lossy codec."""
    if codec in ("pcm_u8", "pcm_s8"):
        return "pcm_u8" if order == "le" else "pcm_s8"
    if codec.startswith("pcm_f"):
        return f"pcm_f32{order}"
    if codec.startswith("pcm_s32"):
        return f"pcm_s32{order}"
    return f"pcm_s24{order}" if sample.startswith("s32") else f"pcm_s16{order}"


def _bit_rate(encoder: str, source: AudioStream, rate: int) -> int:
    """Bits a second for a lossy encoder: as many as before, and not fewer than sound good."""
    if encoder not in ("aac", "libmp3lame", "libopus"):
        return 0
    channels = source.codec_context.layout.nb_channels
    good = _DEFAULT if channels == 1 else _DEFAULT * channels * 5 // 6
    lossy = not source.codec_context.codec.canonical_name.startswith(_LOSSLESS)
    before = (source.codec_context.bit_rate or 0) if lossy else 0
    most = _MOST_SLOW if encoder == "libmp3lame" and rate < _SLOW else _MOST
    return max(good, min(before, most)) if channels > 2 else min(max(good, before), most)


def add_track(
    output: OutputContainer, form: SoundForm, source: AudioStream
) -> tuple[AudioStream, list[str]]:
    """A stream of `output` for `source`, and what it changes, in words."""
    how, notes = coding(form, source)
    options = {"flags": "+bitexact"}
    if how.encoder == "libopus" and how.layout not in ("mono", "stereo"):
        options["mapping_family"] = "1"
    made = output.add_stream(how.encoder, rate=how.rate, options=options)
    assert isinstance(made, AudioStream)
    context = made.codec_context
    context.layout = how.layout
    context.time_base = made.time_base = Fraction(1, how.rate)
    if how.sample:
        context.format = how.sample
    if how.bits:
        context.bit_rate = how.bits
    return made, notes
