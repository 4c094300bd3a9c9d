"""How the expectancy of all tried strategies is spread, as an inline SVG."""

from __future__ import annotations

import numpy as np
import pandas as pd

_WIDTH, _HEIGHT, _FLOOR = 720, 230, 190  # units of the view box; the floor is the axis
_MOST_TICKS = 8
_TICK_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # R
_EDGE = 25
_BINS = 48
_TAILS = (0.5, 99.5)  # percentiles the axis spans: a handful of tiny samples would stretch it out of use


def expectancy_histogram(strategies: pd.DataFrame) -> str:
    """Counts of strategies by expectancy_r, the passed ones set off. Strategies without a trade are left out."""
    traded = strategies[strategies["sample_size"] > 0]
    if traded.empty:
        return "<p>No strategy traded.</p>"
    values = traded["expectancy_r"].to_numpy(dtype=np.float64)
    passed = (traded["validation_status"] == "PASSED").to_numpy()
    low, high = np.percentile(values, _TAILS)
    edges = np.linspace(min(low, 0.0), max(high, 0.0) + 1e-9, _BINS + 1)
    clipped = np.clip(values, edges[0], edges[-1])
    all_counts, kept_counts = (np.histogram(part, edges)[0] for part in (clipped, clipped[passed]))
    scale = (_FLOOR - 20) / max(int(all_counts.max()), 1)
    bars = _bars(all_counts * scale, "tried") + _bars(kept_counts * scale, "kept")
    zero = -edges[0] / (edges[-1] - edges[0]) * _WIDTH
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Histogram of expectancy in R">{bars}'
        f'<line x1="0" y1="{_FLOOR}" x2="{_WIDTH}" y2="{_FLOOR}"/>'
        f'<line class="zero" x1="{zero:.1f}" y1="8" x2="{zero:.1f}" y2="{_FLOOR}"/>'
        f"{_ticks(edges[0], edges[-1])}</svg>"
        f'<p><span class="key">{len(traded):,} strategies with a trade</span>'
        f'<span class="key kept">{int(passed.sum()):,} that passed</span></p>'
        f"<p>By expectancy in R per trade. The highest bar holds {int(all_counts.max()):,} strategies; the outermost "
        "bars hold all beyond them, too.</p>"
    )


def _ticks(low: float, high: float) -> str:
    """Labels at round values of R between the ends; none so near to an end that it would be cut."""
    span = high - low
    step = next((step for step in _TICK_STEPS if span / step <= _MOST_TICKS), _TICK_STEPS[-1])
    labels = []
    for number in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1):
        x = (number * step - low) / span * _WIDTH
        if _EDGE <= x <= _WIDTH - _EDGE:
            labels.append(f'<text x="{x:.1f}" y="{_HEIGHT - 14}" text-anchor="middle">{number * step:g}</text>')
    return "".join(labels)


def _bars(heights: np.ndarray, kind: str) -> str:
    step = _WIDTH / len(heights)
    return "".join(
        f'<rect class="{kind}" x="{index * step:.1f}" y="{_FLOOR - height:.1f}" '
        f'width="{step - 1:.1f}" height="{height:.1f}"/>'
        for index, height in enumerate(heights)
        if height > 0
    )
