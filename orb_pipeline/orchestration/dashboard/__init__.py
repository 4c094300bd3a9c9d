"""The dashboard of a home: collected in short reads, written whole, or served to a browser of this machine."""

from orb_pipeline.orchestration.dashboard.collect import collect
from orb_pipeline.orchestration.dashboard.write import refresh_dashboard, write_dashboard, write_trade

__all__ = ["collect", "refresh_dashboard", "write_dashboard", "write_trade"]
