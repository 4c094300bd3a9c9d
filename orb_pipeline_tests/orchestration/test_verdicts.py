"""Waivers and verdicts as rows of the warehouse."""

from __future__ import annotations

import datetime as dt

import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import ConfigurationError, GateFailedError, InputError
from orb_pipeline.orchestration import verdicts
from orb_pipeline.orchestration.gates import gates_of
from orb_pipeline.orchestration.verdicts import Verdict, Waiver, add_waiver, require, select_waivers
from orb_pipeline.settings import Home
from orb_pipeline.storage.warehouse import Warehouse

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
A_DAY = dt.timedelta(days=1)


@pytest.fixture
def warehouse(home: Home) -> Warehouse:
    return Warehouse(home.warehouse)


def waive(warehouse: Warehouse, until: dt.date = TODAY, **changes: str) -> Waiver:
    names = {"asset": "trading_days", "check": "bar_counts", "scope": "MGC", "reason": "known holes", **changes}
    return add_waiver(warehouse, load_catalogue(), **names, until=until, now=NOW)  # type: ignore[arg-type]


def judged(check: str, *, passed: bool, content: str = "abc") -> Verdict:
    return Verdict("trading_days", check, "MGC", content, passed, "5 of 10 days are thin.", NOW)


def store(warehouse: Warehouse, *found: Verdict) -> None:
    with warehouse.transaction() as connection:
        verdicts.record(connection, found)


def require_all(warehouse: Warehouse, content: str = "abc", instrument: str = "MGC", now: dt.datetime = NOW) -> int:
    with warehouse.transaction() as connection:
        return len(require(connection, "trading_days", instrument, content, now))


def test_a_waiver_holds_to_the_end_of_its_last_day(warehouse: Warehouse) -> None:
    waiver = waive(warehouse, until=TODAY)
    with warehouse.transaction() as connection:
        assert select_waivers(connection, NOW) == (waiver,)
        assert select_waivers(connection, NOW.replace(hour=23, minute=59)) == (waiver,)
        assert select_waivers(connection, NOW + A_DAY) == ()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"asset": "days"}, InputError, "Unknown asset 'days'. Known: bars_1m, trading_days, daily_features"),
        ({"check": "bars"}, InputError, "trading_days has no gate 'bars'. Known: schema, bar_counts"),
        ({"scope": "GOLD"}, ConfigurationError, "Unknown instrument 'GOLD'. Known: ES, GC, MGC"),
        ({"reason": "  "}, InputError, "A waiver needs a reason"),
    ],
)
def test_a_wrong_waiver_is_refused_with_what_is_known(
    warehouse: Warehouse, changes: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        waive(warehouse, **changes)
    assert message in str(caught.value)


def test_a_waiver_that_is_over_already_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(InputError, match="would be over already"):
        waive(warehouse, until=TODAY - A_DAY)


def test_data_are_used_when_every_declared_gate_has_passed_them(warehouse: Warehouse) -> None:
    store(warehouse, *(judged(gate.check, passed=True) for gate in gates_of("trading_days")))
    assert require_all(warehouse) == 0


@pytest.mark.parametrize(
    "change", [{"content": "abd"}, {"instrument": "GC"}], ids=["other content", "other instrument"]
)
def test_a_verdict_on_other_data_does_not_count(warehouse: Warehouse, change: dict[str, str]) -> None:
    store(warehouse, *(judged(gate.check, passed=True) for gate in gates_of("trading_days")))
    with pytest.raises(GateFailedError, match="has never judged the data as it is now"):
        require_all(warehouse, **change)  # type: ignore[arg-type]


def test_one_gate_that_never_judged_is_enough_to_stop(warehouse: Warehouse) -> None:
    store(warehouse, judged("schema", passed=True))
    with pytest.raises(GateFailedError, match=r"trading_days/bar_counts of MGC has never judged .* `orb run"):
        require_all(warehouse)


def test_a_failed_gate_stops_until_it_is_waived_and_again_when_the_waiver_is_over(warehouse: Warehouse) -> None:
    store(warehouse, judged("schema", passed=True), judged("bar_counts", passed=False))
    with pytest.raises(GateFailedError, match=r"does not hold: 5 of 10 days are thin\. .*`orb waive trading_days"):
        require_all(warehouse)
    waive(warehouse, until=TODAY)
    assert require_all(warehouse) == 1
    with pytest.raises(GateFailedError, match="does not hold"):
        require_all(warehouse, now=NOW + A_DAY)


def test_a_waiver_of_one_gate_does_not_cover_another(warehouse: Warehouse) -> None:
    store(warehouse, judged("schema", passed=False), judged("bar_counts", passed=False))
    waive(warehouse)
    with pytest.raises(GateFailedError, match="trading_days/schema of MGC does not hold"):
        require_all(warehouse)


def test_the_latest_verdict_on_a_content_counts(warehouse: Warehouse) -> None:
    store(warehouse, judged("schema", passed=True), judged("bar_counts", passed=False))
    store(warehouse, judged("bar_counts", passed=True))
    assert require_all(warehouse) == 0
