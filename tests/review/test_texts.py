"""Every word comes from a catalogue, and every catalogue has every word."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

import pytest

from passerby.apps.review import reasons as why
from passerby.apps.review.answers import STATIC
from passerby.verify import doubts, pairs

TEXTS = STATIC / "texts"
LANGUAGES = sorted(json.loads((TEXTS / "index.json").read_text()))
ENGLISH = json.loads((TEXTS / "en.json").read_text())
MODULES = sorted(STATIC.glob("*.js"))


def catalogue(language: str) -> dict[str, str | dict[str, str]]:
    found: dict[str, str | dict[str, str]] = json.loads((TEXTS / f"{language}.json").read_text())
    return found


def blanks(text: str | dict[str, str]) -> set[str]:
    """The names that are filled in."""
    whole = text if isinstance(text, str) else text["other"]
    return set(re.findall(r"\{(\w+)\}", whole))


def test_english_and_at_least_one_other_are_there() -> None:
    assert "en" in LANGUAGES
    assert len(LANGUAGES) >= 2
    assert {p.stem for p in TEXTS.glob("*.json")} == {*LANGUAGES, "index"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_word_and_fills_in_the_same(language: str) -> None:
    texts = catalogue(language)
    assert set(texts) == set(ENGLISH)
    assert texts["dir"] in ("ltr", "rtl")
    for key, text in texts.items():
        assert blanks(text) == blanks(ENGLISH[key]), key
        assert isinstance(text, str) == isinstance(ENGLISH[key], str), key
        assert all(text.values() if isinstance(text, dict) else [text]), key


def test_the_page_asks_for_no_word_that_is_not_there_and_for_each_that_is() -> None:
    source = "".join(p.read_text() for p in MODULES) + (STATIC / "index.html").read_text()
    said = set(re.findall(r'"([a-zA-Z]+(?:\.[a-z]+)?)"', source))
    asked = set(re.findall(r'\bt(?:Or)?\("([\w.]+)"', source))
    asked |= set(re.findall(r'data-[tl]="(\w+)"', source))
    assert asked <= set(ENGLISH)
    kinds = {key for key in ENGLISH if key.startswith(("kind.", "phase.", "doubt."))}
    assert set(ENGLISH) - said - kinds == {"dir"}


def reasons() -> list[str]:
    """Every reason that verification's sources have for a moment of a track, each number a 7."""
    found = []
    for module in (doubts, pairs):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "why":
                value = node.value
                for way in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                    parts = way.values if isinstance(way, ast.JoinedStr) else [way]
                    found.append(
                        "".join(
                            str(getattr(part, "value", ""))
                            if isinstance(part, ast.Constant)
                            else "7"
                            for part in parts
                        )
                    )
    return found


def test_every_reason_for_a_doubt_is_said_in_the_readers_language() -> None:
    assert len(reasons()) == 11
    for reason in reasons():
        told = why.told(reason)
        assert blanks(ENGLISH[f"doubt.{told['key']}"]) == set(told) - {"key"}, reason
    assert why.told("something new") == {"text": "something new"}


def test_the_page_has_no_words_of_its_own() -> None:
    html = (STATIC / "index.html").read_text()
    words = re.sub(r"<[^>]+>", "", html).split()
    assert set(words) <= {"Passerby"}


@pytest.mark.parametrize("module", MODULES, ids=lambda p: p.name)
def test_modules_ask_nobody_else_and_make_no_page_out_of_text(module: Path) -> None:
    source = module.read_text()
    assert not re.search(r"https?://|innerHTML|outerHTML|insertAdjacentHTML|eval\(", source)
    assert source.startswith("// @ts-check\n/** ")
    assert not re.search(r"localStorage|indexedDB|caches\b|document\.cookie", source)


def test_the_styles_have_no_sides_that_a_page_from_right_to_left_would_have_wrong() -> None:
    styles = (STATIC / "style.css").read_text()
    assert not re.search(r"(margin|padding|border)-(left|right)|text-align: (left|right)", styles)
    assert not re.search(r"[{;]\s*(left|right):", styles)
