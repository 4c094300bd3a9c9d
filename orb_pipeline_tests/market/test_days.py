import numpy as np
import pandas as pd

from orb_pipeline.market.days import build_trading_days
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.storage.tables import TRADING_DAYS
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.market.bars_of_days import Day, day, landed_bars_of


def trading_days(*days: Day, usual_days: int = 20, simulated: bool = False) -> pd.DataFrame:
    landed = landed_bars_of(*days)
    return build_trading_days(landed, front_month_bars(landed), usual_days=usual_days, simulated=simulated)


def test_a_day_has_the_prices_volume_and_times_of_its_front_month() -> None:
    row = trading_days({"MGCJ23": (120, 9), "MGCM23": (30, 2)}, {"MGCJ23": (100, 5), "MGCM23": (50, 70)}).iloc[1]
    assert (row["symbol"], row["trading_day"], row["source_symbol"]) == ("MGC", pd.Timestamp(day(1)), "MGCJ23")
    assert (row["bar_count"], row["landed_bar_count"], row["volume"]) == (100, 150, 5)
    assert (row["open"], row["high"], row["low"], row["close"]) == (1901.0, 1911.9, 1900.0, 1911.4)
    assert row["first_ts"] == pd.Timestamp("2023-03-06 23:00", tz="UTC")
    assert row["last_ts"] == pd.Timestamp("2023-03-07 00:39", tz="UTC")


def test_a_day_without_front_month_has_no_contract_no_prices_and_counts_of_zero() -> None:
    row = trading_days({"MGCJ23": (120, 9), "MGCM23": (30, 2)}, {"MGCJ23": (5, 5)}).iloc[0]
    assert row[["source_symbol", "open", "high", "low", "close", "first_ts", "last_ts"]].isna().all()
    assert (row["bar_count"], row["volume"], row["landed_bar_count"]) == (0, 0, 150)


def test_only_days_with_a_bar_have_a_row() -> None:
    assert trading_days({"MGC": (1, 1)}, {}, {"MGC": (1, 1)})["trading_day"].dt.date.tolist() == [day(0), day(2)]


def test_the_usual_count_is_the_median_of_earlier_days_once_there_are_five() -> None:
    usual = trading_days(*[{"MGC": (bars, 1)} for bars in (10, 20, 30, 40, 50, 60, 1)])["usual_bar_count"]
    assert usual.isna().tolist() == [True] * 5 + [False] * 2
    assert usual.tolist()[5:] == [30.0, 35.0]


def test_the_usual_count_looks_back_no_further_than_asked() -> None:
    usual = trading_days(*[{"MGC": (bars, 1)} for bars in (10, 20, 30, 40, 50, 60, 1)], usual_days=5)["usual_bar_count"]
    assert usual.tolist()[5:] == [30.0, 40.0]


def test_days_without_front_month_do_not_count_towards_the_usual() -> None:
    days = [{"MGCJ23": (120, 9), "MGCM23": (1, 1)}] + [{"MGCJ23": (120, 9)}] * 4 + [{"MGCM23": (9, 1)}]
    table = trading_days(*days, *[{"MGCJ23": (120, 9)}] * 2)
    assert table["bar_count"].tolist() == [0, 120, 120, 120, 120, 0, 120, 120]
    assert table["usual_bar_count"].isna().tolist() == [True] * 7 + [False]


def test_every_day_of_simulated_bars_says_so() -> None:
    assert trading_days({"MGC": (1, 1)}, simulated=True)["simulated"].tolist() == [True]


def test_the_table_is_empty_without_bars() -> None:
    landed = landed_bars_of({"MGC": (1, 1)}).head(0)
    table = build_trading_days(landed, landed, usual_days=20, simulated=False)
    assert table.empty
    assert table.columns.tolist() == TRADING_DAYS.names


def test_real_days_agree_with_a_plain_group_by() -> None:
    landed = pd.read_parquet(real_data("gold_spot_recent", "2025.parquet"))
    table = build_trading_days(landed, front_month_bars(landed), usual_days=20, simulated=False)
    groups = landed.groupby((landed["ts_utc"] + pd.Timedelta(hours=1)).dt.date)
    expected = groups.agg(open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"))
    np.testing.assert_array_equal(table[["open", "high", "low", "close"]].to_numpy(), expected.to_numpy())
    np.testing.assert_array_equal(table["bar_count"].to_numpy(), groups.size().to_numpy())
