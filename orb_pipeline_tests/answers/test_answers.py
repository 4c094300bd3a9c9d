"""Whole tables equal their frozen answers."""

from __future__ import annotations

import pytest

from orb_pipeline_tests.answers.tables import FOLDER, TABLES, as_csv


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_equals_its_frozen_answer(name: str) -> None:
    frozen = (FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    computed = as_csv(TABLES[name]()).splitlines()
    changed = [(old, new) for old, new in zip(frozen, computed, strict=False) if old != new]
    assert not changed, f"{len(changed)} lines differ, first: {changed[0]}"
    assert len(frozen) == len(computed)
