"""Interactive Brokers, through its gateway or TWS.

Every answer is asked for anew, and an order counts as sent or withdrawn once the gateway's own list says so. The client
id must stay the same from run to run: the gateway lets a client change and withdraw its own orders only, and gives it
order ids in sequence, so that a bracket sent again before the first has arrived is the same bracket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from orb_pipeline.catalogue import Account, Instrument
from orb_pipeline.errors import ConfigurationError
from orb_pipeline.execution.brokers.broker import BrokerError, OrderRefusedError
from orb_pipeline.execution.brokers.ib_contracts import canonical_code, checked_contract, local_symbol
from orb_pipeline.execution.brokers.ib_orders import fill_of, is_open, order_of, revision_of, standing_order
from orb_pipeline.execution.brokers.ids import parse_client_id
from orb_pipeline.execution.brokers.live import refuse_live
from orb_pipeline.execution.brokers.orders import BrokerFill, BrokerOrder, OrderTicket

if TYPE_CHECKING:
    from ib_async import IB, Contract, Trade

PAPER_PREFIXES = ("DU", "DF")  # of account numbers: paper, and paper of an adviser; a port proves nothing
POLL_SECONDS = 0.02
Result = TypeVar("Result")


@dataclass(frozen=True)
class IbConnection:
    """Where the gateway listens.

    Attributes:
        client_id: of this program, the same in every run, not 0 and nobody else's.
        account: the broker's number of the account; None: the only one that the gateway manages.
        timeout_seconds: how long one question, or the confirmation of an order, may take.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 17
    account: str | None = None
    timeout_seconds: float = 10.0

    def __str__(self) -> str:
        return f"{self.host}:{self.port} (client id {self.client_id})"


class IbBroker:
    """A connection that has passed the guard; made by `connect`."""

    executes = True

    def __init__(
        self, ib: IB, loop: asyncio.AbstractEventLoop, connection: IbConnection, number: str, is_live: bool
    ) -> None:
        self.is_live = is_live
        self.number = number
        self._ib, self._loop, self._connection = ib, loop, connection
        self._instruments: dict[str, Instrument] = {}
        self._contracts: dict[str, Contract] = {}

    @classmethod
    def connect(
        cls,
        account: Account,
        connection: IbConnection,
        instruments: Mapping[str, Instrument],
        passed_paper_days: int,
    ) -> IbBroker:
        """Connect, and refuse a live account that may not be traded yet.

        Args:
            instruments: by contract code (MGCJ26), all that may be traded: their tick and point value are compared.
            passed_paper_days: as for `refuse_live`.

        Raises:
            ConfigurationError: the extra is not installed; several accounts and none named; `live_trading` is off.
            GateFailedError: a live account without enough paper days.
            BrokerError: nobody answers.
        """
        library = _library()
        loop = asyncio.new_event_loop()
        ib = library.IB()
        try:
            _ask(loop, connection, _opened(library, ib, connection))
            number = _number(connection, ib.client.getAccounts())
            is_live = not number.startswith(PAPER_PREFIXES)
            refuse_live(account, is_live, passed_paper_days)
        except BaseException:
            _release(ib, loop)
            raise
        broker = cls(ib, loop, connection, number, is_live)
        broker._instruments.update(instruments)
        return broker

    def open_orders(self) -> Sequence[BrokerOrder]:
        return [standing_order(trade) for trade in self._ask(self._open_trades())]

    def fills(self) -> Sequence[BrokerFill]:
        told = self._ask(self._executions())
        return list({fill.execution_id: fill for fill in told}.values())

    def positions(self) -> Mapping[str, int]:
        return self._ask(self._positions())

    def submit(self, tickets: Sequence[OrderTicket]) -> None:
        self._ask(self._submit(tickets))

    def withdraw(self, client_ids: Sequence[str]) -> None:
        self._ask(self._withdraw(frozenset(client_ids)))

    def flatten(self, ticket: OrderTicket) -> None:
        self._ask(self._submit((ticket,)))

    def close(self) -> None:
        _release(self._ib, self._loop)

    async def _open_trades(self) -> list[Trade]:
        trades = await self._ib.reqAllOpenOrdersAsync()
        return [trade for trade in trades if is_open(trade) and trade.order.account in ("", self.number)]

    async def _positions(self) -> dict[str, int]:
        told = await self._ib.reqPositionsAsync()
        own = (one for one in told if one.account == self.number and one.position)
        return {canonical_code(one.contract): round(one.position) for one in own}

    async def _executions(self) -> list[BrokerFill]:
        told = await self._ib.reqExecutionsAsync()
        return [
            fill_of(fill)
            for fill in sorted(told, key=revision_of)
            if fill.execution.acctNumber == self.number and parse_client_id(fill.execution.orderRef) is not None
        ]

    async def _own(self) -> dict[str, Trade]:
        """Open orders that this client may change, by client order id.

        Raises:
            BrokerError: one of ours was sent with another client id of the gateway.
        """
        own = {}
        for trade in await self._open_trades():
            if parse_client_id(trade.order.orderRef) is None:
                continue
            if trade.order.clientId != self._connection.client_id:
                message = (
                    f"{trade.order.orderRef} was sent to the gateway with client id {trade.order.clientId}, and this "
                    f"is client {self._connection.client_id}, which may not change it. Use the same client id again."
                )
                raise BrokerError(message)
            own[trade.order.orderRef] = trade
        return own

    async def _submit(self, tickets: Sequence[OrderTicket]) -> None:
        own = await self._own()
        contract = await self._contract(tickets[0].contract)
        changed = [ticket for ticket in tickets if not _is_in_place(ticket, own)]
        ids = {name: trade.order.orderId for name, trade in own.items()}
        sent: dict[str, Trade] = {}
        for ticket in changed:
            order_id = ids.get(ticket.client_id) or self._ib.client.getReqId()
            ids[ticket.client_id] = order_id
            order = order_of(
                ticket,
                self.number,
                order_id=order_id,
                parent_id=ids.get(ticket.parent or "", 0),
                standing=own.get(ticket.client_id),
                transmit=ticket is changed[-1],
            )
            sent[ticket.client_id] = self._ib.placeOrder(contract, order)
        await self._acknowledged(changed, sent)

    async def _acknowledged(self, tickets: Sequence[OrderTicket], sent: Mapping[str, Trade]) -> None:
        """Wait until the gateway lists the orders as they were sent, or says that they have filled.

        Raises:
            OrderRefusedError: it has cancelled one of them; the others are withdrawn.
        """
        waiting = list(tickets)
        while waiting:
            own = await self._own()
            refused = [ticket for ticket in waiting if _is_refused(sent[ticket.client_id], own)]
            if refused:
                await self._withdraw(frozenset(ticket.client_id for ticket in tickets) & own.keys())
                reasons = "; ".join(_reason(sent[ticket.client_id]) for ticket in refused)
                message = f"The broker refused {refused[0].client_id}: {reasons}. See its message, then `orb resume`."
                raise OrderRefusedError(message)
            waiting = [
                ticket
                for ticket in waiting
                if not _is_in_place(ticket, own) and sent[ticket.client_id].orderStatus.status != "Filled"
            ]
            if waiting:
                await asyncio.sleep(POLL_SECONDS)

    async def _withdraw(self, client_ids: frozenset[str]) -> None:
        asked: set[str] = set()
        while True:
            standing = {name: trade for name, trade in (await self._own()).items() if name in client_ids}
            if not standing:
                return
            for name, trade in standing.items():
                if name not in asked:
                    asked.add(name)
                    self._ib.cancelOrder(trade.order)
            await asyncio.sleep(POLL_SECONDS)

    async def _contract(self, code: str) -> Contract:
        if code not in self._contracts:
            instrument = self._instruments.get(code)
            if instrument is None:
                known = ", ".join(sorted(self._instruments)) or "none"
                message = f"No instrument was given for {code}; known: {known}. This is a defect: report it."
                raise ConfigurationError(message)
            wanted = _library().Contract(secType="FUT", localSymbol=local_symbol(code), currency="USD")
            found = await self._ib.reqContractDetailsAsync(wanted)
            self._contracts[code] = checked_contract(code, instrument, found)
        return self._contracts[code]

    def _ask(self, work: Coroutine[Any, Any, Result]) -> Result:
        return _ask(self._loop, self._connection, work)


