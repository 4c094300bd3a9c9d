"""The simulated market: repeatable, well-formed, lively at its sessions, and without an edge unless one is planted."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from orb_pipeline.catalogue import Instrument, SessionSet, load_catalogue
from orb_pipeline.errors import InputError
from orb_pipeline.market.contracts import parse_contract
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.sessions import session_times
from orb_pipeline.market.simulator import DEFAULT_BREAKOUT_DRIFT, simulate_bars
from orb_pipeline.market.simulator.simulation import DRIFT_MINUTES
from orb_pipeline.market.ticks import to_prices, to_ticks
from orb_pipeline.market.trading_day import day_numbers, minutes_of
from orb_pipeline.research.features import build_daily_features
from orb_pipeline.research.study import Study

CATALOGUE = load_catalogue()
MGC = CATALOGUE.instrument("MGC")
BRISBANE = CATALOGUE.sessions_of("MGC")
OHLC = ["open", "high", "low", "close"]


def simulated(
    start: str,
    end: str,
    *,
    instrument: Instrument = MGC,
    session_set: SessionSet = BRISBANE,
    seed: int = 1,
    drift: float = DEFAULT_BREAKOUT_DRIFT,
) -> pd.DataFrame:
    return simulate_bars(instrument, session_set, dt.date.fromisoformat(start), dt.date.fromisoformat(end), seed, drift)


@pytest.fixture(scope="module")
def year() -> pd.DataFrame:
    return simulated("2023-01-01", "2023-12-31")


@pytest.fixture(scope="module")
def front(year: pd.DataFrame) -> pd.DataFrame:
    return front_month_bars(year)


def test_the_same_arguments_give_the_same_bytes_in_another_process() -> None:
    script = (
        "import hashlib, pandas as pd; from orb_pipeline_tests.market.test_simulator import simulated;"
        "frame = simulated('2024-01-01', '2024-01-31');"
        "print(hashlib.sha256(pd.util.hash_pandas_object(frame).to_numpy().tobytes()).hexdigest())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_seeds_and_instruments_differ() -> None:
    base = simulated("2024-01-02", "2024-01-02")
    other_seed = simulated("2024-01-02", "2024-01-02", seed=2)
    other_symbol = simulated("2024-01-02", "2024-01-02", instrument=CATALOGUE.instrument("GC"))
    assert not base["close"].head(1000).equals(other_seed["close"].head(1000))
    assert not base["close"].head(1000).equals(other_symbol["close"].head(1000))


def test_a_later_end_leaves_the_earlier_days_as_they_are(year: pd.DataFrame) -> None:
    short = simulated("2023-01-01", "2023-03-31").astype({"source_symbol": str})
    pd.testing.assert_frame_equal(short, year.head(len(short)).astype({"source_symbol": str}))


def test_columns_have_the_promised_types_and_order(year: pd.DataFrame) -> None:
    assert list(year.columns) == ["ts_utc", "symbol", "source_symbol", *OHLC, "volume", "simulated"]
    assert str(year["ts_utc"].dtype) == "datetime64[us, UTC]"
    assert all(year[name].dtype == np.float64 for name in OHLC)
    assert year["volume"].dtype == np.int64
    assert year["simulated"].all()
    assert set(year["symbol"]) == {"MGC"}
    keys = pd.MultiIndex.from_frame(year[["ts_utc", "source_symbol"]].astype({"source_symbol": str}))
    assert keys.is_monotonic_increasing
    assert keys.is_unique


@pytest.mark.parametrize("symbol", sorted(CATALOGUE.instruments))
def test_every_bar_passes_the_row_checks(symbol: str) -> None:
    instrument = CATALOGUE.instrument(symbol)
    bars = simulated("2024-02-01", "2024-03-31", instrument=instrument)
    for name in OHLC:
        ticks, on_grid = to_ticks(bars[name], instrument.tick)
        assert on_grid.all()
        assert np.array_equal(to_prices(ticks, instrument.tick), bars[name].to_numpy())
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars["low"] > 0).all()
    assert (bars["volume"] >= 1).all()
    assert (bars["ts_utc"] == bars["ts_utc"].dt.floor("min")).all()
    assert (bars.loc[bars["volume"] == 1, "high"] == bars.loc[bars["volume"] == 1, "low"]).all()


def test_the_market_rests_in_the_daily_break_and_at_weekends_of_new_york(year: pd.DataFrame) -> None:
    local = year["ts_utc"].dt.tz_convert("America/New_York")
    weekday, hour = local.dt.day_of_week, local.dt.hour
    assert not (hour == 17).any()
    assert not (weekday == 5).any()
    assert not ((weekday == 4) & (hour >= 17)).any()
    assert not ((weekday == 6) & (hour < 18)).any()


@pytest.mark.parametrize(("day", "reopens_utc"), [("2023-03-10", 23), ("2023-03-14", 22), ("2023-11-07", 23)])
def test_the_daily_break_follows_the_clocks_of_new_york(year: pd.DataFrame, day: str, reopens_utc: int) -> None:
    on_day = year.loc[year["ts_utc"].dt.date == dt.date.fromisoformat(day), "ts_utc"].dt.hour
    assert reopens_utc - 1 not in set(on_day)
    assert (
        dt.datetime.fromisoformat(f"{day}T18:00").replace(tzinfo=ZoneInfo("America/New_York")).astimezone(dt.UTC).hour
        == reopens_utc
    )


def test_some_minutes_are_missing_and_more_of_them_in_quiet_hours(front: pd.DataFrame) -> None:
    local_hour = front["ts_utc"].dt.tz_convert("America/New_York").dt.hour
    full_days = front.groupby(day_numbers(minutes_of(front["ts_utc"]))).size()
    usual = full_days.median()
    assert 0.9 * 1380 < usual < 1380
    assert (local_hour == 9).sum() > 1.01 * (local_hour == 15).sum()


def test_two_contract_months_overlap_and_volume_rolls_from_one_to_the_next(year: pd.DataFrame) -> None:
    days = day_numbers(minutes_of(year["ts_utc"]))
    volume = year.groupby([days, year["source_symbol"].astype(str)])["volume"].sum().unstack()
    assert (volume.notna().sum(axis=1) == 2).mean() > 0.8
    leads = volume.idxmax(axis=1)
    assert leads.drop_duplicates().tolist() == ["MGCG23", "MGCJ23", "MGCM23", "MGCQ23", "MGCV23", "MGCZ23", "MGCG24"]
    before_roll = volume.loc[leads == "MGCJ23", ["MGCJ23", "MGCM23"]].fillna(0)
    share = before_roll["MGCM23"] / before_roll.sum(axis=1)
    assert share.iloc[:10].max() < 0.05
    assert 0.1 < share.iloc[-2:].max() < 0.5
    assert volume.loc[leads == "MGCM23", "MGCJ23"].notna().any()


def test_the_front_month_of_the_rules_moves_along_and_leaves_out_the_first_day_only(
    year: pd.DataFrame, front: pd.DataFrame
) -> None:
    front_months = front["source_symbol"].astype(str).drop_duplicates().tolist()
    assert front_months[0] == "MGCG23"
    assert front_months[-1] == "MGCG24"
    all_days, front_days = (set(day_numbers(minutes_of(bars["ts_utc"]))) for bars in (year, front))
    assert len(all_days - front_days) <= 1


def test_the_next_month_costs_more_by_its_carry(year: pd.DataFrame) -> None:
    closes = year.assign(code=year["source_symbol"].astype(str)).pivot_table(
        index="ts_utc", columns="code", values="close"
    )
    basis = (closes["MGCJ23"] - closes["MGCG23"]).dropna()
    two_months = 2200 * 0.04 * 2 / 12
    assert basis.median() == pytest.approx(two_months, abs=4)


def test_codes_are_outright_contracts_with_two_digit_years(year: pd.DataFrame) -> None:
    for code in year["source_symbol"].cat.categories:
        contract = parse_contract(code, "MGC", 2023, 6)
        assert contract is not None
        assert contract.code == code


def test_spot_is_one_series_named_like_its_symbol() -> None:
    bars = simulated("2024-01-02", "2024-01-05", instrument=CATALOGUE.instrument("XAUUSD"))
    assert set(bars["source_symbol"]) == {"XAUUSD"}


def test_an_instrument_without_simulation_facts_is_scaled_from_its_tick() -> None:
    plain = MGC.model_copy(
        update={"symbol": "CL", "contract_prefix": "CL", "tick": Decimal("0.01"), "simulation": None}
    )
    bars = simulated("2024-01-02", "2024-01-12", instrument=plain)
    assert bars["close"].between(150, 250).all()
    assert "CLH24" in set(bars["source_symbol"])


def test_volatility_rises_at_the_sessions(front: pd.DataFrame) -> None:
    minutes = minutes_of(front["ts_utc"])
    starts = session_times(BRISBANE, np.unique(day_numbers(minutes))).starts.ravel()
    bar_range = pd.Series((front["high"] - front["low"]).to_numpy(), index=minutes)
    at_sessions = bar_range.reindex((starts[:, None] + np.arange(5)).ravel()).mean()
    before_sessions = bar_range.reindex((starts[:, None] - np.arange(6, 11)).ravel()).mean()
    assert at_sessions > 1.5 * before_sessions


def test_lively_days_follow_lively_days(front: pd.DataFrame) -> None:
    days = day_numbers(minutes_of(front["ts_utc"]))
    daily = (front["high"] - front["low"]).groupby(days).mean()
    daily = np.log(daily[front.groupby(days).size() > 600])
    assert 0.7 < daily.autocorr(1) < 0.98
    assert daily.autocorr(1) > daily.autocorr(10)


def test_returns_have_modestly_fat_tails_and_volume_goes_with_movement(front: pd.DataFrame) -> None:
    move = (front["close"] - front["open"]).abs()
    assert 4 < (front["close"] - front["open"]).kurt() < 40
    assert move.rank().corr(front["volume"].rank()) > 0.25


def test_session_ranges_are_a_few_points_of_gold(front: pd.DataFrame) -> None:
    features = build_daily_features(Study.of(front, MGC, BRISBANE, CATALOGUE.grid))
    assert 2 < features["orb_size"].median() < 6
    assert front["close"].between(1200, 3500).all()


def _continuation(front: pd.DataFrame) -> pd.Series:
    """Move in the direction of each break from its bar's close to the close two hours on, in range sizes."""
    features = build_daily_features(Study.of(front, MGC, BRISBANE, CATALOGUE.grid)).dropna(subset=["break_ts"])
    close = front.set_index("ts_utc")["close"]
    later = features["break_ts"] + pd.Timedelta(minutes=min(120, DRIFT_MINUTES))
    after = close.reindex(close.index.union(later)).ffill().reindex(later).to_numpy()
    at_break = close.reindex(features["break_ts"]).to_numpy()
    direction = np.where(features["break_dir"] == "long", 1.0, -1.0)
    same_day = day_numbers(minutes_of(later)) == day_numbers(minutes_of(features["break_ts"]))
    return pd.Series(direction * (after - at_break) / features["orb_size"].to_numpy())[same_day]


