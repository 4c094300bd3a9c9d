"""From the setups of instruments whose research holds to an account's portfolio, for the asset and for rehearsals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from orb_pipeline.catalogue import Account, Catalogue
from orb_pipeline.orchestration.stored import StoredTable
from orb_pipeline.portfolio.capital import Capital, estimate_daily_capital
from orb_pipeline.portfolio.model import Portfolio
from orb_pipeline.portfolio.selection import build_portfolio
from orb_pipeline.research.daily import combine, daily_series
from orb_pipeline.research.setups import ACTIVE
from orb_pipeline.storage.files import appearing_whole

CANDIDATES = "portfolio_candidates"
SELECTED_FROM = ("daily_features", "orb_outcomes", "validated_setups")
"""Tables of an instrument that a selection reads."""

_DECIMALS = 9  # of a stored correlation: sums in another order differ in the last bits
_REASONS_SHOWN = 50

Reader = Callable[..., Sequence[StoredTable]]


@dataclass(frozen=True)
class Chosen:
    """An account's portfolio, what it asks of the account, and what became of every candidate.

    Attributes:
        candidates: see portfolio.selection.Selected; with fdr_q and deflated_sharpe of each.
        correlations: of the members, see there.
    """

    account: Account
    portfolio: Portfolio
    capital: Capital
    candidates: pd.DataFrame
    correlations: pd.DataFrame

    def document(self, instruments: Sequence[str], left_out: Mapping[str, str]) -> dict[str, Any]:
        """Everything as plain JSON values; `portfolio` is what `Portfolio.from_dict` reads."""
        matrix = self.correlations.astype(object).where(self.correlations.notna(), None)
        not_taken = self.candidates[~self.candidates["taken"].astype(bool)]
        return {
            "account": self.account.account,
            "instruments": list(instruments),
            "left_out": dict(left_out),
            "portfolio": self.portfolio.to_dict(),
            "capital": self.capital.to_dict(),
            "correlations": {"strategies": list(matrix.columns), "matrix": matrix.to_numpy().tolist()},
            "not_taken": not_taken["reason"].value_counts().to_dict(),
        }

    def capital_table(self) -> pd.DataFrame:
        """The capital's figures as rows of name and value."""
        figures = {name: value for name, value in self.capital.to_dict().items() if not isinstance(value, list)}
        return pd.DataFrame(list(figures.items()), columns=["figure", "value"])

    def reasons_table(self) -> pd.DataFrame:
        """Why candidates were not taken, the best ranked first."""
        fallen = self.candidates[~self.candidates["taken"].astype(bool)].head(_REASONS_SHOWN)
        return fallen[["rank", "strategy_id", "expectancy_r", "fdr_q", "reason", "clashes_with", "correlation"]]


def select_portfolio(catalogue: Catalogue, account: Account, symbols: Sequence[str], read: Reader) -> Chosen:
    """Select from the active setups of `symbols`.

    Args:
        read: gives tables of an instrument (symbol, *names) under the promise that their gates hold.
    """
    setups, series = [], []
    for symbol in symbols:
        features, outcomes, validated = read(symbol, *SELECTED_FROM)
        frame = validated.pandas()
        active = frame[frame["status"] == ACTIVE]
        instrument = catalogue.instrument(symbol)
        series.append(daily_series(outcomes.arrow(), features.pandas(), active, instrument, catalogue.grid))
        setups.append(active)
    daily = combine(series)
    active_setups = pd.concat(setups, ignore_index=True)
    chosen = build_portfolio(active_setups, daily, account, catalogue.portfolio.selection)
    evidence = active_setups[["strategy_id", "fdr_q", "deflated_sharpe"]]
    return Chosen(
        account=account,
        portfolio=chosen.portfolio,
        capital=estimate_daily_capital(chosen.portfolio, daily, account, catalogue.instruments),
        candidates=chosen.candidates.merge(evidence, on="strategy_id").assign(account=account.account),
        correlations=chosen.correlations.round(_DECIMALS),
    )


def correlation_rows(chosen: Chosen) -> pd.DataFrame:
    """Rows of `portfolio_correlations`."""
    members = list(chosen.correlations.columns)
    rows = [
        (chosen.account.account, first, second, chosen.correlations.loc[first, second])
        for first in members
        for second in members
    ]
    frame = pd.DataFrame(rows, columns=["account", "strategy_id", "other_id", "correlation"])
    return frame.astype({"correlation": "float64"})


def write_document(reports: Path, document: Mapping[str, Any]) -> Path:
    """`reports/portfolio.json`, whole or not at all."""
    path = reports / "portfolio.json"
    with appearing_whole(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
