"""The shape of each catalogue entry. RULES.md gives the meaning, the YAML files the values."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ENTRY_MODELS = ("E1", "E2", "E3")
EntryModel = Literal["E1", "E2", "E3"]
OrbMinutes = Literal[5, 15, 30]

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PositiveInt = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]

RANGE_FILTER = re.compile(r"ORB_[GL]\d+")
VOLUME_FILTER = "VOL_RV12_N20"
NO_FILTER = "NO_FILTER"


class Entry(BaseModel):
    """Base of all entries: immutable, and an unknown key is an error rather than a typo that does nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def quoted_time(value: Any) -> dt.time:
    """A local time written "HH:MM", or "HH:MM:00" as JSON has it; unquoted, YAML would read it as a number."""
    if isinstance(value, dt.time):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:00)?", value):
        message = f'{value!r} is not a local time; expected a quoted "HH:MM" such as "09:30"'
        raise ValueError(message)
    return dt.time.fromisoformat(value)


def known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        message = f"{zone!r} is not a time zone; expected an IANA name such as America/New_York"
        raise ValueError(message) from None
    return zone


class Simulation(Entry):
    """What the simulator needs to know of an instrument; orders of magnitude, not forecasts.

    Attributes:
        price: where a simulation starts, in points.
        daily_volatility: standard deviation of a day's move as a share of `price`.
        daily_volume: contracts (spot: ticks) traded on a usual day.
        contract_months: delivery months of a future, as month letters in the order of the year.
        yearly_carry: how much dearer a contract is for each year to its expiry, as a share of `price`.
    """

    price: Positive
    daily_volatility: Annotated[float, Field(gt=0, le=0.1)]
    daily_volume: PositiveInt
    contract_months: Annotated[str, Field(pattern=r"^F?G?H?J?K?M?N?Q?U?V?X?Z?$", min_length=2)] = "HMUZ"
    yearly_carry: NonNegative = 0.04


class Instrument(Entry):
    """What is traded and what it costs. Dollars are for one contract, points are price units.

    `friction` is F of RULES.md section 1: the round trip's commission, doubled spread and slippage.
    """

    symbol: Annotated[str, Field(pattern=r"^[A-Z0-9]+$")]
    name: str
    tick: Annotated[Decimal, Field(gt=0)]
    point_value: Positive
    commission: NonNegative
    spread: NonNegative
    slippage: NonNegative
    contract_prefix: str | None = None
    traded_as: str | None = None
    calendar: str | None = None
    margin: Positive
    session_set: str
    range_filters: dict[str, Positive]
    simulation: Simulation | None = None

    @field_validator("range_filters")
    @classmethod
    def _names_are_range_filters(cls, filters: dict[str, float]) -> dict[str, float]:
        unknown = [name for name in filters if not RANGE_FILTER.fullmatch(name)]
        if unknown:
            message = f"{unknown[0]!r} is not a range filter; expected ORB_G<n> (at least) or ORB_L<n> (less than)"
            raise ValueError(message)
        return filters

    @cached_property
    def friction(self) -> float:
        return float(sum(Decimal(str(part)) for part in (self.commission, self.spread, self.slippage)))

    @cached_property
    def tick_value(self) -> float:
        """Dollars one tick is worth."""
        return float(self.tick * Decimal(str(self.point_value)))


class Session(Entry):
    label: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    time: dt.time

    @field_validator("time", mode="before")
    @classmethod
    def _is_hours_and_minutes(cls, value: Any) -> dt.time:
        return quoted_time(value)


