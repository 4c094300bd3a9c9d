"""Addresses are secrets: read from where nobody else reads, and shown nowhere."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from orb_pipeline.errors import ConfigurationError
from orb_pipeline.monitoring.notification.addresses import HIDDEN, Addresses, read_addresses
from orb_pipeline.settings import notification_addresses

TELEGRAM = "tgram://123456:AAbb-token/99887766?silent=no"


def secrets(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secrets.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_environment_names_channels_and_goes_before_the_file(tmp_path: Path) -> None:
    path = secrets(tmp_path, "notify: {phone: 'json://file', desk: 'json://desk'}")
    addresses = read_addresses({"phone": TELEGRAM}, path)
    assert addresses.names == ("desk", "phone")
    assert addresses.reveal("phone") == TELEGRAM


def test_variables_are_read_by_the_name_of_the_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORB_NOTIFY_PHONE", f" {TELEGRAM} ")
    monkeypatch.setenv("ORB_NOTIFY_DESK", "")
    assert notification_addresses() == {"phone": TELEGRAM}


def test_without_file_and_variables_there_is_none(tmp_path: Path) -> None:
    assert read_addresses({}, tmp_path / "secrets.yaml").names == ()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_is_not_used(tmp_path: Path, mode: int) -> None:
    path = secrets(tmp_path, f"notify: {{phone: '{TELEGRAM}'}}", mode)
    with pytest.raises(ConfigurationError, match="chmod 600") as caught:
        read_addresses({}, path)
    assert "token" not in str(caught.value)


@pytest.mark.parametrize(
    "text", [f"notify: [{TELEGRAM!r}]", f"notify: {{phone: {{url: {TELEGRAM!r}}}}}", f"{TELEGRAM}: {{", f"- {TELEGRAM}"]
)
def test_a_malformed_file_is_refused_without_its_content(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"secrets\.yaml") as caught:
        read_addresses({}, secrets(tmp_path, text))
    assert "token" not in "".join(traceback.format_exception(caught.value))


def test_shown_they_show_names_alone() -> None:
    addresses = Addresses({"phone": TELEGRAM})
    assert repr(addresses) == f"{addresses}" == "Addresses(phone)"
    assert "token" not in repr(vars(addresses))


@pytest.mark.parametrize(
    "text",
    [
        f"could not reach {TELEGRAM}",
        "https://api.telegram.org/bot123456:AAbb-token/sendMessage failed",
        "chat 99887766 not found",
        "password p@ss%20w0rd was p@ss w0rd",
    ],
)
def test_whatever_is_said_of_them_no_part_is_left(text: str) -> None:
    addresses = Addresses({"phone": TELEGRAM, "desk": "mailto://me:p%40ss%2520w0rd@mail.example/"})
    clean = addresses.without(text)
    assert HIDDEN in clean
    for secret in ("123456", "AAbb", "token", "99887766", "p@ss%20w0rd"):
        assert secret not in clean


def test_several_lines_become_one() -> None:
    assert Addresses({}).without("one\n  two") == "one two"
