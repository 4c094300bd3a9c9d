"""A market to practise on: deterministic minute bars with a planted edge, or none."""

from orb_pipeline.market.simulator.simulation import DEFAULT_BREAKOUT_DRIFT, simulate_bars

__all__ = ["DEFAULT_BREAKOUT_DRIFT", "simulate_bars"]
