"""Simulated minute bars of any catalogue instrument. docs/simulator.md says what is modelled and what is not."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from orb_pipeline.catalogue import Instrument, SessionSet, Simulation
from orb_pipeline.errors import InputError
from orb_pipeline.market.sessions import session_times
from orb_pipeline.market.simulator.contracts import Listing, listings
from orb_pipeline.market.simulator.hours import OPEN_MINUTES_PER_DAY, liveliness, market_open, minute_grid
from orb_pipeline.market.ticks import to_prices, to_ticks
from orb_pipeline.market.trading_day import MINUTES_PER_DAY, Int64Array, dates_of, day_open, number_of, stamps_of

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DEFAULT_BREAKOUT_DRIFT = 0.22  # the demo's; docs/simulator.md has the calibration
MAX_BREAKOUT_DRIFT = 10.0
DRIFT_MINUTES = 180  # how long a broken range pulls, at most to the end of the trading day

UNKNOWN_PRICE_TICKS = 20_000  # where the catalogue says nothing of an instrument's market
UNKNOWN_DAILY_VOLATILITY = 0.01
UNKNOWN_DAILY_VOLUME = 100_000

STEPS_PER_MINUTE = 8
VOLATILITY_MEMORY = 0.9  # of a day's log volatility, in the next day's (first-order autoregression)
VOLATILITY_SPREAD = 0.3  # standard deviation of a day's log volatility
MINUTE_SPREAD = 0.3  # standard deviation of a minute's log volatility: modestly fat tails
VOLUME_SPREAD = 0.5  # standard deviation of the part of log volume that volatility does not explain
GAP_SHARE = 0.03  # standard deviation of the move over an hour's break, as a share of the day's
WEEKEND_GAP_SHARE = 0.2
WEEKEND_RETURN = 0.01  # of the distance to the start price, made good over each weekend
MISSING_SHARE = 0.12  # of minutes without a trade, were the market dead; falls with liveliness
PRESENCE_PACE = 6.0  # how fast a thin month's minutes fill as its share of the volume grows
FULL_VOLATILITY_SHARE = 0.25  # of the start price; below it volatility shrinks with the price


@dataclass(frozen=True)
class _Day:
    """The trading day's own facts, all known before its first minute."""

    number: int
    minutes: Int64Array
    is_open: BoolArray
    liveliness: Float64Array
    starts: Int64Array
    deadlines: Int64Array


@dataclass(frozen=True)
class _Market:
    """What stays the same through a simulation; volatility in ticks."""

    instrument: Instrument
    simulation: Simulation
    seed: int
    orb_minutes: int
    breakout_drift: float
    start_ticks: int
    daily_sigma: float

    def generator(self, day_number: int) -> np.random.Generator:
        """The day's own stream: neither the span nor other days shift it."""
        symbol = int.from_bytes(self.instrument.symbol.encode("ascii"), "big")
        return np.random.default_rng(np.random.SeedSequence((self.seed, symbol), spawn_key=(day_number,)))


def simulate_bars(
    instrument: Instrument,
    session_set: SessionSet,
    start: dt.date,
    end: dt.date,
    seed: int,
    breakout_drift: float,
    *,
    orb_minutes: int = 5,
) -> pd.DataFrame:
    """Minute bars of the trading days `start` to `end`, both included; the same arguments give the same bytes.

    A later `end` appends days and leaves the earlier ones as they are.

    Args:
        instrument: gives tick, contract prefix and, in `simulation`, the size of the market.
        session_set: its sessions are livelier, and their ranges are those whose breaks are followed by drift.
        start: first trading day.
        end: last trading day.
        seed: any whole number from 0; the symbol is mixed in, so that instruments differ.
        breakout_drift: drift after a break, in sizes of the broken range per hour; 0 for no edge at all.
        orb_minutes: length of the ranges that are followed by drift.

    Returns:
        ts_utc (UTC, bar open), symbol, source_symbol, open, high, low, close, volume, simulated (always true), sorted
        by ts_utc and source_symbol. Symbols are categoricals.

    Raises:
        InputError: the span holds no open minute, or a number is out of its range.
    """
    _check_arguments(start, end, seed, breakout_drift)
    market = _market(instrument, seed, breakout_drift, orb_minutes)
    days = _days(session_set, start, end)
    return _frame(market, *_walk(market, days))


