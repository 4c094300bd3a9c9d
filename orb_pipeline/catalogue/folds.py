"""How walk-forward cuts the data into folds; see walk_forward.yaml for each key."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orb_pipeline.catalogue.models import Entry, NonNegative, PositiveInt


class FoldRules(Entry):
    train_months: PositiveInt
    test_months: PositiveInt
    anchored: bool
    embargo_days: Annotated[int, Field(ge=0)]
    min_test_days: PositiveInt


class WalkForwardGates(Entry):
    min_oos_is_ratio: NonNegative


class WalkForwardRules(Entry):
    folds: FoldRules
    gates: WalkForwardGates
