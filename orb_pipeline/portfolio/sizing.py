"""How many contracts a trade is given (RULES.md section 10, the last check)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from orb_pipeline.catalogue import Account, Instrument
from orb_pipeline.portfolio.model import PortfolioStrategy

MIN_RISK_TICKS = 10  # a nearer stop is sized as if it were this far away
_ROUNDING = 1e-9  # contracts; 5 contracts that floats call 4.999999999 are 5


@dataclass(frozen=True)
class Size:
    """How a trade is sized, money in dollars.

    Attributes:
        contracts: 0 where the budget does not carry one.
        budget: what the trade may risk.
        risk_of_one: what one contract risks between entry and stop, costs left out, the stop at least 10 ticks away.
        all_in_risk: what all contracts lose at the stop, costs included, by the real distance.
    """

    contracts: int
    budget: float
    risk_of_one: float
    all_in_risk: float


def compute_position_size(
    account: Account, equity: float, strategy: PortfolioStrategy, instrument: Instrument, risk_ticks: int
) -> Size:
    """Contracts = floor(base * risk share * weight / (risk points * point value)), at most `strategy.max_contracts`.

    Args:
        equity: the account's at the start of the day, in dollars. Base is this, or the max drawdown of a prop firm.
        risk_ticks: distance from entry to stop in ticks.
    """
    budget = max(risk_base(account, equity), 0.0) * account.risk_per_trade_pct / 100 * strategy.weight
    risk_of_one = max(risk_ticks, MIN_RISK_TICKS) * instrument.tick_value
    contracts = min(math.floor(budget / risk_of_one + _ROUNDING), strategy.max_contracts)
    return Size(contracts, budget, risk_of_one, contracts * (risk_ticks * instrument.tick_value + instrument.friction))


def risk_base(account: Account, equity: float) -> float:
    """Dollars that the risk of a trade is a share of."""
    return equity if account.prop_firm is None else account.prop_firm.max_drawdown


def true_risk_pct(account: Account, equity: float, risk_dollars: float) -> float:
    """What `risk_dollars` are of what may be lost, in per cent; infinite where nothing may be lost any more."""
    base = risk_base(account, equity)
    return risk_dollars / base * 100 if base > 0 else math.inf
