-- What operators hold, what they did, and which workers are alive (docs/design/admin.md).

-- Nothing of a queue, or nothing of a tenant, may be claimed. A held queue's rows stay as they are, and claims look here;
-- a held tenant's are taken out of the queue: they wait, for `hold`, and have no claim's way to be looked at again.
alter type waiting_for add value 'hold';

create table holds (
    queue text,
    tenant text,
    -- Set when it is released: by how much virtual time its rows move, by queue, when they go back. Then it goes too.
    moves jsonb,
    created_at timestamptz not null default now(),
    constraint of_a_queue_or_a_tenant check (num_nonnulls(queue, tenant) = 1),
    constraint queues_have_no_moves check (queue is null or moves is null),
    unique nulls not distinct (queue, tenant)
);

-- A row for each act, raised with each thing that it did, in the same transaction. A user who is deleted is no longer
-- named.
create table admin_actions (
    id uuid primary key,
    operator text not null check (char_length(operator) between 1 and 100),
    host text not null check (char_length(host) between 1 and 255),
    login text not null default session_user,  -- as what the operator connected, by Postgres's word
    command text not null check (char_length(command) between 1 and 100),
    tenant text,
    filter jsonb not null default '{}',
    count integer not null default 0 check (count >= 0),
    created_at timestamptz not null default now()
);
create index admin_actions_newest on admin_actions (created_at desc, id desc);
create index admin_actions_tenant on admin_actions (tenant) where tenant is not null;

-- Written by each worker process every few seconds. Nothing depends on it: leases say whose work is whose.
create table workers (
    id uuid primary key,
    host text not null check (char_length(host) between 1 and 255),
    pid integer not null,
    queue text not null,
    running jsonb not null default '[]',  -- ids of rows of the queue's table, and for how many seconds each is in hand
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now()
);

do $$
declare
    name text;
begin
    foreach name in array array['holds', 'admin_actions', 'workers'] loop
        execute format('revoke all on %I from public, anon, authenticated, service_role', name);
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy service on %I to service_role using (true) with check (true)', name);
    end loop;
end
$$;
grant select, insert, update, delete on holds to service_role;
grant select, insert on admin_actions to service_role;
grant update (tenant, count) on admin_actions to service_role;  -- what was done is never undone
grant select, insert, update, delete on workers to service_role;

-- Whatever makes a row claimable, an admission, a retry, a rescue, what was due: a held tenant's isn't. Here, so that
-- nobody who makes one has to know of holds.
create function smelt_meta.obey_hold() returns trigger language plpgsql set search_path = '' as $$
begin
    if exists (select from public.holds where tenant is not null) then
        -- Locked, so that it isn't released before this is committed: nobody would put the row back.
        perform from public.smelts join public.holds using (tenant)
        where smelts.id = new.smelt_id and holds.moves is null for share of holds;
        if found then
            new.status := 'waiting';
            new.waiting_for := 'hold';
        end if;
    end if;
    return new;
end
$$;
revoke all on function smelt_meta.obey_hold() from public, anon, authenticated, service_role;

create trigger obey_hold before insert or update of status on smelt_files
    for each row when (new.status = 'pending') execute function smelt_meta.obey_hold();
create trigger obey_hold before insert or update of status on smelt_outputs
    for each row when (new.status = 'pending') execute function smelt_meta.obey_hold();
create trigger obey_hold before insert or update of status on webhook_deliveries
    for each row when (new.status = 'pending') execute function smelt_meta.obey_hold();

-- Both belong to the service role, and stay its own.
grant create on schema smelt_meta to service_role;
set local role service_role;

-- A held queue has nothing ready: no pool grows for it.
create or replace view smelt_meta.queue_depth (queue, ready, running) as
    select 'transcribe'::text,
        (select count(*) from public.smelt_files
            where status = 'pending' and not exists (select from public.holds where queue = 'transcribe')),
        (select count(*) from public.smelt_files where status = 'processing')
    union all
    select 'synthesize',
        (select count(*) from public.smelt_outputs
            where status = 'pending' and not exists (select from public.holds where queue = 'synthesize')),
        (select count(*) from public.smelt_outputs where status = 'processing')
    union all
    select 'deliver',
        (select count(*) from public.webhook_deliveries
            where status = 'pending' and not exists (select from public.holds where queue = 'deliver')),
        (select count(*) from public.webhook_deliveries where status = 'processing')
    union all
    select 'maintenance',
        (select count(*) from public.schedule_runs
            where status = 'pending' and not exists (select from public.holds where queue = 'maintenance')),
        (select count(*) from public.schedule_runs where status = 'processing');

create or replace function smelt_meta.forget_user() returns trigger language plpgsql security definer
set search_path = '' as $$
begin
    -- In the order of all locks (db/locks.py). Admissions hold the profile, so from then on there are none.
    perform from public.smelts where user_id = old.id order by id for update;
    perform from public.user_profiles where user_id = old.id for update;
    delete from public.smelts where user_id = old.id;
    delete from public.fair_tenants where tenant = 'user:' || old.id;
    delete from public.holds where tenant = 'user:' || old.id;
    update public.admin_actions set tenant = null where tenant = 'user:' || old.id;
    insert into public.deleted_users (user_hash) values (sha256(uuid_send(old.id)))
    on conflict (user_hash) do update set deleted_at = excluded.deleted_at;
    return old;
end
$$;

reset role;
revoke create on schema smelt_meta from service_role;
