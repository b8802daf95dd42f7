"""Options that several commands share, described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ...core.errors import UsageError

WHERE = "Where it goes"
WHAT = "What is hidden, and how"
CODING = "How the video is written"
READING = "How the input is read"
PAPERS = "Plan, report, settings"
PROOF = "Proof for others"
TALK = "What is said"

Style = Literal["veil", "solid", "mosaic", "blur", "figure"]
Sound = Literal["mute", "retell", "disguise", "keep"]
Noise = Literal["keep", "reduce"]
Codec = Literal["h264", "hevc", "av1", "vp9"]
Preset = Literal["fast", "balanced", "thorough"]

HideOption = Annotated[
    str | None,
    typer.Option(
        "--hide",
        metavar="KIND,...",
        show_default="faces",
        help="What to look for and hide: any of faces, plates, text, people.",
        rich_help_panel=WHAT,
    ),
]
ZoneOption = Annotated[
    list[str] | None,
    typer.Option(
        "--zone",
        metavar="X0,Y0,X1,Y1[@START-END]",
        show_default=False,
        help="Always hide this part of the picture, in pixels or percent (10%,0,50%,100%), "
        "throughout or for a time (@0:10-0:12.5); may be given several times.",
        rich_help_panel=WHAT,
    ),
]
TimeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--time",
        metavar="START-END",
        show_default=False,
        help="Hide the whole picture for this time, as h:mm:ss or seconds from the first frame; "
        "may be given several times.",
        rich_help_panel=WHAT,
    ),
]
KeepZoneOption = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-zone",
        metavar="X0,Y0,X1,Y1[@START-END]",
        show_default=False,
        help="Leave people bare who are inside this part of the picture from first to last; "
        "whoever comes from outside is hidden. May be given several times.",
        rich_help_panel=WHAT,
    ),
]
UnsureOption = Annotated[
    Literal["never", "unsure"] | None,
    typer.Option(
        "--cover-frame-when",
        show_default="never",
        help="unsure covers the whole picture where nobody could tell: too dark or bright, too "
        "fast, somebody lost, too many.",
        rich_help_panel=WHAT,
    ),
]
SmallestOption = Annotated[
    str | None,
    typer.Option(
        "--smallest",
        metavar="PIXELS|KIND=PIXELS,...",
        show_default="by preset",
        help="How high the smallest thing is that is searched for: faces=16,plates=12. Smaller "
        "takes longer.",
        rich_help_panel=WHAT,
    ),
]
HeadsOption = Annotated[
    bool | None,
    typer.Option(
        "--heads/--no-heads",
        show_default="with --preset thorough",
        help="With faces, hide the heads of people whose face nobody saw: turned away, masked, "
        "in the dark.",
        rich_help_panel=WHAT,
    ),
]
PresetOption = Annotated[
    Preset | None,
    typer.Option(
        "--preset",
        show_default="balanced",
        help="How closely to look: thorough finds more and takes longer.",
        rich_help_panel=WHAT,
    ),
]
DetectorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--detector",
        metavar="KIND=NAME[:FILE]",
        show_default="ours",
        help="Another detector for faces, plates, text or people, such as "
        "faces=own-yolo.v1:face.onnx; passerby plugins lists them. May be repeated.",
        rich_help_panel=WHAT,
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME",
        show_default="auto",
        help="What runs the detectors: auto, cpu, gpu, cuda, ...; passerby doctor says which are "
        "here.",
        rich_help_panel=WHAT,
    ),
]
DamagedOption = Annotated[
    bool | None,
    typer.Option(
        "--accept-damaged",
        show_default=False,
        help="Process what can be decoded of a damaged file; the report says where it broke.",
        rich_help_panel=READING,
    ),
]
StreamOption = Annotated[
    int | None,
    typer.Option(
        "--video-stream",
        metavar="N",
        min=0,
        show_default=False,
        help="Which film of a file that holds several; the others are dropped.",
        rich_help_panel=READING,
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        metavar="TIMES",
        min=1,
        max=1000,
        show_default="1",
        help="How many times more than usual a file may unpack to, if you trust its source.",
        rich_help_panel=READING,
    ),
]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="NAME|FILE.toml",
        show_default=False,
        help="A preset of settings for a purpose, such as publish or protest; passerby presets "
        "lists them. --settings and options win over it.",
        rich_help_panel=PAPERS,
    ),
]
SettingsOption = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE.toml",
        show_default=False,
        help="Settings to start from; options given here win over it.",
        rich_help_panel=PAPERS,
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="DIR|REPORT.json",
        show_default=False,
        help="Write down what was done, dropped and not looked for: a folder gets a page to read, "
        "with pictures of the output, and its JSON; a name with a suffix is the JSON alone.",
        rich_help_panel=PAPERS,
    ),
]
SignOption = Annotated[
    Path | None,
    typer.Option(
        "--sign",
        metavar="CERT.pem",
        show_default=False,
        help="Put a signed C2PA manifest into JPEG, PNG, MP4 and MOV that says what was done. "
        "It names whoever the certificate names, and links outputs of the same key.",
        rich_help_panel=PROOF,
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="KEY.pem",
        show_default=False,
        help="The certificate's private key, without a passphrase.",
        rich_help_panel=PROOF,
    ),
]
SealOption = Annotated[
    list[str] | None,
    typer.Option(
        "--seal",
        metavar="RECIPIENT",
        show_default=False,
        help="Put the original, encrypted with age, beside the output. A public key (age1..., "
        "ssh-ed25519 ..., ssh-rsa ...) or a file of them; may be given several times.",
        rich_help_panel=PROOF,
    ),
]
ForceOption = Annotated[
    bool,
    typer.Option("--force", help="Overwrite outputs that exist already.", rich_help_panel=WHERE),
]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=TALK),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON object on standard output, and nothing else there.",
        rich_help_panel=TALK,
    ),
]


def kinds(hide: str | None) -> tuple[str, ...] | None:
    """`faces,plates` -> the kinds it names; None when nothing was said."""
    if hide is None:
        return None
    named = tuple(part.strip() for part in hide.split(",") if part.strip())
    if not named:
        raise UsageError("--hide names nothing", hint="--hide faces is the default")
    return named


def sizes(smallest: str | None) -> float | dict[str, float] | None:
    """`faces=16,plates=12` or `16`, as settings know it; None when nothing was said."""
    if smallest is None:
        return None
    hint = "write --smallest 16, or --smallest faces=16,plates=12"
    named: dict[str, float] = {}
    for part in smallest.split(","):
        name, equals, size = part.partition("=")
        try:
            value = float(size if equals else name)
        except ValueError:
            raise UsageError(f"--smallest: {part.strip()!r} is no size", hint=hint) from None
        if not equals and "," not in smallest:
            return value
        if not equals:
            raise UsageError(f"--smallest: {part.strip()!r} names no kind", hint=hint)
        named[name.strip()] = value
    return named
