"""The broker that an account's file names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orb_pipeline.catalogue import Account, Instrument
from orb_pipeline.execution.brokers.broker import Broker
from orb_pipeline.execution.brokers.ib import IbBroker, IbConnection
from orb_pipeline.execution.brokers.orders import BrokerFill
from orb_pipeline.execution.brokers.paper import PaperBroker
from orb_pipeline.execution.brokers.signals import Signal, SignalBroker


def open_broker(
    account: Account,
    *,
    connection: IbConnection,
    instruments: Mapping[str, Instrument],
    passed_paper_days: int,
    said: Iterable[Signal] = (),
    fills: Iterable[BrokerFill] = (),
) -> Broker:
    """The account's broker, past the guard against live accounts; `close` it.

    Args:
        connection: of `ib`.
        instruments: of `ib`, by contract code, all that may be traded.
        passed_paper_days: trading days of the account whose reconciliation passed.
        said, fills: of `signals`: what was said in earlier steps, which fills were typed in.

    Raises:
        ConfigurationError, GateFailedError, BrokerError: as `IbBroker.connect`.
    """
    if account.broker == "ib":
        return IbBroker.connect(account, connection, instruments, passed_paper_days)
    if account.broker == "signals":
        return SignalBroker(said, fills)
    return PaperBroker()
