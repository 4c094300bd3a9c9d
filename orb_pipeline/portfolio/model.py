"""The portfolio as a value: which strategies are traded, in which order, and on which account's terms."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import InputError


@dataclass(frozen=True)
class PortfolioStrategy:
    """One member.

    Attributes:
        weight: share of the usual risk, above 0 up to 1.
        max_contracts: the most it trades.
        median_risk_points: the usual distance of its stop.
        expectancy_r, win_rate, sample_size: what research measured.
    """

    strategy_id: str
    instrument: str
    orb_label: str
    orb_minutes: int
    entry_model: str
    rr_target: float
    confirm_bars: int
    filter_type: str
    weight: float
    max_contracts: int
    expectancy_r: float
    win_rate: float
    sample_size: int
    median_risk_points: float

    @property
    def session(self) -> tuple[str, str]:
        """(instrument, orb_label): what the limits for one session count by."""
        return self.instrument, self.orb_label


@dataclass(frozen=True)
class Portfolio:
    """Members in portfolio order, which is the order in which they come first where two ask at once.

    Attributes:
        name: the account's.
        max_concurrent_positions, max_daily_loss_r, account_equity, risk_per_trade_pct: the account's terms when it was
            built, for the record; sizing and limits read the account itself.
    """

    name: str
    strategies: tuple[PortfolioStrategy, ...]
    max_concurrent_positions: int
    max_daily_loss_r: float
    account_equity: float
    risk_per_trade_pct: float

    @classmethod
    def of(cls, account: Account, strategies: tuple[PortfolioStrategy, ...]) -> Portfolio:
        """These members, in this order, on the account's terms."""
        return cls(
            name=account.account,
            strategies=strategies,
            max_concurrent_positions=account.limits.max_concurrent_positions,
            max_daily_loss_r=account.limits.max_daily_loss_r,
            account_equity=account.equity,
            risk_per_trade_pct=account.risk_per_trade_pct,
        )

    @property
    def instruments(self) -> tuple[str, ...]:
        """Symbols of the members, sorted: the order in which bars of one minute are taken."""
        return tuple(sorted({strategy.instrument for strategy in self.strategies}))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON knows; `from_dict` gives the same portfolio back."""
        return asdict(self) | {"strategies": [asdict(strategy) for strategy in self.strategies]}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Portfolio:
        """The portfolio of `to_dict`.

        Raises:
            InputError: a field is missing or unknown.
        """
        strategies = tuple(PortfolioStrategy(**_checked(PortfolioStrategy, item)) for item in document["strategies"])
        return cls(**_checked(cls, document) | {"strategies": strategies})


def _checked(kind: Any, document: dict[str, Any]) -> dict[str, Any]:
    expected = {field.name for field in fields(kind)}
    wrong = sorted(expected.symmetric_difference(document))
    if wrong:
        message = (
            f"{kind.__name__}: {', '.join(wrong)} missing or unknown; expected exactly {', '.join(sorted(expected))}. "
            "Build the portfolio again: `orb run --to portfolio`."
        )
        raise InputError(message)
    return document
