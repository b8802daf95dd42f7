"""A transcript is read as it was written, and what a person does to it; errors hold no words."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.errors import TranscriptError
from passerby.plan.subtitles import subtitles_of
from passerby.plan.transcript import (
    CUT,
    LARGEST,
    Phrase,
    Spoken,
    Transcript,
    clock_of,
    load,
    text_of,
)

HASH = "5f" * 32
CANARY = "Bellatrix"  # a name that is said, and must be in no error

HEAD = f"""\
WEBVTT
Passerby: transcript/1
Media: {HASH}
Language: en
Recogniser: by hand
Track 1: 00:00:00.000 - 00:01:00.000
Track 2: 00:00:01.500 - 00:00:50.000
Reviewed: yes
"""


def read(tmp_path: Path, text: str | bytes) -> Transcript:
    path = tmp_path / "words.vtt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    tracks = []
    for _ in range(draw(st.integers(1, 3))):
        at = start = draw(st.integers(0, 5000))
        phrases = []
        for _ in range(draw(st.integers(0, 5))):
            begins = at + draw(st.integers(0, 4_000_000))
            at = begins + draw(st.integers(1, 20_000))
            words = " ".join(draw(st.text(max_size=40)).split())
            clean = "".join(c for c in words if c.isprintable())
            phrases.append(Phrase(begins, at, " ".join(clean.split())))
        tracks.append(Spoken(start, at + draw(st.integers(0, 1000)), tuple(phrases)))
    return Transcript(HASH, "pt-BR", "some.v1", draw(st.booleans()), tuple(tracks))


@given(told=transcripts())
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, told: Transcript
) -> None:
    again = read(tmp_path_factory.mktemp("words"), text_of(told))
    assert again.sha256

    def plain(transcript: Transcript) -> Transcript:
        tracks = tuple(
            replace(
                track,
                phrases=tuple(
                    replace(p, line=0, words="" if p.words.lower().startswith(CUT) else p.words)
                    for p in track.phrases
                ),
            )
            for track in transcript.tracks
        )
        return replace(transcript, tracks=tracks, sha256="")

    assert plain(again) == plain(told)


def test_what_people_and_their_editors_make_of_it_is_understood(tmp_path: Path) -> None:
    text = (
        HEAD
        + f"""
NOTE
{CANARY} is no phrase here.

1
00:02.000 --> 00:03.000 align:start position:10%
Two <i>lines</i> &amp;
one phrase

track 2
00:00:02.000 --> 00:00:04.000
in the second track

00:00:05.000 --> 00:00:06.000

00:00:07.000 --> 00:00:08.000
[CUT] {CANARY} was here

00:00:09.000 --> 00:01:00.000
"""
    )
    told = read(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    first, second = told.tracks
    assert [(p.start, p.end, p.words) for p in first.phrases] == [
        (2000, 3000, "Two lines & one phrase"),
        (5000, 6000, ""),
        (7000, 8000, ""),
        (9000, 60000, ""),
    ]
    assert [p.words for p in second.phrases] == ["in the second track"]
    assert (told.spoken, told.cut, told.reviewed) == (2, 3, True)


WRONG = {
    "line 10: want times": f"00:00:01,000 --> 00:00:02,000\n{CANARY}",
    "line 11: want times": f"{CANARY}\nand so on",
    "line 10: want times, such": "00:00:61.000 --> 00:01:02.000",
    "line 10: the phrase ends before it begins": f"00:00:02.000 --> 00:00:02.000\n{CANARY}",
    "line 10: the phrase lies outside the sound": f"00:00:59.000 --> 00:01:00.001\n{CANARY}",
    "line 11: the phrase lies outside the sound": "track 2\n00:00:01.000 --> 00:00:02.000",
    "line 10: there is no track 3": "track 3\n00:00:01.000 --> 00:00:02.000",
    "line 12: the phrase begins before the one of line 10 ends": (
        f"00:00:01.000 --> 00:00:03.000\n\n00:00:02.999 --> 00:00:04.000\n{CANARY}"
    ),
    "line 10: the phrase is longer than": f"00:00:01.000 --> 00:00:03.000\n{CANARY * 400}",
}


@pytest.mark.parametrize("said", WRONG)
def test_an_error_names_the_line_and_no_word_of_it(tmp_path: Path, said: str) -> None:
    with pytest.raises(TranscriptError) as caught:
        read(tmp_path, HEAD + "\n" + WRONG[said] + "\n")
    assert said in str(caught.value)
    assert CANARY not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("WEBVTT", CANARY, "first line is not WEBVTT"),
        ("Passerby: transcript/1", "Passerby: transcript/2", "of a version"),
        (f"Media: {HASH}\n", "", "does not say Media"),
        (HASH, HASH[:-1], "names no media"),
        ("Language: en", "Language: --voice", "names no language"),
        ("Reviewed: yes", f"Reviewed: {CANARY}", "neither Reviewed: yes nor"),
        ("Track 2", "Track 3", "tracks are not in order"),
        ("Track", "Trace", "names no sound track"),
        ("Language: en", "Language: en\nLanguage: de", "line 5 says Language once more"),
    ],
)
def test_a_head_that_makes_no_sense_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(TranscriptError, match=said) as caught:
        read(tmp_path, HEAD.replace(old, new))
    assert CANARY not in str(caught.value)


def test_a_file_that_is_no_text_or_far_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match="line 9 is not in UTF-8"):
        read(tmp_path, HEAD.encode() + b"\xff\xfe\n")
    with pytest.raises(TranscriptError, match="larger than 4 MB"):
        read(tmp_path, HEAD.encode() + b"\n" * LARGEST)
    with pytest.raises(TranscriptError, match="can't be read"):
        load(tmp_path / "nowhere.vtt")
    with pytest.raises(TranscriptError, match="no transcript"):
        read(tmp_path, "")


@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_whatever_is_in_a_file_it_is_a_transcript_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("words")
    for text in (data, HEAD.encode() + b"\n00:00:01.000 --> 00:00:02.000\n" + data):
        with suppress(TranscriptError):
            assert read(folder, text).tracks


def test_subtitles_hold_what_is_said_and_neither_what_is_cut_nor_the_head(tmp_path: Path) -> None:
    told = Transcript(
        HASH,
        "en",
        "some.v1",
        True,
        (
            Spoken(0, 9000, (Phrase(1000, 2500, "So & so --> <there>"), Phrase(4000, 5000, ""))),
            Spoken(0, 9000, (Phrase(2000, 3000, "in the meantime " * 4),)),
        ),
    )
    assert subtitles_of(told, "srt") == (
        "1\n00:00:01,000 --> 00:00:02,500\nSo & so --> <there>\n\n"
        "2\n00:00:02,000 --> 00:00:03,000\n"
        "in the meantime in the meantime in the\nmeantime in the meantime\n"
    )
    vtt = subtitles_of(told, "vtt")
    assert vtt.startswith("WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.500\nSo &amp; so --&gt; ")
    assert HASH not in vtt
    assert "en\n" not in vtt


def test_times_are_whole_milliseconds() -> None:
    assert clock_of(0) == "00:00:00.000"
    assert clock_of(3_723_004) == "01:02:03.004"
    assert clock_of(100 * 3_600_000, ",") == "100:00:00,000"
