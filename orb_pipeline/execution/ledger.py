"""The account from day to day, as its journal tells it."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.catalogue import Account
from orb_pipeline.execution.context import AccountDay


class AccountLedger:
    """Equity in dollars at the start of each day: the starting equity and the results of all earlier days."""

    def __init__(self, account: Account) -> None:
        self.today = AccountDay(account.equity, account.equity)

    def close_day(self, trading_day: dt.date, pnl_dollars: float, is_lost: bool) -> None:
        """Book a day's result; `is_lost`: a drawdown rule ended the account on it or before."""
        equity = self.today.equity + pnl_dollars
        lost_on = self.today.lost_on or (trading_day if is_lost else None)
        self.today = AccountDay(equity, max(self.today.highest_equity, equity), lost_on)
