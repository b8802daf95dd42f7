"""Redact a real clip and a real photo as a person would, and lay before and after side by side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
from PIL import Image, ImageDraw

import fetch_footage

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "demo"
COLUMNS = 4
GAP = 8


def main() -> None:
    fetch_footage.fetch()
    FOLDER.mkdir(exist_ok=True)
    photo, clip = fetch_footage.ASTRONAUT.path, fetch_footage.CARPHONE.path
    hidden_photo, hidden_clip = FOLDER / "astronaut.redacted.png", FOLDER / "carphone.redacted.mp4"
    for given, hidden in ((photo, hidden_photo), (clip, hidden_clip)):
        report, plan = hidden.with_suffix(".report.json"), hidden.with_suffix(".plan.json")
        passerby("redact", given, "-o", hidden, "--report", report, "--save-plan", plan, "--force")
    pairs = [(Image.open(photo).convert("RGB"), Image.open(hidden_photo).convert("RGB"))]
    both = sheet(pairs, 1)
    both.save(FOLDER / "photo-before-after.png")
    both.reduce(2).save(FOLDER / "before-after.jpg", quality=82, optimize=True)  # for the README
    pairs = list(zip(pictures(clip), pictures(hidden_clip), strict=True))
    step = max(1, len(pairs) // 12)
    sheet(pairs[::step][:12], COLUMNS).save(FOLDER / "clip-before-after.png")
    print(f"""
Look at
  {shown("photo-before-after.png")}   the photo, before and after
  {shown("clip-before-after.png")}    frames of the clip, before above after
  {shown(hidden_photo.name)}
  {shown(hidden_clip.name)}    and beside both: their plans and reports""")


def passerby(*arguments: str | Path) -> None:
    words = [str(a.relative_to(ROOT)) if isinstance(a, Path) else a for a in arguments]
    print("$ passerby", *words, flush=True)
    command = [sys.executable, "-m", "passerby", *words]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code != 0:
        raise SystemExit(code)


def shown(name: str) -> str:
    return str((FOLDER / name).relative_to(ROOT))


def pictures(clip: Path) -> Iterator[Image.Image]:
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            yield Image.fromarray(frame.to_ndarray(format="rgb24"))


def sheet(pairs: list[tuple[Image.Image, Image.Image]], columns: int) -> Image.Image:
    """Each pair is a column of two, before above after; single pairs lie side by side."""
    width, height = pairs[0][0].size
    across = columns == 1
    rows = -(-len(pairs) // columns)
    cell = (width * 2 + GAP, height) if across else (width, height * 2)
    whole = (columns * (cell[0] + GAP) - GAP, rows * (cell[1] + GAP) - GAP)
    picture = Image.new("RGB", whole, "white")
    for number, (before, after) in enumerate(pairs):
        x = number % columns * (cell[0] + GAP)
        y = number // columns * (cell[1] + GAP)
        picture.paste(before, (x, y))
        picture.paste(after, (x + width + GAP, y) if across else (x, y + height))
        label(picture, "before", x, y)
        label(picture, "after", *((x + width + GAP, y) if across else (x, y + height)))
    return picture


def label(picture: Image.Image, word: str, x: int, y: int) -> None:
    draw = ImageDraw.Draw(picture)
    draw.rectangle(draw.textbbox((x + 4, y + 4), word), fill="black")
    draw.text((x + 4, y + 4), word, fill="white")


if __name__ == "__main__":
    main()
