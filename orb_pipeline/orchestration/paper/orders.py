"""Orders that leave the house: after each step the account's broker is brought to what should stand by the session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from orb_pipeline.catalogue import Account, Instrument
from orb_pipeline.execution.brokers import (
    Broker,
    BrokerError,
    BrokerFill,
    DesiredOrder,
    Difference,
    IbConnection,
    ManualFill,
    Side,
    Signal,
    SignalBroker,
    TradeKey,
    Wish,
    contract_to_trade,
    desired_orders,
    enter_manual_fill,
    open_broker,
    reconcile_at_start,
    sync,
    withheld_by,
)
from orb_pipeline.execution.paper import DaySoFar
from orb_pipeline.market.trading_day import day_number
from orb_pipeline.orchestration.paper.terms import Terms
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import GatewaySettings
from orb_pipeline.storage import orders as store
from orb_pipeline.storage.alerts import Alert, Severity, raise_alert, resolve, resolve_all
from orb_pipeline.storage.reconciliation import count_passed_days

RETRY_SECONDS = 30.0  # before a broker that did not answer is asked again: a question takes as long as it waits
FRESH_SECONDS = 90.0  # a bar that ended longer ago sends no entry: the market is elsewhere by now
ALERT, SILENT = "broker_difference", "broker_silent"


class OrderDesk:
    """Brings one account's broker to what should stand, step by step. An account with `broker: paper` needs none.

    Args:
        connection: of an account with `broker: ib`.
    """

    def __init__(self, workshop: Workshop, account: Account, connection: IbConnection) -> None:
        self._workshop = workshop
        self._account = account
        self._connection = connection
        self._broker: Broker | None = None
        self._opened_for: Mapping[str, str] = {}  # symbol -> contract: all that the broker knows
        self._is_first = True
        self._silent_since: dt.datetime | None = None
        self._may_be_told_silent = True  # by this process or by one before it

    def bring(
        self, terms: Terms, so_far: DaySoFar, *, entries_stopped: bool, now: dt.datetime
    ) -> tuple[Difference, ...] | None:
        """Withdraw, close, guard and send what follows from the day so far, and store what the broker tells.

        A broker that does not answer stops no journal: it is an alert until it does, and the next step tries again.

        Args:
            entries_stopped: by hand or by a gate.

        Returns:
            what cannot be explained: entries have to stop. None: the broker does not answer.

        Raises:
            ConfigurationError, GateFailedError: the account may not be traded at its broker.
        """
        condition = f"{SILENT}:{self._account.account}"
        if self._silent_since is not None and abs((now - self._silent_since).total_seconds()) < RETRY_SECONDS:
            return None
        try:
            found = self._bring(terms, so_far, entries_stopped=entries_stopped, now=now)
        except BrokerError as error:
            self.close()
            self._silent_since, self._may_be_told_silent = now, True
            with self._workshop.warehouse.transaction() as connection:
                raise_alert(connection, _silent(condition, self._account.account, str(error), now))
            return None
        if self._may_be_told_silent:
            with self._workshop.warehouse.transaction() as connection:
                resolve(connection, condition, now)
        self._silent_since, self._may_be_told_silent = None, False
        return found

    def _bring(
        self, terms: Terms, so_far: DaySoFar, *, entries_stopped: bool, now: dt.datetime
    ) -> tuple[Difference, ...]:
        name, trading_day = self._account.account, terms.stored.trading_day
        contracts = contracts_of(terms, self._workshop.catalogue.instruments)
        wished = self._wished(terms, so_far, contracts, entries_stopped=entries_stopped, now=now)
        fills, broker = self._open(contracts)
        common: dict[str, Any] = {"account": name, "stored_fills": fills, "contracts": contracts.values()}
        at_start = reconcile_at_start(wished, broker, **common) if self._is_first else []
        self._is_first = False
        enterable = set() if entries_stopped or at_start else _fresh(so_far, terms, now)
        report = sync(broker, wished, enterable=enterable, **common)
        found = tuple({item.message: item for item in (*at_start, *report.differences)}.values())
        with self._workshop.warehouse.transaction() as connection:
            store.replace_orders(connection, name, trading_day, [_order_row(order) for order in wished], now)
            store.record_fills(connection, [_fill_row(name, fill) for fill in report.fills], now)
            if isinstance(broker, SignalBroker):
                said = [(signal.text, signal.to_json()) for signal in broker.new]
                store.record_signals(connection, name, trading_day, said, now)
            alerts = [_alert(name, trading_day, difference, now) for difference in found]
            resolve_all(connection, ALERT, now, but=[alert.condition for alert in alerts], account=name)
            for alert in alerts:
                raise_alert(connection, alert)
        if isinstance(broker, SignalBroker):
            self.close()  # what was said and typed in is read anew each time
        return found

    def close(self) -> None:
        """Let go of the broker; orders stay as they are."""
        if self._broker is not None:
            self._broker.close()
            self._broker = None

    def _wished(
        self,
        terms: Terms,
        so_far: DaySoFar,
        contracts: Mapping[str, str],
        *,
        entries_stopped: bool,
        now: dt.datetime,
    ) -> tuple[DesiredOrder, ...]:
        flat_by = terms.paper_day.context.flat_by
        minute = int(now.timestamp()) // 60
        is_past = day_number(minute) > terms.paper_day.context.day
        return desired_orders(
            self._account.account,
            terms.stored.trading_day,
            contracts,
            so_far.trades,
            withheld_by(so_far.risk, entries_stopped=entries_stopped),
            last_bars=so_far.last_bars,
            flat_by=flat_by,
            must_be_flat=is_past or (flat_by is not None and minute >= flat_by),
        )

    def _open(self, contracts: Mapping[str, str]) -> tuple[list[BrokerFill], Broker]:
        """Fills that are stored, and the broker, past the guard against live accounts."""
        name = self._account.account
        with self._workshop.warehouse.transaction() as connection:
            fills = [_fill(row) for row in store.select_fills(connection, name)]
            said = [Signal.from_json(document) for document in store.select_signals(connection, name)]
            passed = count_passed_days(connection, name)
        if self._opened_for != contracts:  # a roll, or another portfolio
            self.close()
        if self._broker is None:
            self._opened_for = dict(contracts)
            instruments = self._workshop.catalogue.instruments
            self._broker = open_broker(
                self._account,
                connection=self._connection,
                instruments={contract: _traded(instruments, symbol) for symbol, contract in contracts.items()},
                passed_paper_days=passed,
                said=said,
                fills=fills,
            )
        return fills, self._broker


def order_desk(workshop: Workshop, account: Account) -> OrderDesk | None:
    """The desk of an account whose orders leave the house; the gateway's place comes from the environment."""
    if account.broker == "paper":
        return None
    gateway = GatewaySettings.from_environment()
    return OrderDesk(workshop, account, IbConnection(gateway.host, gateway.port, gateway.client_id, gateway.account))


