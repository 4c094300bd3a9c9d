"""What a portfolio asks of an account: sizes and risks, the worst day its limits allow, the risk of ruin."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from orb_pipeline.catalogue import Account, Instrument
from orb_pipeline.errors import InputError
from orb_pipeline.market.ticks import ticks_at_least
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy
from orb_pipeline.portfolio.sizing import Size, compute_position_size, risk_base, true_risk_pct
from orb_pipeline.research.daily import DailySeries

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MemberCapital:
    """One member at its median risk, see `size_at_median_risk`; money in dollars, risk in per cent of `risk_base`.

    Attributes:
        contracts: 0 where the budget does not carry one; then every amount below is 0, too.
        budget, risk_of_one: as in `sizing.Size`.
        risk_dollars, true_risk_pct: of all contracts between entry and stop.
        all_in_risk, all_in_risk_pct: with the costs of the round trip (F).
        margin: of all contracts.
    """

    strategy_id: str
    session: tuple[str, str]
    contracts: int
    budget: float
    risk_of_one: float
    risk_dollars: float
    true_risk_pct: float
    all_in_risk: float
    all_in_risk_pct: float
    margin: float

    @property
    def is_below_one_contract(self) -> bool:
        return self.contracts == 0


@dataclass(frozen=True)
class Capital:
    """Money in dollars; a None is unknown.

    "Together" are the members that the limits let be open at once: the worst `max_concurrent_positions` of them, no
    more than `max_per_orb_positions` of one session. A loss is a stop-out at the stop price, -1 R; gaps come on top.

    Attributes:
        margin, max_concurrent_risk: of the members together; the risk is all-in.
        expected_trades_per_day: trades of the past by the trading days of the data, before limits.
        worst_case_day_r: what the limits let happen, from 0 down. Entries stop at the halt level; just above it as many
            positions are open as may be, and all lose: the halt level less one R for each. No more than
            `max_daily_trades` losses, and no more than one a member, since a strategy takes one trade a day.
        worst_case_day_dollars: that many losses of the members that risk most, all-in. Where a prop firm limits the
            day's loss, open losses included: no more than this limit and `max_concurrent_risk`.
        worst_day_seen_r, worst_day_seen: the least sum of all members' daily R, before limits, and its trading day.
        true_risk_pct, all_in_risk_pct: the largest of a member.
        risk_of_ruin: see `risk_of_ruin`.
        problems: sentences on what keeps it from being traded as it is.
    """

    members: tuple[MemberCapital, ...]
    total_weight: float
    margin: float
    max_concurrent_risk: float
    expected_trades_per_day: float | None
    worst_case_day_r: float
    worst_case_day_dollars: float
    worst_day_seen_r: float | None
    worst_day_seen: dt.date | None
    true_risk_pct: float
    all_in_risk_pct: float
    risk_of_ruin: float | None
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON knows; what is no finite number is None, a day is ISO text."""
        members = [
            _plain(asdict(member) | {"is_below_one_contract": member.is_below_one_contract}) for member in self.members
        ]
        return _plain(asdict(self) | {"members": members, "problems": list(self.problems)})


def estimate_daily_capital(
    portfolio: Portfolio, daily: DailySeries, account: Account, instruments: Mapping[str, Instrument]
) -> Capital:
    """What `portfolio` asks of `account` at its equity at the start.

    Args:
        daily: has the series of every member.
        instruments: by symbol, at least those of the members.

    Raises:
        InputError: `daily` lacks a member.
    """
    members = tuple(_member(strategy, account, instruments[strategy.instrument]) for strategy in portfolio.strategies)
    summed, trades = _summed(portfolio, daily)
    concurrent_risk = math.fsum(_together([(member.session, member.all_in_risk) for member in members], account))
    worst_r = _worst_case_day_r(members, account)
    margin = math.fsum(_together([(member.session, member.margin) for member in members], account))
    seen = int(np.argmin(summed)) if members and len(summed) else None
    return Capital(
        members=members,
        total_weight=float(sum(strategy.weight for strategy in portfolio.strategies)),
        margin=margin,
        max_concurrent_risk=concurrent_risk,
        expected_trades_per_day=trades / len(summed) if len(summed) else None,
        worst_case_day_r=worst_r,
        worst_case_day_dollars=_worst_case_day_dollars(worst_r, members, concurrent_risk, account),
        worst_day_seen_r=None if seen is None else float(summed[seen]),
        worst_day_seen=None if seen is None else pd.Timestamp(daily.pnl_r.index[seen]).date(),
        true_risk_pct=max((member.true_risk_pct for member in members), default=0.0),
        all_in_risk_pct=max((member.all_in_risk_pct for member in members), default=0.0),
        risk_of_ruin=_ruin(summed, members, account),
        problems=tuple(_problems(members, margin, account)),
    )


def size_at_median_risk(account: Account, strategy: PortfolioStrategy, instrument: Instrument) -> Size:
    """Of a member with its stop at its median distance, rounded up to whole ticks, and the account's first equity."""
    risk_ticks = _median_risk_ticks(strategy, instrument)
    return compute_position_size(account, account.equity, strategy, instrument, risk_ticks)


