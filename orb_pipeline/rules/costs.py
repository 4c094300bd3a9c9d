"""Results in R (RULES.md section 1). Self-contained arithmetic, so that the kernel compiles these very functions."""

from __future__ import annotations


def pnl_r(pnl_ticks: int, risk_ticks: int, tick_value: float, friction: float) -> float:
    """Result in R after friction, in units of the dollars lost at the stop; a stop-out there is exactly -1.

    Args:
        pnl_ticks: from entry to exit, positive where it gains.
        risk_ticks: from entry to stop, positive.
        tick_value: dollars one tick is worth.
        friction: dollars of a round trip (F).
    """
    return (pnl_ticks * tick_value - friction) / (risk_ticks * tick_value + friction)


def excursion_r(excursion_ticks: int, risk_ticks: int, tick_value: float, friction: float) -> float:
    """An excursion in R: friction in the risk below the line, none above it."""
    return excursion_ticks * tick_value / (risk_ticks * tick_value + friction)
