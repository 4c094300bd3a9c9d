"""The bench of an instrument's asset."""

from __future__ import annotations

from collections.abc import Sequence

from orb_pipeline.catalogue import Grid, Instrument, Research, SessionSet
from orb_pipeline.errors import MissingDataError
from orb_pipeline.intake.ledger import Landed, nothing_landed, select_landed
from orb_pipeline.orchestration.bench.base import Bench
from orb_pipeline.orchestration.builds import LANDED_BARS
from orb_pipeline.research.study import Study
from orb_pipeline.storage.trials import record_trials


class InstrumentBench(Bench):
    """One asset of one instrument in the making: what the catalogue says about it, and its landed bars."""

    @property
    def symbol(self) -> str:
        return self.scope

    @property
    def instrument(self) -> Instrument:
        return self.workshop.catalogue.instrument(self.symbol)

    @property
    def session_set(self) -> SessionSet:
        return self.workshop.catalogue.sessions_of(self.symbol)

    @property
    def grid(self) -> Grid:
        return self.workshop.catalogue.grid

    @property
    def research(self) -> Research:
        return self.workshop.catalogue.research

    def landed(self) -> Landed:
        """What has landed; its hash is noted before the bars are read, so that a batch in between shows as stale.

        Raises:
            MissingDataError: nothing has.
        """
        with self.workshop.warehouse.transaction() as connection:
            landed = select_landed(connection).get(self.symbol)
        if landed is None:
            raise MissingDataError(nothing_landed(self.symbol))
        self.note_input(LANDED_BARS, landed.content_hash)
        self.simulated |= landed.simulated
        return landed

    def record_trials(self, strategy_ids: Sequence[str]) -> int:
        """Put what was evaluated on the bars that were read into the ledger of trials; how many are new there."""
        with self.workshop.warehouse.transaction() as connection:
            return record_trials(
                connection,
                self.symbol,
                strategy_ids,
                configuration_hash=self.workshop.catalogue.study_hash(self.symbol),
                data_hash=self._inputs["bars_1m"],
                run_id=self.run_id,
                at=self.workshop.now(),
            )

    def study(self) -> Study:
        """The bars that were read, under study."""
        return self._study_of(self.symbol)
