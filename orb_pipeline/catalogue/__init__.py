"""Facts as data: instruments, session sets, the grid, thresholds; and the loader that validates them."""

from orb_pipeline.catalogue.accounts import Account, FlatBy, PortfolioRules, PropFirm, RiskLimits, Selection
from orb_pipeline.catalogue.folds import FoldRules, WalkForwardRules
from orb_pipeline.catalogue.loader import Catalogue, load_catalogue
from orb_pipeline.catalogue.models import (
    ENTRY_MODELS,
    Gates,
    Grid,
    Instrument,
    Intake,
    Research,
    Session,
    SessionSet,
    Simulation,
    Validation,
)
from orb_pipeline.catalogue.monitoring import AlertRules, Monitoring
from orb_pipeline.catalogue.notifications import Channel, Notifications

__all__ = [
    "ENTRY_MODELS",
    "Account",
    "AlertRules",
    "Catalogue",
    "Channel",
    "FlatBy",
    "FoldRules",
    "Gates",
    "Grid",
    "Instrument",
    "Intake",
    "Monitoring",
    "Notifications",
    "PortfolioRules",
    "PropFirm",
    "Research",
    "RiskLimits",
    "Selection",
    "Session",
    "SessionSet",
    "Simulation",
    "Validation",
    "WalkForwardRules",
    "load_catalogue",
]
