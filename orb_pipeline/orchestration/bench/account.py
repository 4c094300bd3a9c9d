"""The bench of an account's asset."""

from __future__ import annotations

from orb_pipeline.catalogue import Account, PortfolioRules
from orb_pipeline.orchestration.bench.base import Bench
from orb_pipeline.orchestration.builds import INSTRUMENTS
from orb_pipeline.orchestration.holding import Holding, holding_instruments
from orb_pipeline.orchestration.stored import StoredTable
from orb_pipeline.research.study import Study


class AccountBench(Bench):
    """One asset of one account in the making: it may be built from assets of any instrument."""

    @property
    def account(self) -> Account:
        return self.workshop.catalogue.account(self.scope)

    @property
    def rules(self) -> PortfolioRules:
        return self.workshop.catalogue.portfolio

    def holding(self) -> Holding:
        """The instruments whose research holds, noted as an input: when another set of them does, this is stale."""
        found = holding_instruments(self.workshop)
        self.note_input(INSTRUMENTS, found.text())
        return found

    def read_instrument(self, symbol: str, *names: str) -> list[StoredTable]:
        """Tables of an instrument under the promise that `read` gives; recorded and shown to gates as "table:symbol".

        Raises:
            MissingDataError, GateFailedError, InputError: as `read` does.
        """
        return self._read(symbol, names)

    def study(self, symbol: str) -> Study:
        """The instrument's bars that were read, under study."""
        return self._study_of(symbol)
