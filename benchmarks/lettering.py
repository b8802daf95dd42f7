"""Plates and text: how many stay bare, and how much else is covered, by kind, size and script.

Plates: the photos of data/heldin/plates by the scorer, and a film made of some of them, whose
plates' places are known exactly. Text: known words drawn on real photos, in five scripts; fonts are
Noto's (Debian: fonts-noto-core, fonts-noto-cjk), looked for where systems keep fonts and in
PASSERBY_FONTS. A script whose font is missing is SKIPPED. Letters count as hidden when nine tenths
of their box, plates when eight tenths, lie under regions.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import scoring

Corners = tuple[float, float, float, float]
Run = Callable[..., None]

SCRIPTS: Final = {
    "Latin": ("NotoSans-Regular.ttf", ("Main Street 24", "Dr. A. Keller", "Bakery", "PRESS")),
    "Cyrillic": ("NotoSans-Regular.ttf", ("улица Ленина 24", "Аптека", "Мария Иванова", "Вход")),
    "Arabic": ("NotoSansArabic-Regular.ttf", ("شارع الحرية ٢٤", "صيدلية", "محمد الأحمد", "خروج")),
    "Burmese": ("NotoSansMyanmar-Regular.ttf", ("ဗိုလ်ချုပ်လမ်း ၂၄", "ဆေးဆိုင်", "ရန်ကုန်မြို့")),
    "Chinese": ("NotoSansCJK-Regular.ttc", ("人民路二十四号", "药店", "王小明", "北京医院")),
}
HEIGHTS: Final = (12, 14, 18, 24, 36, 60)
PHOTOS: Final = 8  # for each script
BOARDS: Final = (((255,) * 3, (0,) * 3), ((20, 60, 140), (255,) * 3), ((250, 220, 0), (10,) * 3))


def report(data: Path, tool: Path, outputs: Path, run: Run) -> None:
    """Print everything. `run(command, *arguments)` runs Passerby."""
    photos = data / "plates"
    if photos.is_dir():
        _plates(photos, tool, outputs / "plates", run)
        _drive(photos, outputs / "plates", run)
    else:
        print("SKIPPED: no photos of plates here")
    _text(data, outputs / "text", run)


def _plates(photos: Path, tool: Path, outputs: Path, run: Run) -> None:
    pictures = sorted((photos / "images").iterdir())
    run("redact", *pictures, "--to", outputs, "--no-verify", "--hide", "plates")
    score = scoring.of_photos(tool, photos, outputs)
    print(f"plates in photos: {score.exposed} of {score.faces} bare, over-redaction {score.over} %")


def _drive(photos: Path, outputs: Path, run: Run) -> None:
    """Cars that the camera drives past: three photos, each 40 frames of panning and nearing."""
    known = json.loads((photos / "annotations.json").read_text())
    boxes = {a["image_id"]: a["bbox"] for a in known["annotations"]}
    wide = [i for i in known["images"] if i["width"] == 1280 and i["height"] == 720]
    film, places = outputs / "drive.mp4", list[Corners | None]()
    outputs.mkdir(parents=True, exist_ok=True)
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 960, 540, "yuv420p"
        stream.options = {"crf": "20", "preset": "veryfast"}
        for one in wide[::5][:4]:
            picture = Image.open(photos / "images" / one["file_name"]).convert("RGB")
            for n in range(40):
                span = 900 - 5 * n
                left, top = (1280 - span) * n / 39, (720 - span * 9 / 16) * (0.5 + n / 100)
                part = (left, top, left + span, top + span * 9 / 16)
                shown = picture.resize((960, 540), Image.Resampling.BILINEAR, box=part)
                container.mux(stream.encode(av.VideoFrame.from_image(shown)))
                x, y, w, h = boxes[one["id"]]
                by = 960 / span
                places.append(
                    _inside(
                        ((x - left) * by, (y - top) * by, (x + w - left) * by, (y + h - top) * by)
                    )
                )
        container.mux(stream.encode())
    plan = outputs / "drive.plan.json"
    run("scan", film, "-o", plan, "--hide", "plates")
    covers = _covers(plan, len(places))
    bare = [p is not None and _share(p, covers[n]) < 0.8 for n, p in enumerate(places)]
    longest = max((len(r) for r in "".join(".x"[b] for b in bare).split(".")), default=0)
    shown_in = sum(p is not None for p in places)
    print(f"plates in a film: bare in {sum(bare)} of {shown_in} frames, {longest} in a row at most")


def _inside(box: Corners) -> Corners | None:
    """What of a plate is inside 960 x 540; None when that is less than two thirds."""
    x0, y0, x1, y1 = max(0.0, box[0]), max(0.0, box[1]), min(960.0, box[2]), min(540.0, box[3])
    whole = (box[2] - box[0]) * (box[3] - box[1])
    return (
        (x0, y0, x1, y1) if x1 > x0 and y1 > y0 and (x1 - x0) * (y1 - y0) > whole * 2 / 3 else None
    )


def _covers(plan: Path, frames: int) -> list[list[Corners]]:
    """The regions of each frame of a film of constant rate."""
    from passerby.core.time import Span, Ticks
    from passerby.plan import load, schedule_of

    document = load(plan)
    schedule, _, _ = schedule_of(document)
    first, end = document.media.first, document.media.end
    edges = [first + (end - first) * n // frames for n in range(frames + 1)]
    spans = [Span(Ticks(a), Ticks(b)) for a, b in pairwise(edges)]
    return [[r.box.corners for r in schedule.regions(span)] for span in spans]


def _share(place: Corners, covers: Sequence[Corners]) -> float:
    """How much of `place` lies under `covers`."""
    x, y = place[0], place[1]
    seen = np.zeros((max(1, round(place[3] - y)), max(1, round(place[2] - x))), bool)
    for x0, y0, x1, y1 in covers:
        seen[
            max(0, round(y0 - y)) : max(0, round(y1 - y)),
            max(0, round(x0 - x)) : max(0, round(x1 - x)),
        ] = True
    return float(seen.mean())


def _text(data: Path, outputs: Path, run: Run) -> None:
    grounds = list(_grounds(data))
    if not grounds:
        print("SKIPPED: no photos to draw text on")
        return
    outputs.mkdir(parents=True, exist_ok=True)
    for script, (file, words) in SCRIPTS.items():
        font = _font(file)
        if font is None:
            print(f"text, {script}: SKIPPED, no {file} here")
            continue
        hidden: dict[int, list[bool]] = {}
        over = []
        for number in range(PHOTOS):
            chance = random.Random(number)
            picture = Image.open(chance.choice(grounds)).convert("RGB")
            picture.thumbnail((1280, 1280))
            places = _drawn(picture, font, words, chance)
            path, plan = outputs / f"{script}-{number}.png", outputs / f"{script}-{number}.json"
            picture.save(path)
            run("scan", path, "-o", plan, "--hide", "text")
            covers = _covers(plan, 1)[0]
            for height, place in places:
                hidden.setdefault(height, []).append(_share(place, covers) >= 0.9)
            over.append(_over(picture.size, [p for _, p in places], covers))
        every = [one for some in hidden.values() for one in some]
        sizes = ", ".join(f"{h} px {sum(v)}/{len(v)}" for h, v in sorted(hidden.items()))
        said = f"{100 * sum(every) / len(every):.1f} % of {len(every)} hidden ({sizes})"
        print(
            f"text, {script}: {said}; beside it {100 * sum(over) / len(over):.1f} % of the picture"
        )


def _grounds(data: Path) -> Iterator[Path]:
    """Photos large enough to draw on."""
    folder = data / "faces-photos" / "images"
    for path in sorted(folder.glob("*.jpg")) if folder.is_dir() else ():
        with Image.open(path) as image:
            if min(image.size) >= 480:
                yield path


def _font(file: str) -> Path | None:
    places = [Path(p) for p in os.environ.get("PASSERBY_FONTS", "").split(os.pathsep) if p]
    for place in (*places, Path("/usr/share/fonts"), Path.home() / ".fonts"):
        for found in sorted(place.rglob(file)) if place.is_dir() else ():
            return found
    return None


def _drawn(
    picture: Image.Image, font: Path, words: Sequence[str], chance: random.Random
) -> list[tuple[int, Corners]]:
    """Draw words of every height on `picture`, half of them on boards; height and place of each."""
    draw, placed = ImageDraw.Draw(picture), list[tuple[int, Corners]]()
    for height in HEIGHTS:
        said = chance.choice(words)
        face = ImageFont.truetype(str(font), height)
        _, y0, _, y1 = draw.textbbox((0, 0), said, font=face)
        face = ImageFont.truetype(str(font), max(6, round(height * height / (y1 - y0))))
        for _ in range(60):
            at = chance.uniform(8, picture.width * 0.9), chance.uniform(8, picture.height * 0.9)
            box = draw.textbbox(at, said, font=face)
            apart = all(
                box[2] + 16 < o[0] or o[2] + 16 < box[0] or box[3] + 16 < o[1] or o[3] + 16 < box[1]
                for _, o in placed
            )
            if box[2] < picture.width - 8 and box[3] < picture.height - 8 and apart:
                break
        else:
            continue
        light = np.asarray(picture.crop(tuple(map(int, box))).convert("L")).mean()
        ink = (255,) * 3 if light < 128 else (0,) * 3
        if chance.random() < 0.5:
            board, ink = chance.choice(BOARDS)
            edge = height * 0.3
            draw.rectangle((box[0] - edge, box[1] - edge, box[2] + edge, box[3] + edge), fill=board)
        draw.text(at, said, font=face, fill=ink)
        placed.append((height, box))
    return placed


def _over(size: tuple[int, int], places: Sequence[Corners], covers: Sequence[Corners]) -> float:
    """The share of a picture that is covered without any text being within half its height."""
    seen = np.zeros((size[1], size[0]), bool)
    for x0, y0, x1, y1 in covers:
        seen[max(0, round(y0)) : max(0, round(y1)), max(0, round(x0)) : max(0, round(x1))] = True
    for x0, y0, x1, y1 in places:
        more = (y1 - y0) * 0.6
        rows = slice(max(0, round(y0 - more)), round(y1 + more))
        seen[rows, max(0, round(x0 - more)) : round(x1 + more)] = False
    return float(seen.mean())
