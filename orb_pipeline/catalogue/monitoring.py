"""Where each alert begins; see monitoring.yaml for each key."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from orb_pipeline.catalogue.models import Entry, NonNegative, Positive, PositiveInt, Share
from orb_pipeline.catalogue.notifications import Severity


class AlertRule(Entry):
    severity: Severity


class DayLoss(AlertRule):
    below_r: Annotated[float, Field(lt=0, allow_inf_nan=False)]


class Drift(AlertRule):
    trades: PositiveInt
    min_trades: PositiveInt
    max_chance: Share | None

    @model_validator(mode="after")
    def _window_holds_the_minimum(self) -> Self:
        if self.min_trades > self.trades:
            message = f"min_trades {self.min_trades} is above trades {self.trades}; nothing would ever be said"
            raise ValueError(message)
        return self


class WinRateDrift(Drift):
    below_by: Share


class ExprDrift(Drift):
    below_share: Share


class OrbSizeRegime(AlertRule):
    days: PositiveInt
    above_times: Positive


class MissingData(AlertRule):
    below_share: Share
    look_back_days: PositiveInt
    usual_days: PositiveInt
    min_days: PositiveInt


class StrategyStale(AlertRule):
    days: PositiveInt


class FeedSilent(AlertRule):
    minutes: Positive
    critical_minutes: Positive
    seen_within_hours: NonNegative


class BarsUntaken(AlertRule):
    minutes: Positive


class FeedGaps(AlertRule):
    gaps: Annotated[int, Field(ge=0)]


class Days(AlertRule):
    days: Annotated[int, Field(ge=0)]


class AlertRules(Entry):
    """One entry for each alert."""

    drawdown: DayLoss
    circuit_break: DayLoss
    win_rate_drift: WinRateDrift
    expr_drift: ExprDrift
    orb_size_regime: OrbSizeRegime
    missing_data: MissingData
    calendar_disagreement: AlertRule
    strategy_stale: StrategyStale
    feed_silent: FeedSilent
    feed_gaps: FeedGaps
    bars_untaken: BarsUntaken
    gate_failed: AlertRule
    waiver_ending: Days
    run_failed: AlertRule
    contract_roll: Days
    limit_reached: AlertRule


class Monitoring(Entry):
    alerts: AlertRules