def _library() -> Any:
    """ib_async, which is an extra."""
    try:
        import ib_async  # an extra
    except ImportError:
        message = (
            "Orders to Interactive Brokers need the library ib_async, which is not installed. Install it with "
            "`pip install 'orb_pipeline[ib]'`, or set `broker: paper` for this account."
        )
        raise ConfigurationError(message) from None
    return ib_async


def _ask(loop: asyncio.AbstractEventLoop, connection: IbConnection, work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return loop.run_until_complete(asyncio.wait_for(work, connection.timeout_seconds))
    except OSError as error:
        what = "gave no answer in time" if isinstance(error, TimeoutError) else f"cannot be reached ({error})"
        message = (
            f"The gateway of Interactive Brokers at {connection} {what}. Start it, log in, allow API clients, and run "
            "again: what was sent is found there and not sent twice."
        )
        raise BrokerError(message) from None


async def _opened(library: Any, ib: IB, connection: IbConnection) -> None:
    await ib.connectAsync(
        connection.host,
        connection.port,
        clientId=connection.client_id,
        timeout=connection.timeout_seconds,
        account=connection.account or "",
        fetchFields=library.StartupFetchNONE,
    )


def _number(connection: IbConnection, managed: Sequence[str]) -> str:
    if connection.account is not None and connection.account in managed:
        return connection.account
    if connection.account is None and len(managed) == 1:
        return managed[0]
    message = (
        f"The gateway at {connection} manages {', '.join(managed)}; the account named is "
        f"{connection.account or 'none'}. Name one of them."
    )
    raise ConfigurationError(message)


def _release(ib: IB, loop: asyncio.AbstractEventLoop) -> None:
    async def disconnect() -> None:
        ib.disconnect()
        await asyncio.sleep(0)

    if not loop.is_closed():
        loop.run_until_complete(disconnect())
        loop.close()


def _is_in_place(ticket: OrderTicket, own: Mapping[str, Trade]) -> bool:
    if ticket.client_id not in own:
        return False
    standing = standing_order(own[ticket.client_id])
    return (standing.remaining, standing.price) == (ticket.quantity, ticket.price)


def _is_refused(trade: Trade, own: Mapping[str, Trade]) -> bool:
    return trade.order.orderRef not in own and trade.isDone() and trade.orderStatus.status != "Filled"


def _reason(trade: Trade) -> str:
    told = [entry.message for entry in trade.log if entry.errorCode]
    return told[-1] if told else f"status {trade.orderStatus.status}"
