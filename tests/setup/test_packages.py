"""What people install, read and run besides: wheel, container, man page, completions, site."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
import typer
from tests.cli.test_docs import commands

from passerby.apps.cli.app import app

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def copied() -> list[str]:
    """What the Dockerfile takes out of the repository."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


@pytest.mark.slow
def test_a_wheel_of_what_the_dockerfile_copies_runs_in_a_clean_environment(
    tmp_path: Path,
) -> None:
    """Installed, it finds its models and works, and it is the installed one that does."""
    source, wheels, venv = (tmp_path / name for name in ("source", "wheels", "venv"))
    source.mkdir()
    for name in copied():
        place = ROOT / name
        leave = shutil.ignore_patterns("__pycache__")
        if place.is_dir():
            shutil.copytree(place, source / name, ignore=leave)
        else:
            shutil.copy(place, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels)]
    subprocess.run([*build, str(source)], check=True, timeout=250)
    (wheel,) = wheels.iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        about = packed.read(next(n for n in names if n.endswith("/METADATA"))).decode()
    assert {f"passerby/detect/weights/{n}.onnx" for n in ("centerface", "yunet")} <= set(names)
    assert "passerby/py.typed" in names
    assert not [name for name in names if name.startswith(("tests", "tools"))]
    assert "Requires-Python: >=3.11" in about

    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / ("Scripts" if os.name == "nt" else "bin") / "python"
    told = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = Path(subprocess.run(told, capture_output=True, text=True, check=True).stdout.strip())
    here = sysconfig.get_path("purelib")
    (own / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    install = [*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, timeout=100)
    where = [str(python), "-c", "import passerby; print(passerby.__file__)"]
    said = subprocess.run(where, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert str(own) in said.stdout
    doctor = [str(python.parent / "passerby"), "doctor"]
    done = subprocess.run(doctor, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "healthy: yes" in done.stdout


def test_the_dockerfile_ends_as_nobody_and_installs_by_hash() -> None:
    """Nothing here can build one: this reads it, and the wheel's test builds what it copies."""
    text = DOCKERFILE.replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    known = {"FROM", "ENV", "WORKDIR", "RUN", "COPY", "USER", "ENTRYPOINT", "CMD"}
    assert {line.split()[0] for line in lines} <= known  # no ADD, EXPOSE, VOLUME, ARG
    last = text[text.rindex("\nFROM ") :]
    (user,) = re.findall(r"^USER (\d+):(\d+)$", last, re.MULTILINE)
    assert all(int(number) >= 1000 for number in user)
    assert last.index("USER") > last.rindex("RUN")
    assert "pip" not in last
    for line in lines:
        if "pip install" in line:
            assert "--no-deps" in line
            assert "--require-hashes" in line or line.endswith("--no-deps .")
    for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert re.fullmatch(r"python:3\.1[1-3]-slim", image)
    assert all((ROOT / name).exists() for name in copied())
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert {name.removeprefix("./") for name in copied()} == let_in
    assert 'ENTRYPOINT ["passerby"]' in last


def test_the_wheel_names_the_pythons_that_there_are() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"
    told = {c.rsplit(" ", 1)[1] for c in project["classifiers"] if ":: 3." in c}
    assert told == {"3.11", "3.12", "3.13"}


def test_the_man_page_has_every_command_and_option(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "tools/man.py"), str(tmp_path)], check=True)
    text = (tmp_path / "passerby.1").read_text()
    group = typer.main.get_command(app)
    for command in commands(group):
        for parameter in command.params:
            for name in [*parameter.opts, *parameter.secondary_opts]:
                if name.startswith("-"):
                    assert name.replace("-", "\\-") in text
    if shutil.which("groff"):
        line = ["groff", "-man", "-Tutf8", "-ww", "-z", str(tmp_path / "passerby.1")]
        done = subprocess.run(line, capture_output=True, text=True, check=True)
        assert done.stderr == ""


def test_shells_are_told_what_can_be_completed(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "tools/completions.py"), str(tmp_path)], check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "_passerby",
        "passerby.bash",
        "passerby.fish",
    ]
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    binary = tmp_path / "bin"
    binary.mkdir()
    (binary / "passerby").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m passerby "$@"\n')
    (binary / "passerby").chmod(0o755)
    script = (
        f". {tmp_path}/passerby.bash; COMP_WORDS=(passerby redact --style so); COMP_CWORD=3; "
        '_passerby_completion passerby; echo "${COMPREPLY[@]}"'
    )
    env = {**os.environ, "PATH": f"{binary}{os.pathsep}{os.environ['PATH']}"}
    line = [bash, "--noprofile", "--norc", "-c", script]
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["solid"]


def test_the_site_has_every_page_and_is_told_to_fetch_nothing() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    assert not re.search(r"^(nav|exclude_docs):", text, re.MULTILINE)  # so it has every page
    assert re.search(r"^  font: false\b", text, re.MULTILINE)
    assert re.search(r"^strict: true$", text, re.MULTILINE)
    for word in ("extra_javascript", "extra_css", "analytics", "http:", "https:"):
        assert word not in text
    pins = (ROOT / "requirements-site.lock").read_text()
    assert "mkdocs-material==" in pins
    assert not re.search(r"https?:|file:|--(extra-)?index", pins)
