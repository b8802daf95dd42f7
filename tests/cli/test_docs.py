"""The reference and the program name the same commands, options and codes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
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


def test_the_version_is_said_once_and_is_the_changelog_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
