drop index smelt_files_claim_short;
drop index smelts_unfinished_tenant;
alter table fair_tenants drop column debt;
