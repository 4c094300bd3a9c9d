"""Package metadata. Every dependency has a range and, beside it, the reason for being here and for the range."""

from setuptools import find_packages, setup

DAGSTER = "1.13.27"  # dagster, its webserver and its GraphQL layer are tested as one release; raise them together
DATABENTO = "databento>=0.66,<1"  # 0.66 knows END_OF_INTERVAL, by which the gateway says that a minute is complete

setup(
    name="orb_pipeline",
    version="0.1.0",
    description="Opening-range breakouts from raw minute bars to gated, validated setups",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["orb_pipeline", "orb_pipeline.*"]),
    package_data={
        "orb_pipeline": ["py.typed"],
        "orb_pipeline.catalogue": ["data/*.yaml"],
        "orb_pipeline.monitoring": ["*.css"],
        "orb_pipeline.monitoring.dashboard": ["*.css", "*.js"],
        "orb_pipeline.orchestration": ["gates/*.sql"],
        "orb_pipeline.storage": ["migrations/*.sql"],
    },
    entry_points={"console_scripts": ["orb = orb_pipeline.cli:main"]},
    install_requires=[
        f"dagster=={DAGSTER}",  # the graph, its gates, schedules
        f"dagster-webserver=={DAGSTER}",  # `orb ui`
        "duckdb>=2.0,<3",  # the warehouse and `orb sql`; 2.x fixes the file format
        "pandas>=3.0,<4",  # tables at the edges; 3.x: str dtype, copy on write, microseconds
        "pandera>=0.35,<1",  # schemas as gates, through pandera.pandas
        "pyarrow>=20",  # Parquet; the lake's schemas
        "numpy>=2.0,<3",  # arrays of ticks and minutes; 2.x is what numba compiles against
        "numba>=0.61,<1",  # the outcome kernel; 0.61 is the first for numpy 2 and Python 3.13
        "scipy>=1.11,<2",  # normal quantiles, false discovery rates; 1.11 brought false_discovery_control
        "arch>=7.2,<9",  # Hansen's test for superior predictive ability; 7.2 is the first for numpy 2 and Python 3.13
        "pydantic>=2.7,<3",  # validation of catalogue files
        "PyYAML>=6.0,<7",  # catalogue files
        "fsspec>=2024.6",  # the lake's location as a URL
        "filelock>=3.15",  # one ingest an instrument at a time; the lock dies with its process
        "watchfiles>=1.0,<2",  # `orb paper --follow` hears of landing files at once; 1.0 has timeouts that yield
        "apprise>=1.9,<2",  # notifications to phones: one library for Telegram, Discord, Slack, email and webhooks
        "psutil>=5.9",  # is a run's recorded process alive
        "typer>=0.16,<1",  # the `orb` command
        "rich>=13.7",  # tables and progress in the terminal
        "pandas-market-calendars>=5.1,<6",  # closes and holidays of the exchanges; names CME's metals and equity hours
        "plotly>=6.0,<8",  # the dashboard's plots; brings its plotly.js along, which the page holds; 6.0 packs arrays
        "matplotlib>=3.9,<4",  # plots in asset metadata
        "tzdata>=2024.1",  # time zones where the system has none
    ],
    extras_require={
        "databento": [DATABENTO],  # DBN files and the live feed
        "ib": ["ib_async>=2.1,<3"],  # Interactive Brokers; 2.1 asks at connect for no more than it is told to
        "dev": [
            DATABENTO,  # the DBN intake and the live feed are tested
            "ib_async>=2.1,<3",  # broker and feed are tested against gateways of our own
            "pytest>=8.3,<10",  # the suite
            "pytest-xdist>=3.6,<4",  # two cores: the suite in half the time
            "playwright>=1.45",  # drives Debian's chromium in the tests of the dashboard
            "axe-playwright-python>=0.1.4,<1",  # axe-core, the accessibility engine, in that browser
            "html5lib>=1.1,<2",  # reads the dashboard as browsers do
            "hypothesis>=6.100,<7",  # rules with "every" in them
            "ruff>=0.12,<1",  # style and common mistakes
            "mypy>=1.15,<3",  # types, strict on domain code
            "import-linter>=2.1,<3",  # the arrows between packages
            "pandas-stubs>=3.0,<4",  # types of pandas 3
            "types-PyYAML>=6.0,<7",  # types of PyYAML
            "types-psutil>=5.9",  # types of psutil
        ],
    },
)
