-- Every strategy ever evaluated. It only grows: the same configuration on the same data is one trial, however often it is
-- computed. The configuration is the instrument's entry, its sessions and the grid; the data are the bars.
create table trials (
    instrument varchar not null,
    strategy_id varchar not null,
    configuration_hash varchar not null,
    data_hash varchar not null,
    tried_at timestamptz not null,    -- first
    run_id varchar not null
);

alter table validated_setups add column p_value double;
alter table validated_setups add column fdr_q double;
alter table validated_setups add column deflated_sharpe double;
alter table portfolio_candidates add column fdr_q double;
alter table portfolio_candidates add column deflated_sharpe double;
