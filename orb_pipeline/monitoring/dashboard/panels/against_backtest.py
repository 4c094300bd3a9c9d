"""Each strategy on paper (where there is no paper yet, in the replay) against its backtest, with confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orb_pipeline.monitoring.dashboard import markup, plots
from orb_pipeline.monitoring.dashboard.intervals import FEWEST_TRADES, Interval, student, wilson
from orb_pipeline.monitoring.dashboard.markup import SHARE, R
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

QUERIES = {
    "against_backtest": """
with traded as (
    select strategy_id, mode, count(*)::bigint as trades, count(*) filter (pnl_r > 0)::bigint as wins,
        count(*) filter (pnl_r > 0) / count(*) as win_rate, avg(pnl_r) as expectancy_r,
        stddev_samp(pnl_r) as deviation_r, sum(pnl_r) as total_r
    from trade_journal
    where account = {account} and mode in ('live', 'paper', 'replay') and pnl_r is not null
    group by strategy_id, mode
    qualify row_number() over (partition by strategy_id order by mode) = 1
)
select position, members.strategy_id, members.sample_size, members.win_rate as backtest_win_rate,
    members.expectancy_r as backtest_expectancy_r, mode, coalesce(trades, 0)::bigint as trades, wins,
    traded.win_rate, traded.expectancy_r, deviation_r, total_r
from portfolio_strategies as members
left join traded using (strategy_id)
where account = {account}
order by position
"""
}


@dataclass(frozen=True)
class Comparison:
    """Intervals around what a strategy has made; None where they cannot be had."""

    expectancy: Interval | None
    win_rate: Interval | None

    @classmethod
    def of(cls, row: dict[str, object]) -> Comparison:
        trades = int(row["trades"])  # type: ignore[call-overload]
        if trades == 0:
            return cls(None, None)
        mean, deviation = float(row["expectancy_r"]), float(row["deviation_r"] or 0.0)  # type: ignore[arg-type]
        return cls(student(mean, deviation, trades), wilson(int(row["wins"]), trades))  # type: ignore[call-overload]


def panel(data: DashboardData) -> Panel:
    result = data["against_backtest"]
    if not len(result):
        empty = '<p class="empty">The portfolio has no member yet.</p>'
        return Panel("against-backtest", "Against the backtest", empty, (result,), is_wide=True, label="Backtest")
    pairs = [(row, Comparison.of(record)) for row, record in enumerate(result.records)]
    columns = [
        ("strategy", False, "with its place in the portfolio"),
        ("on", False, "paper, or the replay where it has not traded on paper yet"),
        ("trades", True, ""),
        ("expectancy R", True, ""),
        ("95 % interval", True, "Student's t"),
        ("backtest R", True, ""),
        ("win rate", True, ""),
        ("95 % interval", True, "Wilson's score"),
        ("backtest", True, ""),
        ("verdict", False, "where the backtest's expectancy lies; the win rate's where there are too few trades"),
    ]
    rows = [_row(result, row, comparison) for row, comparison in pairs]
    body = (
        _plot(result, pairs) + markup.plain_table(columns, rows, "Strategies against their backtest") + _words(result)
    )
    return Panel("against-backtest", "Against the backtest", body, (result,), is_wide=True, label="Backtest")


def _row(result: Result, row: int, comparison: Comparison) -> list[str]:
    found = result.records[row]
    return [
        f"{markup.value(result, row, 'position')} {markup.strategy(found['strategy_id'])}",
        markup.text(result, row, "mode"),
        markup.value(result, row, "trades"),
        markup.value(result, row, "expectancy_r", R),
        _interval(comparison.expectancy, R),
        markup.value(result, row, "backtest_expectancy_r", R),
        markup.value(result, row, "win_rate", SHARE),
        _interval(comparison.win_rate, SHARE),
        markup.value(result, row, "backtest_win_rate", SHARE),
        _verdict(found, comparison),
    ]


def _interval(interval: Interval | None, form: markup.Form) -> str:
    if interval is None:
        return markup.MISSING
    return f'<span class="interval">{form.text(interval.low)} to {form.text(interval.high)}</span>'


def _verdict(found: dict[str, object], comparison: Comparison) -> str:
    """Whether what was traded is at odds with the backtest. An interval that lies below the backtest is bad news."""
    judged = [
        interval.place(float(found[promised]))  # type: ignore[arg-type]
        for interval, promised in (
            (comparison.expectancy, "backtest_expectancy_r"),
            (comparison.win_rate, "backtest_win_rate"),
        )
        if interval is not None
    ]
    if "above" in judged:
        return markup.badge("below backtest", "bad")
    if "below" in judged:
        return markup.badge("above backtest", "good")
    return markup.badge("as backtest", "quiet") if comparison.expectancy else markup.badge("too few trades", "quiet")


def _plot(result: Result, pairs: list[tuple[int, Comparison]]) -> str:
    made = plots.figure(
        xaxis_title="R per trade",
        height=90 + 26 * len(pairs),
        hovermode="closest",
        margin={"l": 40, "r": 12, "t": 24, "b": 40},
    )
    made.update_yaxes(autorange="reversed", showgrid=True, dtick=1, title_text="place in the portfolio")
    made.update_xaxes(zeroline=True)
    frame = result.frame
    for mode, (name, colour, _) in plots.MODES.items():
        _add_traded(made, [pair for pair in pairs if result.records[pair[0]]["mode"] == mode], result, name, colour)
    made.add_scatter(
        x=frame["backtest_expectancy_r"].to_numpy(),
        y=frame["position"].to_numpy(),
        text=frame["strategy_id"].astype(str).tolist(),
        name="Backtest",
        mode="markers",
        marker={"color": plots.WARN, "size": 10, "symbol": "diamond-open", "line": {"width": 2}},
        hovertemplate="%{text}<br>%{x:.2f} R<extra>backtest</extra>",
    )
    caption = "A diamond outside the line beside it is at odds with what was traded."
    return plots.plot(
        made, "Expectancy traded and backtested, by strategy; the table has the figures.", caption, key="plot-against"
    )


def _add_traded(made: Figure, pairs: list[tuple[int, Comparison]], result: Result, name: str, colour: str) -> None:
    """What was traded in one mode, with its intervals."""
    if not pairs:
        return
    rows = [result.records[row] for row, _ in pairs]
    halves = [0.0 if pair.expectancy is None else (pair.expectancy.high - pair.expectancy.low) / 2 for _, pair in pairs]
    made.add_scatter(
        x=[row["expectancy_r"] for row in rows],
        y=[row["position"] for row in rows],
        text=[row["strategy_id"] for row in rows],
        name=f"{name}, with its 95 % interval",
        mode="markers",
        marker={"color": colour, "size": 8},
        error_x={"type": "data", "array": halves, "color": colour, "thickness": 1.5, "width": 4},
        hovertemplate="%{text}<br>%{x:.2f} R<extra>traded</extra>",
    )


def _words(result: Result) -> str:
    expected = 0.05 * len(result)
    return markup.note(
        f"Expectancy: Student's t interval, from {FEWEST_TRADES} trades on. Win rate: Wilson's score interval. Both at "
        f"95 %: of {len(result)} strategies about {expected:.1f} lie outside by chance. The replay runs on the bars "
        "that the strategies were chosen on, and differs from the backtest by the account's limits alone."
    )
