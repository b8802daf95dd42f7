"""The real server, started as a person starts it, and somebody who asks it things."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Served:
    """A running review in `folder`. `key` opens everything; `said`: what the terminal showed."""

    folder: Path
    process: subprocess.Popen[str]
    port: int
    token: str
    said: list[str]
    key: str = ""

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}/#{self.token}"

    @property
    def own(self) -> dict[str, str]:
        """What the page itself sends along."""
        host = f"127.0.0.1:{self.port}"
        return {"Host": host, "Origin": f"http://{host}", "X-Passerby-Key": self.key}

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = None if body is None else json.dumps(body).encode()
            given = self.own if headers is None else headers
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            if sent is not None:
                connection.putheader("Content-Length", str(len(sent)))
            connection.endheaders(sent)
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    def say(self, edit: dict[str, Any], expected: int, film: int = 0) -> Answer:
        return self.ask("POST", f"/api/films/{film}/edits?expected={expected}", edit)

    def exported(self, film: int = 0, **how: bool) -> dict[str, Any]:
        """Export and wait for what becomes of it."""
        assert self.ask("POST", f"/api/films/{film}/export", how).status == 200
        for _ in range(400):
            told: dict[str, Any] = self.get(f"/api/films/{film}/poll")["export"]
            if told["status"] != "running":
                return told
            time.sleep(0.1)
        raise AssertionError("the export does not end")


@contextmanager
def served(folder: Path, *arguments: str, enter: bool = True) -> Iterator[Served]:
    """`passerby review ARGUMENTS --no-browser` in `folder`, until it can be asked."""
    process = subprocess.Popen(
        [sys.executable, "-m", "passerby", "review", *arguments, "--no-browser"],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    said: list[str] = []
    assert process.stderr is not None
    try:
        for line in process.stderr:
            said.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)/#([\w-]+)", line)
            if found:
                break
        else:
            raise AssertionError("".join(said))
        here = Served(folder, process, int(found[1]), found[2], said)
        if enter:
            here.key = here.ask("POST", "/api/enter", {"token": here.token}).json["key"]
        yield here
    finally:
        if process.poll() is None:
            process.terminate()
        rest, _ = process.stderr.read(), process.wait(30)
        said.append(rest)
        process.stderr.close()
