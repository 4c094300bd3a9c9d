"""Numbers that stand for names inside arrays, and the layout of an outcome there."""

from __future__ import annotations

import numpy as np

from orb_pipeline.catalogue.models import ENTRY_MODELS

NOWHERE = -1  # a bar index that is none
LONG, SHORT = 1, -1  # a direction; 0 is no break
E1, E2, E3 = range(1, 4)
MODEL_CODES = dict(zip(ENTRY_MODELS, (E1, E2, E3), strict=True))
NO_TRADE, WIN, LOSS, SCRATCH = range(4)
OUTCOMES = ("win", "loss", "scratch")  # named by the code less one

# One outcome: prices in ticks, bars as indices into the series, excursions in ticks, results in R.
TRADE = np.dtype(
    [
        ("outcome", np.int8),
        ("entry_bar", np.int64),
        ("exit_bar", np.int64),
        ("entry", np.int64),
        ("stop", np.int64),
        ("target", np.int64),
        ("exit", np.int64),
        ("adverse", np.int64),
        ("favourable", np.int64),
        ("pnl_r", np.float64),
        ("mae_r", np.float64),
        ("mfe_r", np.float64),
    ]
)
