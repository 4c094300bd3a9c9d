"""Seconds and memory for the evidence on all 7,020 strategies, as a ratio to plain numpy run beside it."""

from __future__ import annotations

import resource
import sys
import time
from itertools import combinations

import numpy as np
import numpy.typing as npt
from measure import best_seconds, say

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.research.evidence import EvidenceSettings, gather
from orb_pipeline.research.evidence.bootstrap import RESAMPLES
from orb_pipeline.research.evidence.overfitting import BLOCKS

SPANS = {"ten years": 2_949, "three years": 780}
STRATEGIES, FAMILY = 7_020, 90
REFERENCE_SPLITS, REFERENCE_STRATEGIES = 20, 20
Float64Array = npt.NDArray[np.float64]


def random_daily(days: int) -> tuple[Float64Array, npt.NDArray[np.bool_]]:
    """Daily R and who traded, laid out as a daily series is: families of strategies that win and lose together."""
    rng = np.random.default_rng(days)
    shared = rng.normal(size=(STRATEGIES // FAMILY, days)).repeat(FAMILY, axis=0)
    wins = 0.8 * shared + 0.6 * rng.normal(size=shared.shape) > 0.5
    traded = rng.random(shared.shape) < rng.choice([0.05, 0.3, 0.8], size=(STRATEGIES, 1))
    return np.where(traded, np.where(wins, 2.2, -1.0), 0.0).T, traded.T


def plain_split(blocks: list[Float64Array], half: tuple[int, ...]) -> float:
    """What a first version would write for one split: the relative rank of the best of one half on the other."""
    inside = np.concatenate([blocks[k] for k in half])
    outside = np.concatenate([blocks[k] for k in range(BLOCKS) if k not in half])
    best = int(np.argmax(inside.mean(axis=0) / inside.std(axis=0, ddof=1)))
    performance = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
    return float((performance <= performance[best]).mean())


def plain_bootstrap(daily_r: Float64Array, block_days: int) -> float:
    """The p-value of one strategy by drawing its blocks of days again and again."""
    rng = np.random.default_rng(0)
    sums = daily_r[: len(daily_r) // block_days * block_days].reshape(-1, block_days).sum(axis=1)
    centred, seen, exceed = sums - sums.mean(), sums.mean() / sums.std(), 0
    for _ in range(RESAMPLES):
        drawn = centred[rng.integers(0, len(sums), len(sums))]
        exceed += drawn.mean() / drawn.std() >= seen
    return (1 + exceed) / (RESAMPLES + 1)


def plain_seconds(daily_r: Float64Array, settings: EvidenceSettings) -> tuple[float, float]:
    """Of all splits and of all strategies' bootstraps, scaled from a few of them."""
    halves = list(combinations(range(BLOCKS), BLOCKS // 2))
    blocks = np.array_split(np.ascontiguousarray(daily_r), BLOCKS)
    started = time.perf_counter()
    for half in halves[:REFERENCE_SPLITS]:
        plain_split(blocks, half)
    splits = (time.perf_counter() - started) / REFERENCE_SPLITS * len(halves)
    started = time.perf_counter()
    for place in range(REFERENCE_STRATEGIES):
        plain_bootstrap(daily_r[:, place], settings.block_days)
    return splits, (time.perf_counter() - started) / REFERENCE_STRATEGIES * STRATEGIES


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def main() -> None:
    settings = EvidenceSettings(load_catalogue().research.validation)
    for span, days in SPANS.items():
        pnl_r, traded = random_daily(days)
        years = 2015 + np.arange(days, dtype=np.int64) // 260
        expectancy = pnl_r.sum(axis=0) / traded.sum(axis=0)
        passed = expectancy > np.quantile(expectancy, 0.95)
        arguments = (pnl_r, traded, expectancy - 0.05, years, passed, settings)
        seconds = best_seconds(lambda arguments=arguments: gather(*arguments), runs=2)
        splits, bootstraps = plain_seconds(pnl_r, settings)
        say(f"evidence on {STRATEGIES:,} strategies over {span}, {days:,} days: {seconds:.2f} s")
        say(f"peak memory of the process, its made-up series included: {peak_mb():,.0f} MB")
        say(
            f"plain numpy, CSCV scaled from {REFERENCE_SPLITS} splits and bootstrap from {REFERENCE_STRATEGIES} "
            f"strategies: {splits:.0f} s + {bootstraps:.0f} s"
        )
        say(f"ratio: {(splits + bootstraps) / seconds:,.0f}x")


if __name__ == "__main__":
    main()