class SessionSet(Entry):
    """Sessions that belong together, in one zone. "Next session" in RULES.md is the next one of the same set."""

    name: str
    zone: str
    sessions: Annotated[tuple[Session, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _sessions_from_mapping(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("sessions"), dict):
            sessions = tuple({"label": label, "time": time} for label, time in data["sessions"].items())
            return {**data, "sessions": sessions}
        return data

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        return known_zone(zone)

    @field_validator("sessions")
    @classmethod
    def _times_differ(cls, sessions: tuple[Session, ...]) -> tuple[Session, ...]:
        times = [session.time for session in sessions]
        repeated = [session.label for session in sessions if times.count(session.time) > 1]
        if repeated:
            message = f"sessions {', '.join(repeated)} start at the same time; a session's start must be its own"
            raise ValueError(message)
        return sessions

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(session.label for session in self.sessions)


class Grid(Entry):
    """The axes of the strategies tried for an instrument (RULES.md section 7)."""

    orb_minutes: OrbMinutes
    rr_targets: Annotated[tuple[Positive, ...], Field(min_length=1)]
    confirm_bars: Annotated[tuple[Annotated[int, Field(ge=1, le=10)], ...], Field(min_length=1)]
    entry_models: Annotated[tuple[EntryModel, ...], Field(min_length=1)]
    filters: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("rr_targets", "confirm_bars", "entry_models", "filters")
    @classmethod
    def _ascending_or_unique(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(values)) != len(values):
            message = f"{list(values)} names a value twice"
            raise ValueError(message)
        return tuple(sorted(values)) if isinstance(values[0], int | float) else values

    @field_validator("rr_targets")
    @classmethod
    def _one_decimal(cls, targets: tuple[float, ...]) -> tuple[float, ...]:
        for target in targets:
            if round(target, 1) != target:
                message = f"{target} has more than one decimal; a target is a multiple of 0.1 R"
                raise ValueError(message)
        return targets

    @field_validator("filters")
    @classmethod
    def _filters_are_known(cls, filters: tuple[str, ...]) -> tuple[str, ...]:
        for name in filters:
            if name not in (NO_FILTER, VOLUME_FILTER) and not RANGE_FILTER.fullmatch(name):
                message = f"{name!r} is not a filter; known: {NO_FILTER}, ORB_G<n>, ORB_L<n>, {VOLUME_FILTER}"
                raise ValueError(message)
        return filters

    @property
    def rr_tenths(self) -> tuple[int, ...]:
        """Targets in tenths of R, for exact integer arithmetic."""
        return tuple(round(target * 10) for target in self.rr_targets)

    def place_of(self, entry_model: str, confirm_bars: int, rr_target: float) -> int:
        """Where this combination stands among the outcomes of one broken session."""
        model = self.entry_models.index(entry_model)
        confirms, targets = len(self.confirm_bars), len(self.rr_targets)
        return (model * confirms + self.confirm_bars.index(confirm_bars)) * targets + self.rr_targets.index(rr_target)

    @property
    def combinations(self) -> int:
        """Outcomes of one broken session: entry models x confirm counts x targets."""
        return len(self.entry_models) * len(self.confirm_bars) * len(self.rr_targets)


class Intake(Entry):
    max_rejected_share: Share


class Validation(Entry):
    """RULES.md section 8."""

    min_trades: PositiveInt
    warn_below_trades: PositiveInt
    min_positive_year_share: Share
    excluded_years: tuple[int, ...]
    stress_cost_factor: Annotated[float, Field(ge=1)]
    min_sharpe_ratio: float | None
    max_drawdown_r: Positive | None
    max_fdr_q: Share | None
    min_deflated_sharpe: Share | None


class Gates(Entry):
    """Thresholds of the domain gates; see research.yaml for what each one means."""

    closing_grace_minutes: Annotated[int, Field(ge=0)]
    usual_days: PositiveInt
    min_usual_share: Share
    max_thin_day_share: Share
    max_thin_run_days: PositiveInt
    lookahead_days: PositiveInt
    reference_days: PositiveInt
    min_validated_setups: Annotated[int, Field(ge=0)]
    max_pbo: Share | None


class Research(Entry):
    intake: Intake
    validation: Validation
    gates: Gates
