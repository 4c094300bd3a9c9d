"""What a gate is: a question put to the data of one asset and instrument, answered with yes or no and the reason.

No Dagster here. A gate's module is imported only when it judges, so that its name costs nothing to know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol, cast

import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue import Catalogue, Instrument
from orb_pipeline.research.study import Study

Fact = int | float | str | pd.DataFrame


class Table(Protocol):
    """A table as it is stored."""

    def pandas(self) -> pd.DataFrame: ...

    def arrow(self) -> pa.Table: ...


@dataclass(frozen=True)
class Evidence:
    """What a gate may look at.

    Attributes:
        asset: the asset that is judged.
        symbol: its instrument.
        tables: the asset's own table, as stored, and those it was built from, by name.
        study: the study of `bars_1m`, where that is among the tables.
    """

    asset: str
    symbol: str
    catalogue: Catalogue
    tables: Mapping[str, Table]
    study: Callable[[], Study]

    @property
    def instrument(self) -> Instrument:
        return self.catalogue.instrument(self.symbol)

    @property
    def judged(self) -> pd.DataFrame:
        return self.tables[self.asset].pandas()


@dataclass(frozen=True)
class GateResult:
    """The answer. `message` is one paragraph: what was found, what was expected; `facts` are shown beside it."""

    passed: bool
    message: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


class Judge(Protocol):
    def __call__(self, evidence: Evidence) -> GateResult: ...


@dataclass(frozen=True)
class Gate:
    """One declared gate. `module` lies in this package and has a function `judge(evidence) -> GateResult`."""

    asset: str
    check: str
    description: str
    module: str

    def judge(self, evidence: Evidence) -> GateResult:
        module = import_module(f"orb_pipeline.orchestration.gates.{self.module}")
        return cast("Judge", module.judge)(evidence)