def _check_arguments(start: dt.date, end: dt.date, seed: int, breakout_drift: float) -> None:
    if start > end:
        message = (
            f"The simulation would start on {start} and end on {end}; expected a start no later than the end. "
            "Swap the two dates."
        )
        raise InputError(message)
    if seed < 0:
        message = f"The seed is {seed}; expected a whole number from 0. Choose another seed."
        raise InputError(message)
    if not 0 <= breakout_drift <= MAX_BREAKOUT_DRIFT:
        message = (
            f"The breakout drift is {breakout_drift}; expected range sizes per hour from 0 (no edge) to "
            f"{MAX_BREAKOUT_DRIFT:g}. Give a drift in this range, such as {DEFAULT_BREAKOUT_DRIFT:g}."
        )
        raise InputError(message)


def _market(instrument: Instrument, seed: int, breakout_drift: float, orb_minutes: int) -> _Market:
    simulation = instrument.simulation or Simulation(
        price=float(instrument.tick * UNKNOWN_PRICE_TICKS),
        daily_volatility=UNKNOWN_DAILY_VOLATILITY,
        daily_volume=UNKNOWN_DAILY_VOLUME,
    )
    start_ticks = _in_ticks(instrument, simulation.price)
    return _Market(
        instrument=instrument,
        simulation=simulation,
        seed=seed,
        orb_minutes=orb_minutes,
        breakout_drift=breakout_drift,
        start_ticks=start_ticks,
        daily_sigma=simulation.daily_volatility * start_ticks,
    )


def _in_ticks(instrument: Instrument, points: float) -> int:
    return int(to_ticks([points], instrument.tick)[0][0])


def _days(session_set: SessionSet, start: dt.date, end: dt.date) -> list[_Day]:
    numbers = np.arange(number_of(start), number_of(end) + 1)
    numbers = numbers[market_open(numbers).any(axis=1)]
    if len(numbers) == 0:
        message = f"The market is closed from {start} to {end}; expected a span with a working day. Widen the span."
        raise InputError(message)
    times = session_times(session_set, numbers)
    columns = zip(
        numbers.tolist(),
        minute_grid(numbers),
        market_open(numbers),
        liveliness(numbers, session_set),
        times.starts - day_open(numbers)[:, None],
        times.deadlines - day_open(numbers)[:, None],
        strict=True,
    )
    return [_Day(*column) for column in columns]


def _walk(market: _Market, days: Sequence[_Day]) -> tuple[list[str], list[Int64Array]]:
    """Series codes, and rows of minute, series, open, high, low, close (ticks), volume; a block for each day."""
    price = market.start_ticks
    log_volatility: float | None = None
    last_open_minute = int(days[0].minutes[0]) - 1
    series: dict[str, int] = {}
    blocks = []
    for day, date in zip(days, dates_of(np.array([day.number for day in days])).tolist(), strict=True):
        generator = market.generator(day.number)
        log_volatility = _next_log_volatility(log_volatility, generator)
        today = listings(market.instrument.symbol, market.instrument.contract_prefix, market.simulation, date)
        price, bars, volume = _simulate(market, day, today, price, log_volatility, last_open_minute, generator)
        last_open_minute = int(day.minutes[day.is_open][-1])
        for column, listing in enumerate(today):
            traded = volume[:, column] > 0
            block = np.empty((int(traded.sum()), 7), dtype=np.int64)
            block[:, 0] = day.minutes[traded]
            block[:, 1] = series.setdefault(listing.code, len(series))
            block[:, 2:6] = bars[traded, column] + _in_ticks(market.instrument, listing.basis_points)
            block[:, 6] = volume[traded, column]
            blocks.append(block)
    return list(series), blocks


def _next_log_volatility(previous: float | None, generator: np.random.Generator) -> float:
    """First-order autoregression around 0, started from its stationary distribution."""
    shock = VOLATILITY_SPREAD * generator.standard_normal()
    if previous is None:
        return shock
    return VOLATILITY_MEMORY * previous + math.sqrt(1 - VOLATILITY_MEMORY**2) * shock


