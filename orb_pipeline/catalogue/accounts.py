"""Accounts: what is risked, and what stops it. RULES.md section 10 gives the meaning, accounts.yaml the values."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from orb_pipeline.catalogue.models import Entry, NonNegative, Positive, PositiveInt, Share, known_zone, quoted_time

NegativeR = Annotated[float, Field(lt=0, allow_inf_nan=False)]
ACCOUNT_NAME = r"^[a-z0-9_-]*[a-z][a-z0-9_-]*$"  # with a small letter, so that no instrument is called alike


class RiskLimits(Entry):
    """The limits of one trading day.

    Attributes:
        drawdown_warning_r: at this realised R or below an entry is allowed with a warning.
        drawdown_halt_r: at this realised R or below entries stop for the day.
        max_daily_loss_r: likewise; the nearer of the two to zero decides.
        max_concurrent_positions: open positions of all instruments together.
        max_per_orb_positions: open positions of one instrument's session.
        max_daily_trades: entries.
    """

    drawdown_warning_r: NegativeR
    drawdown_halt_r: NegativeR
    max_daily_loss_r: NegativeR
    max_concurrent_positions: PositiveInt
    max_per_orb_positions: PositiveInt
    max_daily_trades: PositiveInt

    @property
    def halt_r(self) -> float:
        """The realised R at which the day is over for entries."""
        return max(self.drawdown_halt_r, self.max_daily_loss_r)


class PropFirm(Entry):
    """The rules of a funded account.

    Attributes:
        max_drawdown: dollars from the floor's reference down to the floor, where the account is lost.
        daily_loss_limit: dollars a day, open losses included, at which entries stop; None: no such rule.
        drawdown: what the floor hangs below: `static` the starting equity, `trailing` the highest equity that the
            account had at the end of a day.
        consistency_share: largest share of the whole profit that one day may have made; None: not asked.
        automation_allowed: whether orders may be sent by a program.
        source: where the rules were read; verified_on: when, None where nobody has.
    """

    max_drawdown: Positive
    daily_loss_limit: Positive | None
    drawdown: Literal["static", "trailing"]
    consistency_share: Share | None
    automation_allowed: bool
    source: str
    verified_on: dt.date | None


class FlatBy(Entry):
    """When everything is closed: a local time, or minutes before the close of the instrument's exchange calendar."""

    time: dt.time | None = None
    zone: str | None = None
    minutes_before_close: Annotated[int, Field(ge=0)] | None = None

    @field_validator("time", mode="before")
    @classmethod
    def _is_hours_and_minutes(cls, value: Any) -> Any:
        return value if value is None else quoted_time(value)

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str | None) -> str | None:
        return zone if zone is None else known_zone(zone)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        is_clock = self.time is not None and self.zone is not None
        if (self.time is None) != (self.zone is None) or is_clock == (self.minutes_before_close is not None):
            message = "expected either time and zone, or minutes_before_close"
            raise ValueError(message)
        return self


class Account(Entry):
    """One account with one risk budget. `account` is its name in commands and tables; money is in dollars.

    Attributes:
        broker: where orders go: `paper` (the journal's own fills), `signals` (messages to a person), `ib`.
        live_trading: whether they may go to a live account, once enough paper days have passed.
        min_paper_days: trading days of this account that must have passed reconciliation before.
    """

    account: Annotated[str, Field(pattern=ACCOUNT_NAME)]
    name: str
    equity: Positive
    risk_per_trade_pct: Annotated[float, Field(gt=0, le=100)]
    max_contracts: PositiveInt
    limits: RiskLimits
    flat_by: FlatBy | None = None
    prop_firm: PropFirm | None = None
    broker: Literal["paper", "signals", "ib"] = "paper"
    live_trading: bool = False
    min_paper_days: PositiveInt = 20

    @model_validator(mode="after")
    def _programs_send_orders_only_where_allowed(self) -> Self:
        if self.broker == "ib" and self.prop_firm is not None and not self.prop_firm.automation_allowed:
            message = (
                "broker is 'ib', and the firm's rules say automation_allowed: false; expected 'signals' (messages, "
                "fills entered by hand) or 'paper'"
            )
            raise ValueError(message)
        return self


ORDER_KEYS = frozenset({"broker", "live_trading", "min_paper_days"})
"""Keys of an account that change where orders go, and nothing that is researched, selected or replayed."""


class Selection(Entry):
    """How members are chosen; see portfolio.yaml for each key."""

    min_expectancy_r: NonNegative
    max_strategies: PositiveInt
    max_per_session: PositiveInt
    min_entry_models: Annotated[int, Field(ge=1, le=3)]
    preferred_correlation: Annotated[float, Field(ge=-1, le=1)]
    max_correlation: Annotated[float, Field(ge=-1, le=1)]
    min_overlap_days: Annotated[int, Field(ge=2)]
    weights: Literal["equal", "inverse_volatility"]

    @model_validator(mode="after")
    def _preferred_is_not_above_the_limit(self) -> Self:
        if self.preferred_correlation > self.max_correlation:
            message = f"preferred_correlation {self.preferred_correlation} is above max_correlation"
            raise ValueError(message)
        return self


class AccountGates(Entry):
    """Thresholds of the gates from portfolio to journal; see portfolio.yaml."""

    min_strategies: Annotated[int, Field(ge=0)]
    min_entry_models: Annotated[int, Field(ge=0, le=3)]
    parity_sample: Annotated[int, Field(ge=0)]


class PortfolioRules(Entry):
    selection: Selection
    gates: AccountGates
