-- When every alert was last asked; one row. Without it, that nothing is open says nothing. Written by storage/alerts.py.
create table alerts_evaluated (
    evaluated_at timestamptz not null
);
