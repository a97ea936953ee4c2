create index smelts_open on smelts (updated_at) where status not in ('completed', 'failed', 'canceled');
do $$
declare
    name text;
begin
    foreach name in array array['smelts', 'smelt_files', 'smelt_outputs', 'webhook_deliveries', 'user_profiles'] loop
        execute format('alter table %I reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)', name);
    end loop;
end
$$;
