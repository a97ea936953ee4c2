-- Work that waits out an outage says of what. It is nobody's failure, so nothing is counted meanwhile.
create type waiting_for as enum ('content_store', 'language_model');

do $$
declare name text;
begin
    foreach name in array array['smelt_files', 'smelt_outputs', 'webhook_deliveries', 'schedule_runs'] loop
        execute format(
            'alter table %I add waiting_for waiting_for, add constraint waits_while_unfinished'
            ' check (waiting_for is null or finished_at is null)', name
        );
    end loop;
end
$$;

grant select (waiting_for) on smelt_files, smelt_outputs to authenticated, anon;
grant select (waiting_for) on webhook_deliveries to authenticated;