def _t_statistic(sample: pd.Series) -> float:
    return float(sample.mean() / (sample.std() / np.sqrt(len(sample))))


def test_without_drift_breaks_are_not_followed_through() -> None:
    sample = pd.concat(
        [_continuation(front_month_bars(simulated("2022-01-01", "2023-12-31", drift=0, seed=s))) for s in (1, 2)]
    )
    assert len(sample) > 5000
    assert abs(_t_statistic(sample)) < 3


def test_drift_carries_breaks_on_by_its_own_measure() -> None:
    drift = 0.5
    sample = _continuation(front_month_bars(simulated("2023-01-01", "2023-12-31", drift=drift)))
    assert _t_statistic(sample) > 5
    assert sample.mean() > 0.7 * drift * 2  # two hours; sessions that disagree take from each other


def test_drift_starts_after_the_break_bar_has_closed() -> None:
    """Up to and with the first break bar, a market with an edge is the market without one."""
    with_drift, without = (simulated("2023-05-02", "2023-05-31", drift=drift) for drift in (5.0, 0.0))
    features = [
        build_daily_features(Study.of(_one_series(bars), MGC, BRISBANE, CATALOGUE.grid))
        for bars in (with_drift, without)
    ]
    first_breaks = [frame["break_ts"].min() for frame in features]
    assert first_breaks[0] == first_breaks[1]
    before = [bars[bars["ts_utc"] <= first_breaks[0]] for bars in (with_drift, without)]
    pd.testing.assert_frame_equal(*before)
    next_bar = [bars[bars["ts_utc"] > first_breaks[0]].iloc[:200][OHLC] for bars in (with_drift, without)]
    assert not next_bar[0].equals(next_bar[1])


