-- How long metadata is kept (SMELT_METADATA_DAYS), and when what changes most is vacuumed and counted anew.

-- The oldest first of what the reconciler may delete. A row comes into it when its key is destroyed, and so costs
-- nothing while it is worked on. Visitors' go by `smelts_visitors`.
create index smelts_ended on smelts (finished_at) where content_key is null and tier <> 'anonymous';

-- What was done is never undone, and for a month at least not forgotten either, whatever the setting.
grant delete on admin_actions to service_role;
create policy kept on admin_actions as restrictive for delete to service_role
    using (created_at < now() - interval '30 days');

-- Of ten million rows that have ended Postgres would count anew only after a million changes, and believe until then that
-- nothing waits.
do $$
declare
    name text;
begin
    foreach name in array array['smelts', 'smelt_files', 'smelt_outputs', 'webhook_deliveries'] loop
        execute format(
            'alter table %I set (autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 1000)', name
        );
    end loop;
end
$$;
-- Changed by each admission and each claim, and read from the head of an index by `last_tag`, which only rises: the
-- dead entries lie where it is read.
alter table fair_tenants set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
