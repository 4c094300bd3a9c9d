"""The false alarms of the drift alerts are what docs/alerts.md says; drawn again here, by the alerts themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orb_pipeline_tests.monitoring.alerts.false_alarms import STRATEGIES, Strategy, false_alarms, with_max_chance
from orb_pipeline_tests.monitoring.alerts.situations import RULES

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "alerts.md"
PATHS = 4_000
_ROW = re.compile(r"\| (\w+_drift) \| ([\d.]+) R, (\d+) % \|" + r" ([\d.]+) % / (\d+) % \|" * 3)


def stated() -> list[tuple[str, Strategy, tuple[tuple[float, float], ...]]]:
    """Alert, strategy, and (one look, a year) for each max_chance."""
    rows = _ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    found = []
    for alert, target, win_rate, *figures in rows:
        shares = [float(figure) / 100 for figure in figures]
        found.append(
            (alert, Strategy(float(target), float(win_rate) / 100), tuple(zip(shares[::2], shares[1::2], strict=True)))
        )
    return found


def test_all_of_them_are_stated() -> None:
    assert [(alert, strategy) for alert, strategy, _ in stated()] == [
        (alert, strategy) for alert in ("win_rate_drift", "expr_drift") for strategy in STRATEGIES
    ]


@pytest.mark.parametrize(("alert", "strategy", "figures"), stated())
def test_what_is_stated_is_what_is_drawn(
    alert: str, strategy: Strategy, figures: tuple[tuple[float, float], ...]
) -> None:
    for most, (at_one_look, in_a_year) in zip((None, 0.05, 0.01), figures, strict=True):
        rates = false_alarms(alert, strategy, with_max_chance(RULES, most), PATHS)
        assert rates.at_one_look == pytest.approx(at_one_look, abs=0.012)
        assert rates.in_a_year == pytest.approx(in_a_year, abs=0.03)
