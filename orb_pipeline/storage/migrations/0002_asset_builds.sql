-- What was built, from what: one row for each content an asset has had. Staleness and inherited waivers are read here.
create table asset_builds (
    asset varchar not null,
    instrument varchar not null,
    content_hash varchar not null,
    inputs json not null,             -- input -> hash of the content it was built from
    row_count bigint not null,
    first_value varchar,              -- span of the rows: days or times
    last_value varchar,
    seconds double not null,
    simulated boolean not null,
    waivers integer[] not null,       -- in force on anything this was built from
    run_id varchar not null,
    built_at timestamptz not null,
    primary key (asset, instrument, content_hash)
);
