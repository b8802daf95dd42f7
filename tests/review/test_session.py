"""A review over HTTP: one request, one edit; what is seen is what is exported; nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from passerby.plan import load

from .conftest import FRAMES, HIGH, WIDE, grey, jpeg
from .serving import Served, served

FACE = (76, 60, 124, 120)  # her eyes, nose and mouth, in the portrait


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]


def likeness(a: np.ndarray, b: np.ndarray, box: tuple[int, int, int, int]) -> float:
    """Correlation of two pictures inside `box`."""
    x0, y0, x1, y1 = box
    p, q = (grey(m)[y0:y1, x0:x1].astype(float).ravel() for m in (a, b))
    p, q = p - p.mean(), q - q.mean()
    norm = float(np.sqrt((p @ p) * (q @ q)))
    return float(p @ q) / norm if norm > 1e-6 else 0.0


def hers(number: int) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = FACE
    return x0 + 10 + number, y0 + 20, x1 + 10 + number, y1 + 20


def picture(here: Served, number: int, view: str) -> np.ndarray:
    answer = here.ask("GET", f"/api/films/0/frame?at={number}&view={view}&wide={WIDE}")
    assert answer.headers["content-type"] == "image/jpeg"
    return jpeg(answer.body)


def test_every_frame_is_the_one_that_decoding_from_the_start_gives(
    unchanged: Served, made_film: Path
) -> None:
    truth = frames(made_film)
    facts = unchanged.get("/api/films/0")
    assert len(facts["starts"]) == FRAMES
    for number in (0, 49, 7, 48, 8, 30, 29, 31, 0, 12):
        shown = picture(unchanged, number, "original")
        assert shown.shape == (HIGH, WIDE, 3)
        others = [np.abs(shown.astype(int) - t).mean() for t in truth]
        assert int(np.argmin(others)) == number


def test_the_preview_hides_what_the_export_hides(review: Served, film: Path) -> None:
    told = review.exported()
    assert told["status"] == "done", told
    assert told["verdict"] == "passed"
    made = frames(film.with_name("film.redacted.mp4"))
    truth = frames(film)
    for number in range(0, FRAMES, 7):
        shown = picture(review, number, "redacted")
        assert np.abs(shown.astype(int) - made[number]).mean() < 4
        assert likeness(shown, truth[number], hers(number)) < 0.5
        assert likeness(picture(review, number, "original"), truth[number], hers(number)) > 0.95


def everybody(tracks: list[dict[str, Any]], left: bool) -> list[list[float]]:
    """Where the tracks on one side of the picture are pointed at."""
    return [t["where"] for t in tracks if (t["where"][2] < 190) == left]


def test_one_is_kept_the_rest_hidden_and_the_export_shows_just_that(
    review: Served, film: Path
) -> None:
    tracks = review.get("/api/films/0/tracks")
    her = everybody(tracks, left=True)
    only = {"do": "keep-tracks", "tracks": her, "only": True}
    answer = review.say(only, 0)
    assert answer.status == 200
    assert sorted(answer.json["decided"]) == sorted(t["id"] for t in tracks)
    assert {t for t, *_ in answer.json["kept"]} == {int(w[0]) for w in her}
    told = review.exported()
    assert told["status"] == "done", told
    truth, made = frames(film), frames(film.with_name("film.redacted.mp4"))
    for number in range(0, FRAMES, 7):
        assert likeness(made[number], truth[number], hers(number)) > 0.9
        assert likeness(picture(review, number, "redacted"), truth[number], hers(number)) > 0.9
    other = (340 - 25 + 30, 20 + 36, 340 - 25 + 80, 20 + 84)
    assert likeness(truth[25], made[25], other) < 0.6


def test_edits_are_in_the_file_before_they_are_answered(review: Served, film: Path) -> None:
    box = {"do": "hide-moving", "keys": [[0, 5, 5, 50, 50], [5120, 60, 5, 105, 50]], "end": 9000}
    assert review.say(box, 0).status == 200
    plan = load(film.with_name("film.plan.json"))
    assert [e.do for e in plan.edits] == ["hide-moving"]
    undo = {"do": "revoke", "edit": 0, "by": "undo"}
    state = review.say(undo, 1).json
    assert (state["undo"], state["redo"], state["boxes"]) == (None, 1, [])
    review.process.kill()  # not asked to end: nothing may depend on that
    assert [e.do for e in load(film.with_name("film.plan.json")).edits] == ["hide-moving", "revoke"]
    with served(film.parent, film.name) as again:
        assert again.get("/api/films/0/state")["redo"] == 1


def test_of_two_tabs_the_second_has_to_look_again(review: Served) -> None:
    hide = {"do": "hide-tracks"}
    assert review.say(hide, 0).status == 200
    late = review.say({"do": "hide", "box": [0, 0, 9, 9]}, 0)
    assert late.status == 409
    assert late.json["code"] == "plan.outdated"
    assert review.get("/api/films/0/state")["revision"] == 1
    assert review.say({"do": "hide", "box": [0, 0, 9, 9]}, 1).status == 200


def test_a_plan_that_somebody_else_wrote_is_not_overwritten(review: Served, film: Path) -> None:
    path = film.with_name("film.plan.json")
    path.write_text(path.read_text().replace('"edits": []', '"edits": [ ]'))
    answer = review.say({"do": "hide-tracks"}, 0)
    assert answer.status == 400
    assert "somebody else has written this plan" in answer.json["what"]
    assert '"edits": [ ]' in path.read_text()
    assert review.get("/api/films/0/state")["revision"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"do": "burn"},
        {"do": "keep", "track": 1},
        {"do": "hide", "box": [5, 5, 5, 9]},
        {"do": "hide", "box": [0, 0, 9, 9], "colour": "red"},
        {"do": "revoke", "edit": 0},
        {"do": "hide-moving", "keys": [[0, 0, 0, 9, 9]], "end": 9, "instead": 3},
        [],
        "hide",
    ],
)
def test_an_edit_that_makes_no_sense_changes_nothing(
    unchanged: Served, scanned: Path, wrong: object
) -> None:
    answer = unchanged.ask("POST", "/api/films/0/edits?expected=0", wrong)
    assert answer.status == 400
    assert "makes no sense" in answer.json["what"]
    assert unchanged.get("/api/films/0/state")["revision"] == 0
    assert (unchanged.folder / scanned.name).read_bytes() == scanned.read_bytes()


def test_a_box_is_followed_by_the_tracker_and_hides_who_is_under_it(
    review: Served, film: Path
) -> None:
    x0, y0, x1, y1 = hers(20)
    asked = {"frame": 20, "box": [x0 - 20, y0 - 20, x1 + 20, y1 + 30]}
    for back in (False, True):
        keys = review.ask("POST", "/api/films/0/follow", asked | {"back": back}).json["keys"]
        starts = review.get("/api/films/0")["starts"]
        ends = starts[0 if back else -1]
        assert keys[0 if back else -1][0] == ends
        box = keys[0 if back else -1][1:]
        number = 0 if back else FRAMES - 1
        there = hers(number)
        assert box[0] <= there[0]
        assert box[1] <= there[1]
        assert box[2] >= there[2]
        assert box[3] >= there[3]
        assert box[2] - box[0] < 150, "it did not grow over everything"
        if not back:
            edit = {"do": "hide-moving", "keys": keys, "end": 99_999}
            assert review.say(edit, 0).status == 200
    truth = frames(film)[45]
    assert likeness(picture(review, 45, "redacted"), truth, hers(45)) < 0.5


def test_nothing_of_the_original_is_written_anywhere(unchanged: Served) -> None:
    for number in (0, 20):
        picture(unchanged, number, "original")
    track = unchanged.get("/api/films/0/tracks")[0]["id"]
    assert unchanged.ask("GET", f"/api/films/0/thumb?track={track}").status == 200
    assert sorted(p.name for p in unchanged.folder.iterdir()) == ["film.mp4", "film.plan.json"]


def test_it_ends_by_the_button_by_idleness_and_by_ctrl_c(film: Path) -> None:
    with served(film.parent, film.name) as here:
        assert here.ask("POST", "/api/quit", {}).status == 200
        assert here.process.wait(20) == 0
    with served(film.parent, film.name, "--idle", "0.01") as here:
        assert here.process.wait(20) == 0
    with served(film.parent, film.name) as here:
        here.process.terminate()
        assert here.process.wait(20) == 0
    assert "Traceback" not in "".join(here.said)
    assert here.token not in here.said[-1], "the link is said once"


def test_an_export_that_exists_is_replaced_only_when_asked(review: Served, film: Path) -> None:
    out = film.with_name("film.redacted.mp4")
    out.write_bytes(b"mine")
    told = review.exported()
    assert (told["status"], told["code"]) == ("failed", "output")
    assert out.read_bytes() == b"mine"
    assert review.exported(replace=True)["status"] == "done"
    assert out.read_bytes() != b"mine"


def test_an_export_can_be_stopped_and_leaves_nothing(review: Served, film: Path) -> None:
    assert review.ask("POST", "/api/films/0/export", {}).status == 200
    assert review.ask("POST", "/api/films/0/export", {}).status == 400, "one at a time"
    assert review.ask("DELETE", "/api/films/0/export", {}).status == 200
    for _ in range(200):
        told = review.get("/api/films/0/poll")["export"]
        if told["status"] != "running":
            break
        time.sleep(0.05)
    assert told["status"] == "stopped"
    assert sorted(p.name for p in film.parent.iterdir()) == ["film.mp4", "film.plan.json"]


def test_a_folder_is_reviewed_film_after_film_and_photos_too(
    film: Path, portrait: Image.Image
) -> None:
    portrait.save(film.parent / "photo.jpg", quality=92)
    (film.parent / "broken.mp4").write_bytes(b"no film")
    with served(film.parent, ".") as here:
        for _ in range(300):
            films = here.get("/api/films")
            if all(f["status"] in ("ready", "failed") for f in films):
                break
            time.sleep(0.1)
        assert {f["name"]: f["status"] for f in films} == {
            "broken.mp4": "failed",
            "film.mp4": "ready",
            "photo.jpg": "ready",
        }
        number = [f["name"] for f in films].index("photo.jpg")
        tracks = here.get(f"/api/films/{number}/tracks")
        keep = {"do": "keep-tracks", "tracks": [t["where"] for t in tracks]}
        assert here.say(keep, 0, number).status == 200
        assert here.exported(number)["status"] == "done"
    with Image.open(film.parent / "photo.redacted.jpg") as made:
        shown = np.asarray(made.convert("RGB"))[:, :, ::-1]
    assert likeness(shown, np.asarray(portrait)[:, :, ::-1], (76, 50, 124, 110)) > 0.95


def test_a_plan_is_enough_and_one_of_another_film_is_refused(film: Path) -> None:
    with served(film.parent, "film.plan.json") as here:
        assert here.get("/api/films/0")["name"] == "film.mp4"
    plan = film.with_name("film.plan.json")
    facts = json.loads(plan.read_text())
    facts["media"]["sha256"] = "0" * 64
    plan.write_text(json.dumps(facts))
    for name in ("film.mp4", "film.plan.json"):
        done = subprocess.run(
            [sys.executable, "-m", "passerby", "review", name, "--no-browser"],
            cwd=film.parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert "plan" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