def risk_of_ruin(daily_r: Float64Array, capital_r: float) -> float | None:
    """The probability that cumulative daily R ever falls by `capital_r`: exp(-2 mu U / sigma^2), 1 where mu <= 0.

    mu and sigma (ddof 1) are those of `daily_r`, U is `capital_r`. The formula is the first passage of a Brownian
    motion with drift mu and variance sigma^2 a day (Cox and Miller, 1965, The Theory of Stochastic Processes, chapter
    5). It takes days as independent and alike, sizes as unchanged while the capital shrinks, and the edge of the past
    as that of the future: a figure to compare portfolios by, not a promise.

    Returns:
        None where it is unknown: fewer than two days, or days without any result.
    """
    if len(daily_r) < 2 or not daily_r.any() or not math.isfinite(capital_r):
        return None
    mean = float(daily_r.mean())
    if mean <= 0:
        return 1.0
    varies = daily_r.max() > daily_r.min()
    return math.exp(-2 * mean * capital_r / float(daily_r.var(ddof=1))) if varies else 0.0


def _member(strategy: PortfolioStrategy, account: Account, instrument: Instrument) -> MemberCapital:
    size = size_at_median_risk(account, strategy, instrument)
    risk_dollars = size.contracts * _median_risk_ticks(strategy, instrument) * instrument.tick_value
    return MemberCapital(
        strategy_id=strategy.strategy_id,
        session=strategy.session,
        contracts=size.contracts,
        budget=size.budget,
        risk_of_one=size.risk_of_one,
        risk_dollars=risk_dollars,
        true_risk_pct=true_risk_pct(account, account.equity, risk_dollars),
        all_in_risk=size.all_in_risk,
        all_in_risk_pct=true_risk_pct(account, account.equity, size.all_in_risk),
        margin=size.contracts * instrument.margin,
    )


def _median_risk_ticks(strategy: PortfolioStrategy, instrument: Instrument) -> int:
    return ticks_at_least(strategy.median_risk_points, instrument.tick)


def _summed(portfolio: Portfolio, daily: DailySeries) -> tuple[Float64Array, int]:
    """Each trading day's R of all members, and how many trades they made."""
    names = [strategy.strategy_id for strategy in portfolio.strategies]
    missing = [name for name in names if name not in daily.pnl_r.columns]
    if missing:
        message = (
            f"No daily series of {missing[0]}, a member of portfolio {portfolio.name}; expected one of each. "
            f"The portfolio is older than orb_outcomes: run `orb run --account {portfolio.name} --to portfolio`."
        )
        raise InputError(message)
    summed = daily.pnl_r[names].sum(axis=1).to_numpy(dtype=np.float64)
    return summed, int(daily.traded[names].to_numpy().sum())


def _together(amounts: Iterable[tuple[tuple[str, str], float]], account: Account) -> list[float]:
    """The largest (session, amount) that the limits let be open at once, largest first."""
    open_by_session: Counter[tuple[str, str]] = Counter()
    largest = []
    for session, amount in sorted(amounts, key=lambda one: -one[1]):
        if open_by_session[session] < account.limits.max_per_orb_positions:
            open_by_session[session] += 1
            largest.append(amount)
    return largest[: account.limits.max_concurrent_positions]


def _worst_case_day_r(members: Sequence[MemberCapital], account: Account) -> float:
    limits = account.limits
    at_once = len(_together([(member.session, 1.0) for member in members], account))
    return 0.0 - min(at_once - limits.halt_r, limits.max_daily_trades, len(members))


def _worst_case_day_dollars(
    worst_r: float, members: Sequence[MemberCapital], concurrent_risk: float, account: Account
) -> float:
    risks = sorted((member.all_in_risk for member in members), reverse=True)
    shares = [min(max(-worst_r - place, 0.0), 1.0) for place in range(len(risks))]
    loss = sum(risk * share for risk, share in zip(risks, shares, strict=True))
    firm = account.prop_firm
    if firm is not None and firm.daily_loss_limit is not None:
        loss = min(loss, firm.daily_loss_limit + concurrent_risk)
    return 0.0 - loss


def _ruin(summed: Float64Array, members: Sequence[MemberCapital], account: Account) -> float | None:
    """Of the account's whole risk base, one R being the most that a member risks, all-in."""
    one_r = max((member.all_in_risk for member in members), default=0.0)
    return risk_of_ruin(summed, risk_base(account, account.equity) / one_r) if one_r > 0 else None


def _problems(members: Sequence[MemberCapital], margin: float, account: Account) -> list[str]:
    if not members:
        return ["The portfolio has no member."]
    problems = [
        f"{member.strategy_id} is smaller than one contract: one risks {member.risk_of_one:,.2f} dollars at its median "
        f"risk and the budget is {member.budget:,.2f}."
        for member in members
        if member.is_below_one_contract
    ]
    if margin > account.equity:
        problems.append(
            f"The margin of the positions that may be open at once is {margin:,.2f} dollars and the equity is "
            f"{account.equity:,.2f}."
        )
    return problems


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, dt.date) else value
