"""Can outputs still be linked to the camera that made the original?

Cameras are made up: each multiplies real, held-out footage by a pattern of its own, adds noise and
encodes as a phone would. Who wants to link has the phone, and its pattern from pictures of a
plain wall. First the whole program is run on films and photos, then single steps are compared.
Without the footage it says SKIPPED and stops.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import sensor
from passerby.core.geometry import Size
from passerby.redact import CameraNoise
from passerby.redact.camera_noise import calm
from passerby.testing import ArrayFrame, Layout

Luma = NDArray[np.uint8]

ROOT: Final = Path(__file__).resolve().parent.parent
# Two films of the same size by each camera.
FILMS: Final = (
    ("faces-clips/c07_turn_profile.mp4", "faces-hard/h7_crossing_720.mp4"),
    ("faces-hard/h1_scale_720.mp4", "faces-hard/h2_rotate_720.mp4"),
    ("faces-hard/h4_occlusion_720.mp4", "faces-hard/h6_edges_720.mp4"),
)
FILM: Final = (720, 1280)
PHOTO: Final = (880, 880)
PHOTOS: Final = 12
OUTPUTS: Final = (
    (),
    ("--crf", "28"),
    ("--camera-noise", "reduce"),
    ("--camera-noise", "reduce", "--crf", "28"),
)
WALLS: Final = 40  # pictures of a plain wall from which a camera's pattern is taken
WARPED: Final = 6.0  # standard deviations above chance from which a search over warps links


class Camera:
    """A sensor with a pattern of its own: `strength` is its standard deviation."""

    def __init__(self, number: int, shape: tuple[int, int], strength: float) -> None:
        self._rng = np.random.default_rng(number)
        # A little smooth, as demosaicing leaves it.
        pattern = cv2.GaussianBlur(self._rng.normal(0, 1, shape).astype(np.float32), (0, 0), 0.5)
        self._pattern = pattern / pattern.std() * strength
        self.reference = sensor.fingerprint(sensor.whole(self.shot(w)) for w in self._walls(shape))

    def shot(self, scene: NDArray[Any]) -> Luma:
        """`scene` (rows, cols) or (rows, cols, 3) as this camera sees it."""
        gain = 1 + (self._pattern if scene.ndim == 2 else self._pattern[..., None])
        seen = scene * gain + self._rng.normal(0, 1.5, scene.shape)
        return np.clip(np.rint(seen), 0, 255).astype(np.uint8)

    def _walls(self, shape: tuple[int, int]) -> Iterator[NDArray[Any]]:
        rows, cols = np.indices(shape)
        for _ in range(WALLS):
            down, along = self._rng.uniform(-1, 1, 2)
            yield 130 + 30 * (down * rows / shape[0] + along * cols / shape[1])


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    ask.add_argument("--strength", type=float, nargs="*", default=[0.01, 0.005])
    ask.add_argument("--frames", type=int, default=110, help="of each film")
    ask.add_argument("--only", choices=("films", "photos", "ways", "cost"), nargs="*")
    ask.add_argument("--json", type=Path)
    given = ask.parse_args()
    data = given.shared / "data/heldin"
    if not (data / FILMS[0][0]).is_file():
        print(f"SKIPPED: {data} is not there; --shared says where it is")
        return 0
    cv2.setNumThreads(1)
    rows: list[dict[str, Any]] = []
    parts = given.only or ("films", "photos", "ways", "cost")
    for strength in given.strength if {"films", "photos"} & set(parts) else ():
        if "films" in parts:
            rows += films(data, strength, given.frames)
        if "photos" in parts:
            rows += photos(data, strength)
    if "ways" in parts:
        rows += ways(data, given.frames)
    if "cost" in parts:
        rows += cost()
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def films(data: Path, strength: float, count: int) -> list[dict[str, Any]]:
    """Films of three cameras through the whole program, at its default quality and at a low one."""
    cameras = [Camera(number, FILM, strength) for number in range(len(FILMS))]
    told = []
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot"
        shot.mkdir()
        for number, pair in enumerate(FILMS):
            for film in pair:
                lumas = [cameras[number].shot(luma) for luma in frames(data / film, count)]
                written(shot / f"{number}-{Path(film).stem}.mp4", lumas, crf=18)
        told.append(linked("film", "original", strength, read_films(shot, count), cameras))
        for words in OUTPUTS:
            out = redacted(shot, Path(folder) / "-".join(("out", *words)), words)
            label = " ".join(words) or "keep"
            told.append(linked("film", label, strength, read_films(out, count), cameras))
    return told


def photos(data: Path, strength: float) -> list[dict[str, Any]]:
    """Photos of three cameras through the whole program."""
    cameras = [Camera(100 + number, PHOTO, strength) for number in range(3)]
    told = []
    with tempfile.TemporaryDirectory() as name:
        shot = Path(name) / "shot"
        shot.mkdir()
        for number, path in enumerate(large_photos(data / "faces-photos/images")):
            image = Image.open(path).convert("RGB")
            top, left = (image.height - PHOTO[0]) // 2, (image.width - PHOTO[1]) // 2
            cut = np.asarray(image)[top : top + PHOTO[0], left : left + PHOTO[1]]
            made = Image.fromarray(cameras[number % 3].shot(cut))
            made.save(shot / f"{number % 3}-{path.stem}.jpg", quality=95)
        told.append(linked("photo", "original", strength, read_photos(shot), cameras))
        for words in ((), ("--camera-noise", "reduce")):
            out = redacted(shot, Path(name) / "-".join(("out", *words)), words)
            label = " ".join(words) or "keep"
            told.append(linked("photo", label, strength, read_photos(out), cameras))
    return told


def linked(
    kind: str,
    label: str,
    strength: float,
    taken: Iterable[tuple[int, sensor.Reals]],
    cameras: Sequence[Camera],
) -> dict[str, Any]:
    """Compare each pattern with its camera's and with the others', and films with each other."""
    patterns = list(taken)
    right, wrong, bent, bent_wrong, pairs, strangers = [], [], [], [], [], []
    for index, (whose, pattern) in enumerate(patterns):
        for number, camera in enumerate(cameras):
            score = sensor.pce(pattern, camera.reference)
            (right if number == whose else wrong).append(score)
            if kind == "film":
                score = sensor.warped(pattern, camera.reference)
                (bent if number == whose else bent_wrong).append(score)
        if kind == "film":
            for other, theirs in patterns[index + 1 :]:
                score = sensor.pce(pattern, theirs)
                (pairs if other == whose else strangers).append(score)
    row = {
        "kind": kind,
        "output": label,
        "strength": strength,
        "pce": rounded(right),
        "linked": share(right, sensor.LINKED),
        "wrong": share(wrong, sensor.LINKED),
        "wrong_highest": round(max(wrong), 1),
        "above_wrong": share(right, max(wrong)),
    }
    said = f"PCE {median(right)} ({min(right):.0f}-{max(right):.0f}), linked {row['linked']}"
    said += f", wrongly {row['wrong']} (highest {max(wrong):.0f}; above it {row['above_wrong']})"
    if kind == "film":
        row |= {"warp": rounded(bent), "warp_linked": share(bent, WARPED)}
        row |= {"warp_wrong": share(bent_wrong, WARPED), "pairs": rounded(pairs)}
        said += f"; by a search over warps {row['warp_linked']}, wrongly {row['warp_wrong']}"
        said += f"; two films with each other: PCE {median(pairs)}, linked "
        said += f"{share(pairs, sensor.LINKED)}, wrongly {share(strangers, sensor.LINKED)}"
    print(f"{kind}s, pattern {strength:.1%}, {label}: {said}", flush=True)
    return row


def ways(data: Path, count: int) -> list[dict[str, Any]]:
    """What single steps do to the link and to the picture: brightness only, x264 behind."""
    told = []
    shots = []
    for number, (source, _) in enumerate(FILMS):
        camera = Camera(number, FILM, 0.01)
        scene = [camera.shot(luma) for luma in frames(data / source, count)]
        shots.append((camera, encoded(scene, crf=18)))
    for name, (way, crf) in WAYS.items():
        scores, psnr, ssim, size = [], [], [], 0
        for camera, film in shots:
            packed: list[int] = []
            out = encoded(way(film), crf=crf, sizes=packed)
            size += sum(packed)
            pattern = sensor.fingerprint(map(sensor.whole, out))
            scores.append(sensor.pce(pattern, camera.reference))
            some = list(zip(film, out, strict=True))[::10]
            psnr += [cv2.PSNR(was, now) for was, now in some]
            ssim += [similarity(was, now) for was, now in some]
        row = {"way": name, "pce": rounded(scores), "psnr": round(float(np.mean(psnr)), 1)}
        row |= {"ssim": round(float(np.mean(ssim)), 3), "kB": size // 1000}
        told.append(row)
        each = " ".join(f"{score:7.0f}" for score in scores)
        print(f"{name:44} PCE {each}  PSNR {row['psnr']}  SSIM {row['ssim']}  {row['kB']} kB")
    return told


def cost() -> list[dict[str, Any]]:
    """CPU time of a 1080p frame, in milliseconds: median of 20, one thread."""
    told = []
    for depth in (8, 10):
        frame = ArrayFrame.noise(Size(1920, 1080), Layout.YUV420, depth=depth)
        noise, spent = CameraNoise(), []
        noise.reduce(frame)  # makes its maps
        for _ in range(20):
            start = time.process_time()
            noise.reduce(frame)
            spent.append((time.process_time() - start) * 1000)
        told.append({"cost": f"1080p, {depth} bits", "ms": round(float(np.median(spent)), 1)})
        print(f"1080p 4:2:0, {depth} bits: {told[-1]['ms']} ms of CPU a frame", flush=True)
    return told


Way = Callable[[list[Luma]], list[Luma]]


def _each(one: Callable[[Luma], NDArray[Any]]) -> Way:
    return lambda film: [np.clip(np.rint(one(luma)), 0, 255).astype(np.uint8) for luma in film]


def _whole(film: list[Luma]) -> list[Luma]:
    noise, out = CameraNoise(7), []
    for luma in film:
        frame = ArrayFrame([luma], Layout.GRAY)
        noise.reduce(frame)
        out.append(np.asarray(frame.planes()[0].pixels, np.uint8))
    return out


def _bent(film: list[Luma]) -> list[Luma]:
    """What `reduce` does but for taking detail away."""
    [strip] = CameraNoise(7)._strips(film[0].shape, (1, 1))
    return [
        np.asarray(
            cv2.remap(luma, strip.x, strip.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )
        for luma in film
    ]


def _own(film: list[Luma]) -> list[Luma]:
    """The pattern as the film itself shows it, taken away."""
    pattern = sensor.fingerprint(map(sensor.whole, film))
    return _each(lambda luma: luma * (1 - pattern))(film)


def _shaken(film: list[Luma]) -> list[Luma]:
    """Each frame moved by a random part of a pixel."""
    rng = np.random.default_rng(3)

    def moved(luma: Luma) -> NDArray[Any]:
        x, y = rng.uniform(-0.7, 0.7, 2)
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
        size = (luma.shape[1], luma.shape[0])
        return np.asarray(cv2.warpAffine(luma, matrix, size, borderMode=cv2.BORDER_REPLICATE))

    return _each(moved)(film)


def _smaller(luma: Luma) -> NDArray[Any]:
    rows, cols = luma.shape
    small = cv2.resize(luma, (cols * 3 // 4, rows * 3 // 4), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (cols, rows), interpolation=cv2.INTER_CUBIC))


_GRAIN: Final = np.random.default_rng(9)
_STEPS: Final[dict[str, Way]] = {
    "encoded anew": lambda film: film,
    "noise of 2 levels added": _each(lambda luma: luma + _GRAIN.normal(0, 2, luma.shape)),
    "Gaussian blur, 0.8 pixels": _each(lambda luma: cv2.GaussianBlur(luma, (0, 0), 0.8)),
    "median of 3 x 3": _each(lambda luma: cv2.medianBlur(luma, 3)),
    "three quarters of the size, and back": _each(_smaller),
    "each frame moved by part of a pixel": _shaken,
    "the film's own fingerprint taken away": _own,
    "bent by up to two pixels": _bent,
    "weak detail taken away": _each(lambda luma: calm(luma, 16, 8)),
    "reduce: weak detail taken away, and bent": _whole,
}
WAYS: Final[dict[str, tuple[Way, int]]] = {
    **{name: (way, 20) for name, way in _STEPS.items()},
    "encoded anew at CRF 28": (_STEPS["encoded anew"], 28),
    "reduce, and encoded at CRF 28": (_whole, 28),
}


def redacted(folder: Path, out: Path, words: Sequence[str]) -> Path:
    """Everything in `folder`, redacted by a process of its own."""
    call = [sys.executable, "-m", "passerby", "redact", str(folder), "--to", str(out)]
    subprocess.run([*call, "--no-verify", "--quiet", *words], check=True)
    return out


def read_films(folder: Path, count: int) -> Iterator[tuple[int, sensor.Reals]]:
    """Number of the camera, and what its film shows of its pattern."""
    for path in sorted(folder.rglob("*.mp4")):
        yield int(path.name[0]), sensor.fingerprint(map(sensor.whole, frames(path, count)))


def read_photos(folder: Path) -> Iterator[tuple[int, sensor.Reals]]:
    for path in sorted(folder.rglob("*.jpg")):
        grey = sensor.whole(np.asarray(Image.open(path).convert("L")))
        yield int(path.name[0]), sensor.fingerprint([grey])


def frames(path: Path, count: int) -> Iterator[Luma]:
    """Luma of the first `count` frames."""
    with av.open(str(path)) as film:
        for number, frame in enumerate(film.decode(video=0)):
            if number == count:
                return
            planes = frame.reformat(format="yuv420p").to_ndarray()
            yield planes[: frame.height].astype(np.uint8)


def encoded(lumas: Sequence[Luma], *, crf: int, sizes: list[int] | None = None) -> list[Luma]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        written(path, lumas, crf=crf)
        if sizes is not None:
            sizes.append(path.stat().st_size)
        return list(frames(path, len(lumas)))


def written(path: Path, lumas: Sequence[Luma], *, crf: int) -> None:
    """A grey film, 30 frames a second."""
    rows, cols = lumas[0].shape
    options = {"crf": str(crf), "preset": "faster"}
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = cols, rows, "yuv420p"
        grey = np.full((rows // 2, cols), 128, np.uint8)
        for luma in lumas:
            frame = av.VideoFrame.from_ndarray(np.vstack([luma, grey]), format="yuv420p")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def large_photos(folder: Path) -> list[Path]:
    """Photos that hold a cut of PHOTO, in order of name."""
    found = []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as image:
            if image.height >= PHOTO[0] and image.width >= PHOTO[1]:
                found.append(path)
    return found[:PHOTOS]


def similarity(was: Luma, now: Luma) -> float:
    """SSIM (Wang et al., 2004), a Gaussian window of 1.5 pixels."""

    def soft(values: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5))

    a, b = was.astype(np.float32), now.astype(np.float32)
    ma, mb = soft(a), soft(b)
    va, vb, both = soft(a * a) - ma * ma, soft(b * b) - mb * mb, soft(a * b) - ma * mb
    top = (2 * ma * mb + 6.5025) * (2 * both + 58.5225)
    return float((top / ((ma * ma + mb * mb + 6.5025) * (va + vb + 58.5225))).mean())


def rounded(scores: Iterable[float]) -> list[float]:
    return [round(score, 1) for score in scores]


def median(scores: Sequence[float]) -> int:
    return round(float(np.median(scores)))


def share(scores: Sequence[float], limit: float) -> str:
    return f"{sum(score > limit for score in scores)} of {len(scores)}"


if __name__ == "__main__":
    sys.exit(main())
