"""Standard output belongs to the result, and a line stays a line."""

from __future__ import annotations

import json
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from passerby.apps.cli.terminal import plain

NOISY = """
import os
from passerby.apps.cli.terminal import put, results_only
os.write(1, b"before|")
with results_only():
    os.write(1, b"a codec that prints")
    put({"result": "\\udcff"})
    os.write(1, b"and again")
os.write(1, b"|after")
"""


def test_what_libraries_print_does_not_reach_standard_output() -> None:
    done = subprocess.run([sys.executable, "-c", NOISY], capture_output=True, text=True, check=True)
    before, result, after = done.stdout.split("|")
    assert (before, after) == ("before", "after")
    assert json.loads(result) == {"result": "\udcff"}
    assert done.stderr == "a codec that printsand again"


@given(st.text())
def test_a_line_is_one_line_of_printable_characters(text: str) -> None:
    assert plain(text).isprintable()
    assert plain(plain(text)) == plain(text)


@given(st.text())
def test_what_is_printable_stays(text: str) -> None:
    assert plain(text) == text or not text.isprintable()
