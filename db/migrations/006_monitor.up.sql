-- What an autoscaler has to know, for a login that may know nothing else: how much work each queue has. smelt_monitor
-- gets no password here, so it can't log in until the operator gives it one.

do $$
begin
    if to_regrole('smelt_monitor') is null then
        begin
            create role smelt_monitor login noinherit;
        exception when duplicate_object or unique_violation then null;  -- another database's migration, this moment
        end;
    end if;
end
$$;

-- Counts alone, of no tenant. Each is a walk of a partial index, so it takes as long as there is work and not as long as
-- there was; of a query for one queue Postgres leaves the others' counts out. Work that is running is told beside what is
-- ready, so that no pool is taken down while it works.
create view smelt_meta.queue_depth (queue, ready, running) as
    select 'transcribe'::text,
        (select count(*) from public.smelt_files where status = 'pending'),
        (select count(*) from public.smelt_files where status = 'processing')
    union all
    select 'synthesize',
        (select count(*) from public.smelt_outputs where status = 'pending'),
        (select count(*) from public.smelt_outputs where status = 'processing')
    union all
    select 'deliver',
        (select count(*) from public.webhook_deliveries where status = 'pending'),
        (select count(*) from public.webhook_deliveries where status = 'processing')
    union all
    select 'maintenance',
        (select count(*) from public.schedule_runs where status = 'pending'),
        (select count(*) from public.schedule_runs where status = 'processing');

revoke all on smelt_meta.queue_depth from public, anon, authenticated, service_role;
grant select on smelt_meta.queue_depth to smelt_monitor;
grant usage on schema smelt_meta to smelt_monitor;

-- A view reads as its owner, and row-level security is forced on the tables' owner: the service role's policies let it
-- count.
grant create on schema smelt_meta to service_role;
alter view smelt_meta.queue_depth owner to service_role;
revoke create on schema smelt_meta from service_role;