def _simulate(
    market: _Market,
    day: _Day,
    today: tuple[Listing, ...],
    price: int,
    log_volatility: float,
    last_open_minute: int,
    generator: np.random.Generator,
) -> tuple[int, Int64Array, Int64Array]:
    """The last price, bars [minutes, series, 4] in ticks without basis, and volume [minutes, series]."""
    from orb_pipeline.market.simulator.kernel import simulate_day  # here, since numba is slow to import

    relative = day.liveliness * np.exp(log_volatility - VOLATILITY_SPREAD**2)  # mean square 1 over the days
    relative *= np.exp(MINUTE_SPREAD * generator.standard_normal(MINUTES_PER_DAY) - MINUTE_SPREAD**2)
    volume = _volume(market, day, today, relative, generator)
    bars = np.zeros((MINUTES_PER_DAY, len(today), 4), dtype=np.int64)
    price = simulate_day(
        price,
        max(1, int(FULL_VOLATILITY_SHARE * market.start_ticks)),
        relative * market.daily_sigma / math.sqrt(OPEN_MINUTES_PER_DAY),
        _gaps(market, day, price, last_open_minute, generator),
        volume,
        generator.standard_normal((MINUTES_PER_DAY, STEPS_PER_MINUTE)),
        generator.random((MINUTES_PER_DAY, STEPS_PER_MINUTE)),
        day.starts,
        day.deadlines,
        market.orb_minutes,
        market.breakout_drift / 60,
        DRIFT_MINUTES,
        bars,
    )
    return price, bars, volume


def _volume(
    market: _Market, day: _Day, today: tuple[Listing, ...], relative: Float64Array, generator: np.random.Generator
) -> Int64Array:
    """Contracts traded in each minute and series, 0 where there is no bar; grows with the minute's volatility."""
    per_minute = market.simulation.daily_volume / OPEN_MINUTES_PER_DAY
    noise = np.exp(VOLUME_SPREAD * generator.standard_normal(MINUTES_PER_DAY) - VOLUME_SPREAD**2 / 2)
    total = per_minute * relative * noise
    quiet = generator.random(MINUTES_PER_DAY) < MISSING_SHARE * np.exp(-2 * day.liveliness)
    trades = day.is_open & ~quiet
    volume = np.zeros((MINUTES_PER_DAY, len(today)), dtype=np.int64)
    for column, listing in enumerate(today):
        present = generator.random(MINUTES_PER_DAY) < 1 - math.exp(-PRESENCE_PACE * listing.share)
        bar = trades if column == 0 else trades & present
        volume[bar, column] = np.maximum(1, np.rint(total[bar] * listing.share))
    return volume


def _gaps(
    market: _Market, day: _Day, price: int, last_open_minute: int, generator: np.random.Generator
) -> Float64Array:
    """Ticks the price moves while the market is closed, at the minute of each reopening.

    Weekends lean towards the start price, so that ten years stay in a believable band. No trading day spans a
    weekend, hence no trade of this project can earn by it.
    """
    opens = day.minutes[day.is_open]
    closed_for = np.diff(opens, prepend=last_open_minute) - 1
    weekend = closed_for > MINUTES_PER_DAY
    share = np.where(weekend, WEEKEND_GAP_SHARE, GAP_SHARE) * (closed_for > 0)
    gaps = np.zeros(MINUTES_PER_DAY)
    gaps[day.is_open] = share * market.daily_sigma * generator.standard_normal(MINUTES_PER_DAY)[: len(opens)]
    gaps[day.is_open] += weekend * WEEKEND_RETURN * (market.start_ticks - price)
    return gaps


def _frame(market: _Market, codes: list[str], blocks: list[Int64Array]) -> pd.DataFrame:
    """The blocks as one table. Codes are ranked by name, for the order of bars of the same minute."""
    names = sorted(codes)
    ranks = np.array([names.index(code) for code in codes])
    rows = np.concatenate(blocks)
    rows = rows[np.argsort(rows[:, 0] * len(names) + ranks[rows[:, 1]], kind="stable")]
    prices = {
        name: to_prices(rows[:, column], market.instrument.tick)
        for column, name in enumerate(("open", "high", "low", "close"), start=2)
    }
    symbols = pd.Index([market.instrument.symbol])
    return pd.DataFrame(
        {
            "ts_utc": stamps_of(rows[:, 0]),
            "symbol": pd.Categorical.from_codes(np.zeros(len(rows), dtype=np.int8), symbols),
            "source_symbol": pd.Categorical.from_codes(ranks[rows[:, 1]], pd.Index(names)),
            **prices,
            "volume": rows[:, 6],
            "simulated": np.ones(len(rows), dtype=np.bool_),
        }
    )
