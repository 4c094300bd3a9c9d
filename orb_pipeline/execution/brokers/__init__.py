"""Orders and brokers: what should stand in the market by the session, and the brokers that are brought to it.

`desired_orders` reads the engine's trades, `sync` brings a `Broker` to them. The journal stays what RULES.md says; what
a real broker filled is kept beside it.
"""

from orb_pipeline.execution.brokers.broker import Broker, BrokerError, OrderRefusedError
from orb_pipeline.execution.brokers.desired import contract_to_trade, desired_orders, withheld_by
from orb_pipeline.execution.brokers.differences import Difference, DifferenceKind
from orb_pipeline.execution.brokers.ib import IbBroker, IbConnection
from orb_pipeline.execution.brokers.ids import Leg, TradeKey, parse_client_id
from orb_pipeline.execution.brokers.live import refuse_live
from orb_pipeline.execution.brokers.manual import ManualFill, enter_manual_fill
from orb_pipeline.execution.brokers.opening import open_broker
from orb_pipeline.execution.brokers.orders import (
    BrokerFill,
    BrokerOrder,
    DesiredOrder,
    OrderKind,
    OrderTicket,
    Side,
    Wish,
)
from orb_pipeline.execution.brokers.paper import PaperBroker
from orb_pipeline.execution.brokers.signals import Signal, SignalBroker
from orb_pipeline.execution.brokers.sync import SyncReport, reconcile_at_start, sync

__all__ = [
    "Broker",
    "BrokerError",
    "BrokerFill",
    "BrokerOrder",
    "DesiredOrder",
    "Difference",
    "DifferenceKind",
    "IbBroker",
    "IbConnection",
    "Leg",
    "ManualFill",
    "OrderKind",
    "OrderRefusedError",
    "OrderTicket",
    "PaperBroker",
    "Side",
    "Signal",
    "SignalBroker",
    "SyncReport",
    "TradeKey",
    "Wish",
    "contract_to_trade",
    "desired_orders",
    "enter_manual_fill",
    "open_broker",
    "parse_client_id",
    "reconcile_at_start",
    "refuse_live",
    "sync",
    "withheld_by",
]
