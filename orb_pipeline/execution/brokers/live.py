"""The hard constraint: no live money until paper trading has proved that the system does what the backtest did."""

from __future__ import annotations

from orb_pipeline.catalogue import Account
from orb_pipeline.errors import ConfigurationError, GateFailedError


def refuse_live(account: Account, broker_is_live: bool, passed_paper_days: int) -> None:
    """Let a paper account pass; a live one only with the account file's word and enough days that were reconciled.

    Args:
        passed_paper_days: of this account, trading days whose paper journal was reconciled and passed.

    Raises:
        ConfigurationError: the account's file does not say `live_trading: true`.
        GateFailedError: fewer days have passed than `min_paper_days`.
    """
    if not broker_is_live:
        return
    missing = max(account.min_paper_days - passed_paper_days, 0)
    days = f"{passed_paper_days} of {account.min_paper_days} paper days have passed reconciliation"
    if not account.live_trading:
        message = (
            f"Account {account.account}: the broker's account is a live one, and `live_trading` is false in "
            f"accounts.yaml ({days}). Log the gateway in to a paper account (DU... or DF...); trade live only with "
            "`live_trading: true` and those days passed."
        )
        raise ConfigurationError(message)
    if missing:
        message = (
            f"Account {account.account}: the broker's account is a live one, and only {days}; {missing} more must. "
            "Go on trading on paper: log the gateway in to a paper account (DU... or DF...) or set `broker: paper`."
        )
        raise GateFailedError(message)
