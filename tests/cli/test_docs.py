"""The reference and the program name the same commands, options and codes."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer

from passerby import __version__
from passerby.apps.cli.app import app
from passerby.core import errors
from passerby.core.errors import PasserbyError

ROOT = Path(__file__).parent.parent.parent
REFERENCE = (ROOT / "docs/reference/cli.md").read_text()


def options() -> set[str]:
    """Every long option that the program understands."""
    return {
        name
        for command in commands(typer.main.get_command(app))
        for parameter in command.params
        for name in [*parameter.opts, *parameter.secondary_opts]
        if name.startswith("--")
    }


def commands(group: Any) -> Iterator[Any]:
    """Those of a group, and of the groups in it."""
    for command in group.commands.values():
        yield from commands(command) if hasattr(command, "commands") else [command]


def test_the_reference_has_every_option_and_no_other() -> None:
    told = set(re.findall(r"--[a-z][a-z-]+", REFERENCE))
    of_the_program = {"--version", "--help", "--install-completion", "--show-completion"}
    assert told - of_the_program == options()


def test_the_reference_has_every_error_code() -> None:
    codes = {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, PasserbyError)
    }
    assert {code for code in codes if f"`{code}`" not in REFERENCE} <= {"media"}


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text()):
        assert (page.parent / target).exists(), target


def slugs(page: Path) -> set[str]:
    """What headings are linked by: their words in lower case with dashes between."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", head) for head in heads)
    return {re.sub(r"[^\w\- ]", "", head).strip().lower().replace(" ", "-") for head in plain}


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name
)
def test_links_to_headings_lead_to_one(page: Path) -> None:
    for target, heading in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text()):
        there = page.parent / target if target else page
        assert heading in slugs(there), f"{target}#{heading}"


def test_the_version_is_said_once_and_is_the_changelog_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def said(page: Path) -> Iterator[list[str]]:
    """Each command line in a page's blocks, as words; those with [choices] and ... are no lines."""
    for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            match = re.search(r"(?:^|[\s;&|])(?:\.venv/bin/)?passerby (.*)", line)
            if match is None or line.lstrip().startswith(("#", ">", ".", "- ", "docker build")):
                continue
            words = shlex.split(match[1], comments=True)
            if any(word.startswith("[") or "..." in word for word in words):
                continue
            ends = [n for n, word in enumerate(words) if word in (">", "|", "&&", ";", "2>", "||")]
            yield words[: ends[0]] if ends else words


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_line_in_the_documents_is_one_that_the_program_takes(page: Path) -> None:
    for words in said(page):
        taken(typer.main.get_command(app), words)


def taken(group: Any, words: list[str]) -> None:
    if not words or words[0].startswith("-"):
        assert set(words) <= {"--version", "--help", "--install-completion", "--show-completion"}
        return
    assert words[0] in group.commands, f"there is no command {words[0]}"
    command = group.commands[words[0]]
    if hasattr(command, "commands"):
        taken(command, words[1:])
    else:
        with suppress(typer.Exit):  # --help, and what else is answered at once
            command.make_context(words[0], words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_named_in_a_sentence_is_there(page: Path) -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group, which its hints don't say
    named = re.findall(r"`passerby ([a-z]+)", page.read_text())
    assert set(named) - {"fast", "balanced", "thorough"} <= known  # presets, in a benchmark's table
