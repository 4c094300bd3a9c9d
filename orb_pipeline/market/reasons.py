"""Why a bar is refused. The order is that of the checks: the first one a row fails is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class Reason(StrEnum):
    """Text of `rejected_bars.reason`."""

    WRONG_NUMBER_OF_VALUES = "wrong_number_of_values"  # the line cannot be split into the file's columns
    UNREADABLE_STAMP = "unreadable_stamp"
    NONEXISTENT_LOCAL_TIME = "nonexistent_local_time"  # skipped when clocks went forward
    AMBIGUOUS_LOCAL_TIME = "ambiguous_local_time"  # struck twice when clocks went back
    NOT_A_WHOLE_MINUTE = "not_a_whole_minute"
    NOT_A_NUMBER = "not_a_number"
    NOT_FINITE = "not_finite"
    NOT_POSITIVE = "not_positive"
    OFF_TICK_GRID = "off_tick_grid"
    HIGH_BELOW_OPEN_OR_CLOSE = "high_below_open_or_close"
    LOW_ABOVE_OPEN_OR_CLOSE = "low_above_open_or_close"
    NEGATIVE_VOLUME = "negative_volume"
    FRACTIONAL_VOLUME = "fractional_volume"
    UNKNOWN_CONTRACT = "unknown_contract"
    REPEATED_MINUTE = "repeated_minute"
    CONFLICTS_WITH_LANDED_BAR = "conflicts_with_landed_bar"
    LATE_BAR = "late_bar"  # of a minute that is already traded as it is
    NOT_YET = "not_yet"  # of a minute long after its file was written
    UNREADABLE_FILE = "unreadable_file"  # a file that feeds put into landing/, as a whole


EXPECTED: Mapping[Reason, str] = {
    Reason.WRONG_NUMBER_OF_VALUES: "as many values in a line as there are columns",
    Reason.UNREADABLE_STAMP: "stamps between 1970 and 2200, written as in the first row",
    Reason.NONEXISTENT_LOCAL_TIME: "local times that the clocks of the zone given show",
    Reason.AMBIGUOUS_LOCAL_TIME: "stamps in UTC or with an offset, or both passes of the repeated hour in order",
    Reason.NOT_A_WHOLE_MINUTE: "bars of one minute, stamped with the minute they open in (18:01:00)",
    Reason.NOT_A_NUMBER: "numbers such as 1234.5: a point before decimals, nothing between thousands, none missing",
    Reason.NOT_FINITE: "finite numbers",
    Reason.NOT_POSITIVE: "prices above zero",
    Reason.OFF_TICK_GRID: "prices that are whole multiples of the instrument's tick",
    Reason.HIGH_BELOW_OPEN_OR_CLOSE: "high >= open and close",
    Reason.LOW_ABOVE_OPEN_OR_CLOSE: "low <= open and close",
    Reason.NEGATIVE_VOLUME: "volume >= 0",
    Reason.FRACTIONAL_VOLUME: "whole numbers below 2^53 as volume",
    Reason.UNKNOWN_CONTRACT: "the instrument's symbol, or its prefix, a month letter and a year (GCZ3, GCZ13, GCZ2013)",
    Reason.REPEATED_MINUTE: "one bar a minute and contract",
    Reason.CONFLICTS_WITH_LANDED_BAR: "the values that have landed, or `--replace`",
    Reason.LATE_BAR: "bars in order of time; land it for research with `orb ingest`",
    Reason.NOT_YET: "stamps in UTC of minutes that are over, on a machine whose clock is right",
    Reason.UNREADABLE_FILE: "a whole file of bars, with UTC stamps",
}

REASONS = tuple(Reason)
ACCEPTED = -1  # in arrays of reasons: none
ReasonArray = npt.NDArray[np.int8]


def number_of(reason: Reason) -> int:
    """A reason's number in arrays of reasons; `REASONS[number]` is the way back."""
    return REASONS.index(reason)


def record(reasons: ReasonArray, reason: Reason, failing: npt.NDArray[np.bool_]) -> None:
    """Enter `reason` where a row fails and nothing was entered before."""
    reasons[failing & (reasons == ACCEPTED)] = number_of(reason)
