"""Who is let in: nobody but the page that was opened by the link, in this very browser."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .serving import Served, served

QUESTIONS = ["/api/films", "/api/films/0", "/api/films/0/tracks", "/api/films/0/state",
             "/api/films/0/moments", "/api/films/0/frame?at=0&wide=64",
             "/api/films/0/thumb?track=1", "/api/films/0/regions?at=0",
             "/api/films/0/poll"]  # fmt: skip


@pytest.fixture(scope="module")
def review(unchanged: Served) -> Served:
    """One for them all: who is refused changes nothing."""
    return unchanged


def test_without_the_key_nothing_is_shown_and_nothing_is_done(review: Served) -> None:
    for wrong in ({}, {"X-Passerby-Key": ""}, {"X-Passerby-Key": review.token}):
        headers = {k: v for k, v in review.own.items() if k != "X-Passerby-Key"} | wrong
        for path in QUESTIONS:
            assert review.ask("GET", path, headers=headers).status == 403
        for path in ("/api/quit", "/api/films/0/export", "/api/films/0/edits?expected=0"):
            assert review.ask("POST", path, {}, headers).status == 403
    assert review.get("/api/films/0/state")["revision"] == 0


@pytest.mark.parametrize(
    "foreign",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_is_refused_even_if_it_knew_the_key(
    review: Served, foreign: dict[str, str]
) -> None:
    headers = review.own | {k: v.format(port=review.port) for k, v in foreign.items()}
    if "Host" in foreign:
        headers["Origin"] = f"http://{headers['Host']}"
    for path in ["/", *QUESTIONS]:
        answer = review.ask("GET", path, headers=headers)
        assert answer.status == 403
        assert b"track" not in answer.body
    hide = {"do": "hide-tracks"}
    assert review.ask("POST", "/api/films/0/edits?expected=0", hide, headers).status == 403
    assert review.ask("POST", "/api/enter", {"token": review.token}, headers).status == 403
    assert review.get("/api/films/0/state")["revision"] == 0


def test_a_link_may_be_followed_from_elsewhere_and_leads_to_the_empty_page_alone(
    review: Served,
) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    host = {"Host": f"127.0.0.1:{review.port}"}
    page = host | link | {"Sec-Fetch-Dest": "document"}
    assert review.ask("GET", "/", headers=page).status == 200
    assert review.ask("GET", "/", headers=host | link | {"Sec-Fetch-Dest": "iframe"}).status == 403
    known = page | {"X-Passerby-Key": review.key}
    assert review.ask("GET", "/api/films", headers=known).status == 403


def test_a_change_that_does_not_say_where_it_comes_from_is_refused(review: Served) -> None:
    headers = {k: v for k, v in review.own.items() if k != "Origin"}
    edits = "/api/films/0/edits?expected=0"
    assert review.ask("POST", edits, {"do": "hide-tracks"}, headers).status == 403


def test_two_hosts_in_one_request_are_refused(review: Served) -> None:
    with socket.create_connection(("127.0.0.1", review.port)) as line:
        host = f"Host: 127.0.0.1:{review.port}\r\n"
        line.sendall(f"GET / HTTP/1.1\r\n{host}{host}Connection: close\r\n\r\n".encode())
        assert line.recv(64).split()[1] in (b"400", b"403")


def test_every_answer_is_kept_out_of_caches_and_frames(review: Served) -> None:
    missing = review.ask("GET", "/nothing.js")
    for answer in [review.ask("GET", p) for p in ["/", "/main.js", *QUESTIONS]] + [missing]:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "server" not in answer.headers
        assert not any(name.startswith("access-control") for name in answer.headers)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/../gate.py", "/..%2fgate.py", "/%2e%2e/gate.py", "/texts/../../server.py", "//etc"]
)
def test_only_the_page_itself_is_served(review: Served, path: str) -> None:
    answer = review.ask("GET", path)
    assert answer.status == 404
    assert b"import" not in answer.body


def test_a_wrong_token_opens_nothing(film: Path) -> None:
    with served(film.parent, film.name, enter=False) as here:
        for token in ("", "x", here.token[:-1], 7, None):
            assert here.ask("POST", "/api/enter", {"token": token}).status == 403
        assert here.ask("POST", "/api/enter", {"token": here.token}).status == 200
        assert here.ask("POST", "/api/enter", {"token": here.token}).status == 200, "a second tab"


def test_the_token_of_a_browser_that_is_started_works_once() -> None:
    from passerby.apps.review.gate import Tokens

    tokens = Tokens()
    assert tokens.enter(tokens.once) == tokens.key
    assert tokens.enter(tokens.once) is None
    assert tokens.enter(tokens.link) == tokens.enter(tokens.link) == tokens.key


def test_it_listens_on_this_machine_alone_and_says_so(review: Served) -> None:
    addresses = [i[4][0] for i in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    for address in {str(a) for a in addresses} - {"127.0.0.1"}:
        with pytest.raises(OSError), socket.create_connection((address, review.port), 1):  # noqa: PT011 - refused in whatever way
            pass
    assert "Nobody but this machine" in review.process.stderr.readline()  # type: ignore[union-attr]  # it was started with a pipe


@pytest.mark.parametrize("elsewhere", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_listening_elsewhere_is_refused(film: Path, elsewhere: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "passerby", "review", film.name, "--listen", elsewhere],
        cwd=film.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "without TLS and a password" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_too_much_at_once_is_refused_before_it_is_read(review: Served) -> None:
    with socket.create_connection(("127.0.0.1", review.port)) as line:
        head = "".join(f"{k}: {v}\r\n" for k, v in review.own.items())
        edits = "POST /api/films/0/edits?expected=0 HTTP/1.1\r\n"
        line.sendall(f"{edits}{head}Content-Length: 99999999\r\n\r\n".encode())
        assert line.recv(64).split()[1] == b"413"
