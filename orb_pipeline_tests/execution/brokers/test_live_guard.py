"""No live money without the word and the days."""

from __future__ import annotations

import pytest

from orb_pipeline.errors import ConfigurationError, GateFailedError
from orb_pipeline.execution.brokers import refuse_live
from orb_pipeline_tests.execution.live import account


@pytest.mark.parametrize("days", [0, 19, 20, 500])
@pytest.mark.parametrize("says_so", [False, True])
def test_a_paper_account_passes_whatever_the_file_says(says_so: bool, days: int) -> None:
    refuse_live(account(live_trading=says_so), False, days)


@pytest.mark.parametrize("days", [0, 20, 500])
def test_without_the_word_no_number_of_days_is_enough(days: int) -> None:
    with pytest.raises(ConfigurationError, match=rf"`live_trading` is false.*{days} of 20 paper days"):
        refuse_live(account(), True, days)


@pytest.mark.parametrize(("days", "needed", "passes"), [(19, 20, False), (20, 20, True), (21, 20, True), (0, 1, False)])
def test_with_the_word_the_days_decide(days: int, needed: int, passes: bool) -> None:
    asked = account(live_trading=True, min_paper_days=needed)
    if passes:
        refuse_live(asked, True, days)
        return
    with pytest.raises(GateFailedError, match=rf"only {days} of {needed} paper days.*{needed - days} more must"):
        refuse_live(asked, True, days)
