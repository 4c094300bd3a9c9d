"""Which validated setups an account trades: greedy forward selection under constraints, with a reason for each setup.

1. Threshold. A candidate's expectancy is above `min_expectancy_r`.
2. Ranking. Candidates stand in order of expectancy, within one hundredth of an R (two that round to the same one are
   equals) in order of sample size, then of strategy_id. The order of the rows that come in does not matter.
3. Forward selection, two passes in rank order while there are fewer than `max_strategies` members. A candidate is taken
   if its session (instrument and label) has fewer than `max_per_session` members and its correlation of daily R
   - first pass: with every member is known and below `preferred_correlation`,
   - second pass, over those left: with every member is at most `max_correlation`.
   Where a correlation is unknown (NaN), two strategies of one session count as above the limit, for they trade the same
   break; two of different sessions count as not preferred, but allowed.
4. Repair. With fewer than `min_entry_models` entry models among the members, the first candidate in rank order of a
   missing one that fits in the place of a member takes it: of the lowest-ranked member whose leaving makes it fit and
   keeps the models already there. (One that fits without is a member since the second pass.) If that leaves room for
   others, the second pass goes on. Repeated until there are enough models or none fits.

Members are in rank order, which becomes the portfolio's order. Who is not a member is told the reason that holds
against the final portfolio (`candidates.Reason`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import Account, Selection
from orb_pipeline.errors import InputError
from orb_pipeline.portfolio.candidates import candidate_table
from orb_pipeline.portfolio.correlation import Correlations, correlation_matrix
from orb_pipeline.portfolio.forward import ForwardSelection
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy
from orb_pipeline.portfolio.weights import member_weights
from orb_pipeline.research.daily import DailySeries
from orb_pipeline.research.setups import ACTIVE


@dataclass(frozen=True)
class Selected:
    """A portfolio and how it came about.

    Attributes:
        candidates: a row for each active setup, in rank order: rank (1, 2, ...), strategy_id, instrument, orb_label,
            entry_model, expectancy_r, sample_size, taken, position (1, 2, ... in the portfolio; NA), reason (None where
            taken; else a value of `candidates.Reason`), clashes_with (strategy_id in its way, or None), correlation
            (the one it fell by; of a member, the highest known one with an earlier member; NaN), note (a sentence).
        correlations: members by members, by strategy_id; NaN where unknown.
    """

    portfolio: Portfolio
    candidates: pd.DataFrame
    correlations: pd.DataFrame


def build_portfolio(setups: pd.DataFrame, daily: DailySeries, account: Account, selection: Selection) -> Selected:
    """The account's portfolio; an empty one where no setup suits.

    Args:
        setups: rows of `validated_setups` of all instruments; the active ones are candidates.
        daily: has the series of every active setup.

    Raises:
        InputError: `daily` lacks an active setup.
    """
    ranked = _ranked(setups[setups["status"] == ACTIVE])
    above = ranked[ranked["expectancy_r"] > selection.min_expectancy_r]
    daily_r = _series_of(above["strategy_id"].tolist(), daily)
    sessions = pd.factorize(above["instrument"].astype(str) + " " + above["orb_label"].astype(str))[0]
    models = above["entry_model"].to_numpy(dtype=object)
    chosen = ForwardSelection(sessions, models, Correlations.of(daily_r, selection.min_overlap_days), selection)
    chosen.run()
    members_r = daily_r.iloc[:, chosen.members]
    members = _members(above.iloc[chosen.members], member_weights(selection.weights, members_r), account)
    return Selected(
        Portfolio.of(account, members),
        candidate_table(ranked, chosen),
        correlation_matrix(members_r, selection.min_overlap_days),
    )


def _ranked(active: pd.DataFrame) -> pd.DataFrame:
    hundredths = np.array([round(value, 2) for value in active["expectancy_r"]], dtype=np.float64)
    ordered = active.assign(_hundredths=hundredths, strategy_id=active["strategy_id"].astype(object)).sort_values(
        ["_hundredths", "sample_size", "strategy_id"], ascending=[False, False, True], ignore_index=True
    )
    return ordered.drop(columns="_hundredths")


def _series_of(strategy_ids: Sequence[str], daily: DailySeries) -> pd.DataFrame:
    missing = [name for name in strategy_ids if name not in daily.pnl_r.columns]
    if missing:
        message = (
            f"No daily series of {missing[0]} and {len(missing) - 1} other active setups; expected one of each. "
            "orb_outcomes are older than validated_setups: run `orb run`."
        )
        raise InputError(message)
    return daily.pnl_r[list(strategy_ids)]


def _members(setups: pd.DataFrame, weights: Sequence[float], account: Account) -> tuple[PortfolioStrategy, ...]:
    from_setup = [field.name for field in fields(PortfolioStrategy) if field.name in setups.columns]
    rows = setups[from_setup].to_dict("records")  # plain Python values
    return tuple(
        PortfolioStrategy(
            **{str(name): value for name, value in row.items()}, weight=weight, max_contracts=account.max_contracts
        )
        for row, weight in zip(rows, weights, strict=True)
    )
