-- What is held is claimable again. Postgres takes no value out of an enum: the type is made anew.

grant create on schema smelt_meta to service_role;
set local role service_role;

create or replace view smelt_meta.queue_depth (queue, ready, running) as
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

create or replace function smelt_meta.forget_user() returns trigger language plpgsql security definer
set search_path = '' as $$
begin
    -- In the order of all locks (db/locks.py). Admissions hold the profile, so from then on there are none.
    perform from public.smelts where user_id = old.id order by id for update;
    perform from public.user_profiles where user_id = old.id for update;
    delete from public.smelts where user_id = old.id;
    delete from public.fair_tenants where tenant = 'user:' || old.id;
    insert into public.deleted_users (user_hash) values (sha256(uuid_send(old.id)))
    on conflict (user_hash) do update set deleted_at = excluded.deleted_at;
    return old;
end
$$;

-- By the service role, whose policies let it: row-level security is forced on the tables' owner.
delete from public.holds;
update public.smelt_files set status = 'pending', waiting_for = null, fair_key = coalesce(fair_key, 0)
    where waiting_for = 'hold';
update public.smelt_outputs set status = 'pending', waiting_for = null, fair_key = coalesce(fair_key, 0)
    where waiting_for = 'hold';
update public.webhook_deliveries set status = 'pending', waiting_for = null, fair_key = coalesce(fair_key, 0)
    where waiting_for = 'hold';

reset role;
revoke create on schema smelt_meta from service_role;

drop trigger obey_hold on smelt_files;
drop trigger obey_hold on smelt_outputs;
drop trigger obey_hold on webhook_deliveries;
drop function smelt_meta.obey_hold();
drop table workers;
drop table admin_actions;
drop table holds;

alter type waiting_for rename to waiting_for_with_hold;
create type waiting_for as enum ('content_store', 'language_model');
alter table smelt_files alter column waiting_for type waiting_for using waiting_for::text::waiting_for;
alter table smelt_outputs alter column waiting_for type waiting_for using waiting_for::text::waiting_for;
alter table webhook_deliveries alter column waiting_for type waiting_for using waiting_for::text::waiting_for;
alter table schedule_runs alter column waiting_for type waiting_for using waiting_for::text::waiting_for;
drop type waiting_for_with_hold;
