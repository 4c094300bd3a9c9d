-- What an E3 setup made where its limit fills only when price trades through it. NULL for E1 and E2.
alter table validated_setups add column through_sample_size bigint;
alter table validated_setups add column through_expectancy_r double;  -- NULL without a trade, too
