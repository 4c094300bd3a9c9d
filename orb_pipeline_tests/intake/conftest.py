from pathlib import Path

import pytest

from orb_pipeline.settings import Home
from orb_pipeline_tests.intake.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(Home.at(tmp_path / "home"))
