alter table fair_tenants reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);

do $$
declare
    name text;
begin
    foreach name in array array['smelts', 'smelt_files', 'smelt_outputs', 'webhook_deliveries'] loop
        execute format(
            'alter table %I reset (autovacuum_analyze_scale_factor, autovacuum_analyze_threshold)', name
        );
    end loop;
end
$$;

drop policy kept on admin_actions;
revoke delete on admin_actions from service_role;
drop index smelts_ended;