def enter_fill(workshop: Workshop, typed: ManualFill, now: dt.datetime) -> BrokerFill:
    """Store a fill that somebody typed in.

    Raises:
        InputError: it fits no order of that day; see `enter_manual_fill`.
    """
    key = typed.key
    with workshop.warehouse.transaction() as connection:
        wished = [_order(row) for row in store.select_orders(connection, key.account, key.trading_day)]
        fills = [_fill(row) for row in store.select_fills(connection, key.account)]
    fill = enter_manual_fill(typed, wished, fills, workshop.catalogue.instruments, now)
    with workshop.warehouse.transaction() as connection:
        store.record_fills(connection, [_fill_row(key.account, fill)], now)
    return fill


def contracts_of(terms: Terms, instruments: Mapping[str, Instrument]) -> dict[str, str]:
    """Symbol -> the contract that is bought for its front month."""
    markets = terms.paper_day.context.markets
    return {
        symbol: contract_to_trade(instruments[symbol], front)
        for symbol in terms.symbols
        if (front := markets[symbol].front_month) is not None
    }


def _fresh(so_far: DaySoFar, terms: Terms, now: dt.datetime) -> set[str]:
    """Instruments whose last bar ended a moment ago."""
    if day_number(int(now.timestamp()) // 60) != terms.paper_day.context.day:
        return set()
    ends = {symbol: (bar.minute + 1) * 60 for symbol, bar in so_far.last_bars.items()}
    return {symbol for symbol, end in ends.items() if now.timestamp() - end <= FRESH_SECONDS}


def _traded(instruments: Mapping[str, Instrument], symbol: str) -> Instrument:
    """The instrument that is bought for `symbol`."""
    return instruments.get(instruments[symbol].traded_as or symbol, instruments[symbol])


def _alert(account: str, trading_day: dt.date, difference: Difference, now: dt.datetime) -> Alert:
    about = difference.client_id or difference.contract
    return Alert(
        alert=ALERT,
        condition=f"{ALERT}:{account}:{trading_day}:{difference.kind.value}:{about}",
        severity=Severity.CRITICAL,
        message=difference.message,
        raised_at=now,
        account=account,
        trading_day=trading_day,
    )


def _silent(condition: str, account: str, message: str, now: dt.datetime) -> Alert:
    return Alert(
        alert=SILENT, condition=condition, severity=Severity.WARNING, message=message, raised_at=now, account=account
    )


def _order_row(order: DesiredOrder) -> dict[str, object]:
    return {
        "account": order.key.account,
        "trading_day": order.key.trading_day,
        "strategy_id": order.key.strategy_id,
        "instrument": order.instrument,
        "contract": order.contract,
        "side": order.side.value,
        "contracts": order.contracts,
        "limit_price": None if order.limit_price is None else float(order.limit_price),
        "stop_price": float(order.stop_price),
        "target_price": float(order.target_price),
        "wish": order.wish.value,
        "expires_at": order.expires_at,
        "session_holds": order.session_holds,
    }


def _order(row: Mapping[str, Any]) -> DesiredOrder:
    limit = row["limit_price"]
    return DesiredOrder(
        key=TradeKey(row["account"], row["trading_day"], row["strategy_id"]),
        instrument=row["instrument"],
        contract=row["contract"],
        side=Side(row["side"]),
        contracts=row["contracts"],
        limit_price=None if limit is None else Decimal(repr(limit)),
        stop_price=Decimal(repr(row["stop_price"])),
        target_price=Decimal(repr(row["target_price"])),
        wish=Wish(row["wish"]),
        expires_at=row["expires_at"],
        session_holds=row["session_holds"],
    )


def _fill_row(account: str, fill: BrokerFill) -> dict[str, object]:
    names: Sequence[str] = store.FILL_COLUMNS
    values = {**vars(fill), "side": fill.side.value, "account": account, "fill_source": fill.source}
    return {name: values[name] for name in names}


def _fill(row: Mapping[str, Any]) -> BrokerFill:
    return BrokerFill(
        execution_id=row["execution_id"],
        client_id=row["client_id"],
        contract=row["contract"],
        side=Side(row["side"]),
        quantity=row["quantity"],
        price=row["price"],
        filled_at=row["filled_at"],
        source=row["fill_source"],
    )
