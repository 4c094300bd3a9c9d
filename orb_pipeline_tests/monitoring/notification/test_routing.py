"""A channel takes what is grave enough, what it always wants, and never what it does not want."""

from __future__ import annotations

from pathlib import Path

import pytest

from orb_pipeline.catalogue import Channel, load_catalogue
from orb_pipeline_tests.catalogue.user_files import refusal, with_file


@pytest.mark.parametrize(
    ("kind", "severity", "told"),
    [
        ("alert", "INFO", False),
        ("alert", "WARNING", True),
        ("alert", "CRITICAL", True),
        ("entry", "INFO", True),
        ("roll", "CRITICAL", False),
    ],
)
def test_severity_and_kind_decide(kind: str, severity: str, told: bool) -> None:
    channel = Channel(name="desk", from_severity="WARNING", always=("entry",), never=("roll",))
    assert channel.tells(kind, severity) is told


def test_a_user_adds_a_channel_beside_the_packaged_one(tmp_path: Path) -> None:
    folder = with_file(tmp_path, "notifications.yaml", "channels: {desk: {from_severity: CRITICAL, per_minute: 1}}")
    channels = load_catalogue(folder).notifications.channels
    assert list(channels) == ["phone", "desk"]
    assert channels["desk"].per_minute == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("channels: {desk: {from_severity: LOUD}}", "channels.desk.from_severity"),
        ("channels: {desk: {from_severity: INFO, always: [entries]}}", "channels.desk.always"),
        ("channels: {desk: {from_severity: INFO, url: 'tgram://1/2'}}", "channels.desk.url"),
        ("channels: {My-Phone: {from_severity: INFO}}", "channels.My-Phone"),
        ("severities: {entry: LOUD}", "severities.entry"),
        ("delivery: {attempts: 0}", "delivery.attempts"),
    ],
)
def test_what_is_malformed_is_refused_by_its_name(tmp_path: Path, text: str, named: str) -> None:
    assert named in refusal(with_file(tmp_path, "notifications.yaml", text))
