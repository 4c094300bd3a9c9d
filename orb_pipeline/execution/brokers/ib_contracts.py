"""Futures contracts as Interactive Brokers calls them, and back: MGCJ26 is the local symbol MGCJ6."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orb_pipeline.catalogue import Instrument
from orb_pipeline.errors import ConfigurationError
from orb_pipeline.market.contracts import MONTH_LETTERS

if TYPE_CHECKING:
    from ib_async import Contract, ContractDetails

_CODE = re.compile(rf"(?P<root>[A-Z0-9]+)(?P<letter>[{MONTH_LETTERS}])(?P<year>\d\d)")
_LOCAL = re.compile(rf"(?P<root>[A-Z0-9]+)(?P<letter>[{MONTH_LETTERS}])(?P<year>\d{{1,2}})")
_FUTURE = "FUT"


def local_symbol(code: str) -> str:
    """The local symbol, with a one-digit year, of a canonical contract code.

    Raises:
        ConfigurationError: the code names no contract (spot, an undated series).
    """
    match = _CODE.fullmatch(code)
    if match is None:
        message = (
            f"{code} is no futures contract such as MGCJ26, so no order can be sent for it. Trade an instrument that "
            "has a contract_prefix, or set `broker: paper` or `signals` for this account."
        )
        raise ConfigurationError(message)
    return f"{match['root']}{match['letter']}{match['year'][1]}"


def canonical_code(contract: Contract) -> str:
    """The canonical code of a contract that the broker names; of anything but a future its own name.

    The year's last digit stands in the local symbol; the decade is the one nearest to the last trading date.
    """
    match = _LOCAL.fullmatch(contract.localSymbol)
    expires = contract.lastTradeDateOrContractMonth[:4]
    if contract.secType != _FUTURE or match is None or not expires.isdigit():
        return contract.localSymbol or contract.symbol
    if len(match["year"]) > 1:
        return contract.localSymbol
    near = int(expires)
    year = min(range(near - 5, near + 5), key=lambda one: (one % 10 != int(match["year"]), abs(one - near)))
    return f"{match['root']}{match['letter']}{year % 100:02d}"


def checked_contract(code: str, instrument: Instrument, found: list[ContractDetails]) -> Contract:
    """The one contract of `code` among the broker's answers, once its tick and multiplier are the catalogue's.

    Raises:
        ConfigurationError: none, several, or one that is worth something else.
    """
    matching = [details for details in found if details.contract and canonical_code(details.contract) == code]
    contracts = {details.contract.conId: details for details in matching if details.contract}
    if len(contracts) != 1:
        names = ", ".join(f"{one.contract.localSymbol} at {one.contract.exchange}" for one in found if one.contract)
        message = (
            f"The broker knows {len(contracts)} contracts for {code} ({names or 'none'}); expected one. Check "
            "contract_prefix and traded_as of the instrument in instruments.yaml."
        )
        raise ConfigurationError(message)
    details = next(iter(contracts.values()))
    contract = details.contract
    assert contract is not None  # noqa: S101 - filtered above
    is_grid = round(float(instrument.tick), 9) == round(details.minTick, 9)
    if not is_grid or float(contract.multiplier or 1) != instrument.point_value:
        message = (
            f"{code} has a tick of {details.minTick:g} and a multiplier of {contract.multiplier} at the broker; "
            f"instruments.yaml says tick {instrument.tick} and point_value {instrument.point_value:g} for "
            f"{instrument.symbol}. Correct the instrument before any order is sent."
        )
        raise ConfigurationError(message)
    return contract