def _one_series(bars: pd.DataFrame) -> pd.DataFrame:
    """The lead month of a span without a roll, first day included."""
    return bars[bars["source_symbol"] == "MGCM23"].reset_index(drop=True)


def test_minutes_volumes_and_missing_bars_do_not_depend_on_the_drift() -> None:
    with_drift, without = (simulated("2023-05-01", "2023-05-31", drift=drift) for drift in (5.0, 0.0))
    columns = ["ts_utc", "source_symbol", "volume"]
    pd.testing.assert_frame_equal(with_drift[columns], without[columns])


def test_the_first_and_the_last_day_are_both_included() -> None:
    bars = simulated("2024-01-02", "2024-01-04")
    days = np.unique(day_numbers(minutes_of(bars["ts_utc"]))).astype("datetime64[D]")
    assert days.astype(str).tolist() == ["2024-01-02", "2024-01-03", "2024-01-04"]


@pytest.mark.parametrize(
    ("start", "end", "seed", "drift", "named"),
    [
        ("2024-02-01", "2024-01-01", 1, 0.2, "2024-02-01"),
        ("2024-01-06", "2024-01-06", 1, 0.2, "closed"),
        ("2024-01-02", "2024-01-03", -1, 0.2, "seed is -1"),
        ("2024-01-02", "2024-01-03", 1, -0.5, "-0.5"),
        ("2024-01-02", "2024-01-03", 1, float("nan"), "nan"),
        ("2024-01-02", "2024-01-03", 1, 1000.0, "1000"),
    ],
)
def test_senseless_arguments_are_refused_by_name(start: str, end: str, seed: int, drift: float, named: str) -> None:
    with pytest.raises(InputError, match=named):
        simulated(start, end, seed=seed, drift=drift)


def test_importing_the_simulator_does_not_import_numba() -> None:
    script = "import sys, orb_pipeline.market.simulator; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
