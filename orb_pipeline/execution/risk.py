"""The risk manager (RULES.md section 10): every entry is put to it, and there is no other way in."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from orb_pipeline.catalogue import Account, RiskLimits
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.events import RiskDecision
from orb_pipeline.execution.trade import ActiveTrade
from orb_pipeline.portfolio.sizing import Size, compute_position_size

TOLERANCE_R = 1e-9
TOLERANCE_DOLLARS = 1e-6

CIRCUIT_BREAKER = "circuit_breaker"
ACCOUNT_DRAWDOWN = "account_drawdown"
DAILY_LOSS_LIMIT = "daily_loss_limit"
MAX_CONCURRENT = "max_concurrent_positions"
MAX_PER_ORB = "max_per_orb_positions"
MAX_DAILY_TRADES = "max_daily_trades"
SIZING = "position_size"
CHECKS = (
    CIRCUIT_BREAKER,
    ACCOUNT_DRAWDOWN,
    DAILY_LOSS_LIMIT,
    MAX_CONCURRENT,
    MAX_PER_ORB,
    MAX_DAILY_TRADES,
    SIZING,
)
"""In the order in which they are asked; the first that does not hold is the reason."""

HALTED, BLOCKED = "halt", "blocked"
"""Checks before all of these, where entries are stopped from outside: by hand; by a gate or an alert."""

ALLOWED = RiskDecision(allowed=True)


class Risk(Protocol):
    """What the engine asks of a risk manager.

    Attributes:
        watches_open_losses: whether `take_stock` must be called on every bar.
        halt: the refusal that every entry gets until the day is over; None while entries go on.
    """

    watches_open_losses: bool
    halt: RiskDecision | None

    def daily_reset(self, account: AccountDay) -> None:
        """A new trading day opens with the account as it is."""

    def size(self, trade: ActiveTrade, risk_ticks: int) -> Size:
        """Of an order that is placed now, its stop `risk_ticks` away."""
        ...

    def can_enter(self, trade: ActiveTrade) -> RiskDecision:
        """Whether the fill of an order that was sized before may be entered."""
        ...

    def on_trade_entry(self, trade: ActiveTrade) -> None: ...

    def on_trade_exit(self, trade: ActiveTrade) -> None: ...

    def take_stock(self, open_loss: float) -> RiskDecision | None:
        """After the exits of a bar: latch what is reached. The refusal that holds from now on, when it is new.

        Args:
            open_loss: dollars that the open positions would lose at this bar's worst price; 0 where it is not watched.
        """
        ...

    def is_halted(self) -> bool:
        """Whether entries have stopped for the day."""
        ...


class RiskManager:
    """The limits of one account, for one trading day at a time.

    Attributes:
        is_lost: whether a drawdown rule has ended the account, today or before.
        stopped: the refusal that every entry gets while entries are stopped from outside; None while they are not. It
            is set from bar to bar by who runs the engine, and is no limit of the account's.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        firm = account.prop_firm
        self.watches_open_losses = firm is not None
        self.halt: RiskDecision | None = None
        self.is_lost = False
        self.stopped: RiskDecision | None = None
        self._day = AccountDay(account.equity, account.equity)
        self._checks: tuple[Callable[[ActiveTrade], RiskDecision | None], ...] = (
            lambda _trade: self.stopped,
            self._halted,
            self._too_many_open,
            self._too_many_in_session,
            self._too_many_today,
            self._too_small,
        )
        self._clear()

    def daily_reset(self, account: AccountDay) -> None:
        self._clear()
        self._day = account
        self.is_lost = account.lost_on is not None
        if account.lost_on is not None:
            message = f"the account was lost on {account.lost_on} by its drawdown rule"
            self.halt = RiskDecision(False, ACCOUNT_DRAWDOWN, account.equity, self._floor, message)
        else:
            self.take_stock(0.0)  # an account that begins at its floor does not trade

    def size(self, trade: ActiveTrade, risk_ticks: int) -> Size:
        return compute_position_size(self.account, self._day.equity, trade.strategy, trade.instrument, risk_ticks)

    def can_enter(self, trade: ActiveTrade) -> RiskDecision:
        for check in self._checks:
            refusal = check(trade)
            if refusal is not None:
                return refusal
        warning_r = self.limits.drawdown_warning_r
        if self.realised_r <= warning_r + TOLERANCE_R:
            warning = f"the day stands at {self.realised_r:.2f} R, at or below the warning at {warning_r:g} R"
            return RiskDecision(allowed=True, warning=warning)
        return ALLOWED

    def on_trade_entry(self, trade: ActiveTrade) -> None:
        self.open_positions += 1
        self.entries_today += 1
        self._open_by_session[trade.strategy.session] += 1

    def on_trade_exit(self, trade: ActiveTrade) -> None:
        assert trade.pnl_r is not None and trade.pnl_dollars is not None  # noqa: S101, PT018 - told of finished trades only
        self.open_positions -= 1
        self._open_by_session[trade.strategy.session] -= 1
        self.realised_r += trade.pnl_r
        self.realised_dollars += trade.pnl_dollars

    def take_stock(self, open_loss: float) -> RiskDecision | None:
        reached = list(self._reached(open_loss))
        self.is_lost |= any(refusal.check == ACCOUNT_DRAWDOWN for refusal in reached)
        if self.is_halted() or not reached:
            return None
        self.halt = reached[0]
        return self.halt

    def is_halted(self) -> bool:
        return self.halt is not None

    @property
    def limits(self) -> RiskLimits:
        return self.account.limits

    @property
    def _floor(self) -> float:
        """Equity at which a prop-firm account is lost."""
        firm = self.account.prop_firm
        assert firm is not None  # noqa: S101 - asked of prop-firm accounts only
        reference = self.account.equity if firm.drawdown == "static" else self._day.highest_equity
        return reference - firm.max_drawdown

    def _clear(self) -> None:
        self.realised_r = 0.0
        self.realised_dollars = 0.0
        self.open_positions = 0
        self.entries_today = 0
        self._open_by_session: Counter[tuple[str, str]] = Counter()
        self.halt = None

    def _reached(self, open_loss: float) -> Iterator[RiskDecision]:
        """Halts that the day has reached, in the order of the checks."""
        halt_r = self.limits.halt_r
        if self.realised_r <= halt_r + TOLERANCE_R:
            reason = f"the day's realised {self.realised_r:.2f} R reached the halt at {halt_r:g} R"
            yield RiskDecision(False, CIRCUIT_BREAKER, self.realised_r, halt_r, reason)
        firm = self.account.prop_firm
        if firm is None:
            return
        equity = self._day.equity + self.realised_dollars - open_loss
        if equity <= self._floor + TOLERANCE_DOLLARS:
            reason = f"equity less open losses fell to {equity:,.2f} dollars; the account ends at {self._floor:,.2f}"
            yield RiskDecision(False, ACCOUNT_DRAWDOWN, equity, self._floor, reason)
        limit = firm.daily_loss_limit
        loss = open_loss - self.realised_dollars
        if limit is not None and loss >= limit - TOLERANCE_DOLLARS:
            reason = f"the day's loss, open losses included, reached {loss:,.2f} of {limit:,.2f} dollars"
            yield RiskDecision(False, DAILY_LOSS_LIMIT, loss, limit, reason)

    def _halted(self, _trade: ActiveTrade) -> RiskDecision | None:
        return self.halt

    def _too_many_open(self, _trade: ActiveTrade) -> RiskDecision | None:
        return _full(MAX_CONCURRENT, self.open_positions, self.limits.max_concurrent_positions, "open positions")

    def _too_many_in_session(self, trade: ActiveTrade) -> RiskDecision | None:
        count = self._open_by_session[trade.strategy.session]
        what = f"open positions in session {trade.strategy.orb_label} of {trade.strategy.instrument}"
        return _full(MAX_PER_ORB, count, self.limits.max_per_orb_positions, what)

    def _too_many_today(self, _trade: ActiveTrade) -> RiskDecision | None:
        return _full(MAX_DAILY_TRADES, self.entries_today, self.limits.max_daily_trades, "entries today")

    def _too_small(self, trade: ActiveTrade) -> RiskDecision | None:
        size = trade.size
        if size is None or size.contracts > 0:
            return None
        reason = f"one contract risks {size.risk_of_one:,.2f} dollars and the budget is {size.budget:,.2f}"
        return RiskDecision(False, SIZING, size.risk_of_one, size.budget, reason)


class UnlimitedRisk:
    """No limits, one contract: for parity with the backtest, which knows none either. Results made with it say so."""

    watches_open_losses = False
    halt: RiskDecision | None = None

    def daily_reset(self, account: AccountDay) -> None:
        """Nothing is kept from day to day."""

    def size(self, trade: ActiveTrade, risk_ticks: int) -> Size:
        risk_of_one = risk_ticks * trade.instrument.tick_value
        return Size(1, math.inf, risk_of_one, risk_of_one + trade.instrument.friction)

    def can_enter(self, trade: ActiveTrade) -> RiskDecision:
        del trade
        return _UNLIMITED

    def on_trade_entry(self, trade: ActiveTrade) -> None:
        """Nothing is counted."""

    def on_trade_exit(self, trade: ActiveTrade) -> None:
        """Nothing is counted."""

    def take_stock(self, open_loss: float) -> RiskDecision | None:
        del open_loss
        return None

    def is_halted(self) -> bool:
        return False


_UNLIMITED = RiskDecision(allowed=True, reason="unlimited risk: no limits, one contract")


def _full(check: str, count: int, limit: int, what: str) -> RiskDecision | None:
    return RiskDecision(False, check, count, limit, f"{count} {what}, at most {limit}") if count >= limit else None
