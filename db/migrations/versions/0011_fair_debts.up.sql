alter table fair_tenants add column debt double precision not null default 0;  -- seconds used beyond the tags given
create index smelts_unfinished_tenant on smelts (tenant) where status not in ('completed', 'failed', 'canceled');
-- The bound is SHORT_SECONDS of pipeline/fairness.py; a test compares them.
create index smelt_files_claim_short on smelt_files (fair_key, id) where status = 'pending' and cost <= 300;
