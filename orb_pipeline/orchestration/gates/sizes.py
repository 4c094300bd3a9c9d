"""Each member is given 1 to `max_contracts` contracts at its median risk, with the account's starting equity."""

from __future__ import annotations

import pandas as pd

from orb_pipeline.orchestration.gates.base import Evidence, GateResult
from orb_pipeline.orchestration.trading import portfolio_of
from orb_pipeline.portfolio.capital import size_at_median_risk


def judge(evidence: Evidence) -> GateResult:
    account = evidence.account
    strategies = portfolio_of(account, evidence.judged).strategies
    sizes = [
        size_at_median_risk(account, strategy, evidence.catalogue.instrument(strategy.instrument))
        for strategy in strategies
    ]
    table = pd.DataFrame(
        {
            "strategy_id": [strategy.strategy_id for strategy in strategies],
            "median_risk_points": [strategy.median_risk_points for strategy in strategies],
            "contracts": [size.contracts for size in sizes],
            "one_contract_risks": [size.risk_of_one for size in sizes],
            "budget": [size.budget for size in sizes],
        }
    )
    limits = pd.Series([strategy.max_contracts for strategy in strategies], dtype="int64")
    bad = table[(table["contracts"] < 1) | (table["contracts"] > limits)]
    message = f"{len(table) - len(bad)} of {len(table)} members are given 1 to {account.max_contracts} contracts."
    if len(bad):
        first = bad.iloc[0]
        message += (
            f" {first['strategy_id']}: one contract risks {first['one_contract_risks']:,.2f} dollars, the budget is "
            f"{first['budget']:,.2f}. Take an account with a larger budget, or an instrument with a smaller contract."
        )
    return GateResult(bad.empty, message, {"sizes": table})
