"""Who may listen where, and who may ask."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from passerby.apps.gateway import ServeSettings
from passerby.apps.gateway.access import Login
from passerby.core.errors import UsageError

SECRET = "correct horse"


def test_it_listens_on_this_machine_alone_unless_told() -> None:
    assert ServeSettings.of().listen == "127.0.0.1"


@pytest.mark.parametrize("listen", ["0.0.0.0", "::", "192.168.1.5"])
def test_elsewhere_needs_a_password_and_the_web_needs_tls(listen: str) -> None:
    with pytest.raises(UsageError, match="without a password"):
        ServeSettings.of(listen=listen)
    with pytest.raises(UsageError, match="without TLS"):
        ServeSettings.of(listen=listen, password=SECRET)
    with pytest.raises(UsageError, match="without a password"):
        ServeSettings.of(listen=listen, certificate=Path("x.pem"))
    ServeSettings.of(listen=listen, password=SECRET, certificate=Path("x.pem"))
    ServeSettings(listen=listen, password=SECRET, web_port=None)


@pytest.mark.parametrize(
    "given",
    [
        {"listen": "example.org"},
        {"listen": ""},
        {"password": "short"},
        {"key": Path("x")},
        {"user": "a:b"},
        {"rtsp_port": 70_000},
        {"nonsense": 1},
    ],
)
def test_nonsense_is_refused_without_a_word_of_the_password(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        ServeSettings.of(**given)
    assert "short" not in str(refused.value)


def test_the_password_is_shown_nowhere() -> None:
    settings = ServeSettings.of(password=SECRET)
    assert SECRET not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json()
    login = Login.of(settings)
    assert login is not None
    assert SECRET not in repr(vars(login))


def test_the_right_login_is_let_in_and_no_other() -> None:
    login = Login("passerby", SECRET)

    def header(text: str) -> str:
        return "Basic " + b64encode(text.encode()).decode()

    assert login.basic(header(f"passerby:{SECRET}"))
    for wrong in (
        header("passerby:"),
        header(f"other:{SECRET}"),
        header(SECRET),
        header(f"passerby:{SECRET} "),
        f"Bearer {SECRET}",
        "Basic !!!",
        "Basic \u00e9",
        "Basic /w==",
        "Basic",
        "",
        "Basic " + "A" * 4000,
    ):
        assert not login.basic(wrong), wrong


def test_each_run_has_a_salt_of_its_own() -> None:
    one, other = Login("a", SECRET), Login("a", SECRET)
    assert one.hash("md5") != other.hash("md5")
