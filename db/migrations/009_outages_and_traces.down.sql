do $$
declare
    name text;
begin
    foreach name in array array['smelt_files', 'smelt_outputs', 'webhook_deliveries', 'schedule_runs'] loop
        execute format('alter table %I drop column outage_since, drop column traceparent', name);
    end loop;
end
$$;
