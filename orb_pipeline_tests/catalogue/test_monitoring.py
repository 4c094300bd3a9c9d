"""Thresholds of alerts are data of the user's own, and a mistake in them is told by its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import ConfigurationError


def test_single_keys_are_overridden(tmp_path: Path) -> None:
    (tmp_path / "monitoring.yaml").write_text("alerts: {expr_drift: {max_chance: 0.01}}", encoding="utf-8")
    rules = load_catalogue(tmp_path).monitoring.alerts
    assert (rules.expr_drift.max_chance, rules.expr_drift.below_share, rules.win_rate_drift.max_chance) == (
        0.01,
        0.5,
        None,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alerts: {drawdown: {below_r: 3}}", r"monitoring.yaml: alerts.drawdown.below_r: Input should be less than 0"),
        ("alerts: {drawdown: {severity: BAD}}", r"alerts.drawdown.severity: Input should be 'INFO', 'WARNING' or"),
        ("alerts: {expr_drift: {trades: 20}}", "min_trades 30 is above trades 20; nothing would ever be said"),
        ("alerts: {draw_down: {below_r: -3}}", "alerts.draw_down: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_names_its_key(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "monitoring.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load_catalogue(tmp_path)


def test_thresholds_of_alerts_make_nothing_stale(tmp_path: Path) -> None:
    (tmp_path / "monitoring.yaml").write_text("alerts: {strategy_stale: {days: 5}}", encoding="utf-8")
    ours, packaged = load_catalogue(tmp_path), load_catalogue()
    assert ours.research_hash() == packaged.research_hash()
    assert ours.account_hash("25k") == packaged.account_hash("25k")
