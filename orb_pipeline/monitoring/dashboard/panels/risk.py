"""How much of each limit is used: now, and at most during the day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from orb_pipeline.monitoring.dashboard import markup
from orb_pipeline.monitoring.dashboard.markup import COUNT, DOLLARS, Form, R, number, words
from orb_pipeline.monitoring.dashboard.panel import Panel
from orb_pipeline.monitoring.dashboard.results import DashboardData

_COURSE = """
with entered as (
    select * from trade_journal
    where account = {account} and mode = {mode} and trading_day = {day} and risk_check_passed
), moments as (
    -- By minute, within it by instrument; of its bar orders fill (E1, E3), then exits, then entries at the close (E2).
    select entry_ts as ts, instrument as book, if(entry_model = 'E2', 2, 0) as step, instrument, orb_label,
        1 as opened, 1 as entered, 0.0 as r, 0.0 as dollars
    from entered
    union all
    select exit_ts, instrument, 1, instrument, orb_label, -1, 0, pnl_r, pnl_dollars
    from entered
    where exit_ts is not null and outcome <> 'scratch'
    union all
    -- Scratches count when the day ends, for all instruments at once.
    select 'infinity'::timestamptz, '', 0, instrument, orb_label, -1, 0, pnl_r, pnl_dollars
    from entered
    where outcome = 'scratch'
), steps as (
    select *, dense_rank() over (order by ts, book, step) as place
    from moments
), course as (
    select place, instrument, orb_label, sum(opened) over so_far as open_positions, sum(entered) over so_far as entries,
        sum(r) over so_far as realised_r, sum(dollars) over so_far as realised_dollars,
        sum(opened) over (partition by instrument, orb_label order by place) as open_of_session
    from steps
    window so_far as (order by place)
)
"""
QUERIES = {
    "usage": f"""{_COURSE}
select coalesce(arg_max(open_positions, place), 0)::bigint as positions_now,
    coalesce(max(open_positions), 0)::bigint as positions_most,
    coalesce((select max(still_open) from (select arg_max(open_of_session, place) as still_open
        from course group by instrument, orb_label)), 0)::bigint as session_now,
    coalesce(max(open_of_session), 0)::bigint as session_most,
    coalesce(max(entries), 0)::bigint as entries_now,
    coalesce(arg_max(realised_r, place), 0) as realised_r_now,
    least(coalesce(min(realised_r), 0), 0) as realised_r_worst,
    coalesce(arg_max(realised_dollars, place), 0) as dollars_now,
    least(coalesce(min(realised_dollars), 0), 0) as dollars_worst
from course
""",
    "account_state": """
with days as (
    select trading_day, {equity} + sum(sum(pnl_dollars)) over (order by trading_day) as equity
    from trade_journal
    where account = {account} and mode = {mode} and pnl_dollars is not null
        and (trading_day < {day} or {day} is null)
    group by trading_day
)
select coalesce(arg_max(equity, trading_day), {equity}) as equity_at_start,
    greatest({equity}, coalesce(max(equity), 0)) as highest_equity
from days
""",
    "refusals": """
select risk_check, count(*) filter (trading_day = {day})::bigint as today, count(*)::bigint as in_all
from trade_journal
where account = {account} and mode = {mode} and not risk_check_passed
group by risk_check
order by in_all desc, risk_check
""",
}


@dataclass(frozen=True)
class Usage:
    """One limit: what is used now and was at most, both and the limit in the limit's own unit, all at or above 0."""

    name: str
    now: float
    most: float
    limit: float
    form: Form
    now_shown: str
    most_shown: str


def panel(data: DashboardData) -> Panel:
    usage, state, refusals = data["usage"], data["account_state"], data["refusals"]
    rows = [_row(item) for item in limits_used(data)]
    columns = [
        ("limit", False, ""),
        ("now", True, ""),
        ("of the limit", True, ""),
        ("at most", True, "during the day"),
        ("of the limit", True, ""),
        ("allowed", True, ""),
    ]
    day = data.scope.day
    body = markup.plain_table(columns, rows, "Limits used")
    body += markup.note(
        f"Of {day or 'no day yet'}, by the {data.scope.mode} journal: closed trades. Open losses, which the risk "
        "manager counts against a prop firm's limits too, are not in it."
    )
    columns_refused = [words("refused by", "risk_check"), number("that day", "today"), number("in all", "in_all")]
    body += f"<h3>Refused entries</h3>{markup.table(refusals, columns_refused, 'Refused entries', empty='None.')}"
    return Panel("risk", "Risk limits used", body, (usage, state, refusals), label="Risk")


def limits_used(data: DashboardData) -> Iterator[Usage]:
    """Every limit of the account, in the order in which the risk manager asks."""
    usage, account = data["usage"], data.scope.account
    found, limits = usage.records[0], account.limits

    def counted(name: str, now: str, most: str, limit: float) -> Usage:
        shown = (markup.value(usage, 0, column, COUNT) for column in (now, most))
        return Usage(name, found[now], found[most], limit, COUNT, *shown)

    yield Usage(
        "loss of the day, R",
        max(0.0, -found["realised_r_now"]),
        max(0.0, -found["realised_r_worst"]),
        -limits.halt_r,
        Form(1),
        markup.value(usage, 0, "realised_r_now", R),
        markup.value(usage, 0, "realised_r_worst", R),
    )
    yield counted("open positions", "positions_now", "positions_most", limits.max_concurrent_positions)
    yield counted("open in one session", "session_now", "session_most", limits.max_per_orb_positions)
    yield counted("entries of the day", "entries_now", "entries_now", limits.max_daily_trades)
    yield from _firm_limits(data)


def _firm_limits(data: DashboardData) -> Iterator[Usage]:
    firm, usage = data.scope.account.prop_firm, data["usage"]
    if firm is None:
        return
    found, state = usage.records[0], data["account_state"].records[0]
    now, worst = found["dollars_now"], found["dollars_worst"]
    if firm.daily_loss_limit is not None:
        shown = (markup.value(usage, 0, f"dollars_{when}", markup.GAIN) for when in ("now", "worst"))
        yield Usage(
            "loss of the day, dollars", max(0.0, -now), max(0.0, -worst), firm.daily_loss_limit, DOLLARS, *shown
        )
    reference = data.scope.account.equity if firm.drawdown == "static" else state["highest_equity"]
    below, deepest = (max(0.0, reference - state["equity_at_start"] - dollars) for dollars in (now, worst))
    name = f"drawdown, {firm.drawdown}"
    yield Usage(name, below, deepest, firm.max_drawdown, DOLLARS, DOLLARS.text(below), DOLLARS.text(deepest))


def _row(item: Usage) -> list[str]:
    return [
        escape(item.name),
        item.now_shown,
        _meter(item.now / item.limit),
        item.most_shown,
        _meter(item.most / item.limit),
        item.form.text(item.limit),
    ]


def _meter(share: float) -> str:
    """A bar as long as the share, and the share in words."""
    tone = "bad" if share >= 1 else "warn" if share >= 0.6 else "good"
    return (
        f'<span class="meter {tone}" style="--share:{min(share, 1):.3f}">'
        f'<span class="percent">{share * 100:.0f} %</span></span>'
    )
