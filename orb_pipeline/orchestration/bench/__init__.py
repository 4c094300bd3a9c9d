"""Where one asset of one scope is made: guarded reading, judged writing, and the record of both."""

from orb_pipeline.orchestration.bench.account import AccountBench
from orb_pipeline.orchestration.bench.base import Bench, building
from orb_pipeline.orchestration.bench.instrument import InstrumentBench

__all__ = ["AccountBench", "Bench", "InstrumentBench", "building"]
