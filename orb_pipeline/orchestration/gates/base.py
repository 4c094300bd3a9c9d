"""What a gate is: a question put to the data of one asset and scope, answered with yes or no and the reason.

No Dagster here. A gate's module is imported only when it judges, so that its name costs nothing to know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol, cast

import pandas as pd
import pyarrow as pa

from orb_pipeline.catalogue import Account, Catalogue, Instrument
from orb_pipeline.orchestration.scope import ScopeKind
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
        scope: what it belongs to.
        tables: the asset's own table, as stored, and those it was built from: by name where they are of the same
            scope, by "name:symbol" where an account's asset was built from an instrument's.
        study: the study of an instrument's `bars_1m`, where those are among the tables.
        progress: told by a gate that takes long how many days are done, and of how many.
    """

    asset: str
    scope: str
    catalogue: Catalogue
    tables: Mapping[str, Table]
    study: Callable[[str], Study]
    progress: Callable[[int, int], None] = lambda _done, _of: None

    @property
    def symbol(self) -> str:
        """The scope of an instrument's asset."""
        return self.instrument.symbol

    @property
    def account(self) -> Account:
        """The scope of an account's asset."""
        return self.catalogue.account(self.scope)

    @property
    def instrument(self) -> Instrument:
        return self.catalogue.instrument(self.scope)

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
    """One declared gate. `module` lies in this package and has a function `judge(evidence) -> GateResult`.

    All gates of an asset name the same kind of scope.
    """

    asset: str
    check: str
    description: str
    module: str
    scope: ScopeKind = ScopeKind.INSTRUMENT

    def judge(self, evidence: Evidence) -> GateResult:
        module = import_module(f"orb_pipeline.orchestration.gates.{self.module}")
        return cast("Judge", module.judge)(evidence)
