-- A user who is deleted straight in auth.users, by SQL or in Supabase's dashboard, is gone as by DELETE /v1/account:
-- the foreign keys take the user's rows along, and the trigger what no foreign key reaches. It writes the tombstone
-- too, by a hash that needs no secret of ours: ids are random, so nobody finds one by trying. Those of before match
-- nothing.
truncate deleted_users;

-- A smelt's owner is a profile: it goes with the user, and nothing but it refers to the user where work is under way.
-- For Postgres looks at a foreign key anew whenever a transaction changes a row twice, so a worker that ended a smelt
-- would wait for whoever deletes the user, who waits for the smelt. A delivery goes with its smelt.
alter table smelts drop constraint smelts_user_id_fkey;
alter table smelts add constraint smelts_user_id_fkey
    foreign key (user_id) references user_profiles on delete cascade;
alter table webhook_deliveries drop constraint webhook_deliveries_user_id_fkey;

create function smelt_meta.forget_user() returns trigger language plpgsql security definer set search_path = '' as $$
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

-- Returns the smelts that the user had.
create function smelt_meta.delete_user(gone uuid) returns setof uuid language plpgsql security definer
set search_path = '' as $$
begin
    perform from public.smelts where user_id = gone order by id for update;
    perform from public.user_profiles where user_id = gone for update;
    return query select id from public.smelts where user_id = gone order by id;
    delete from auth.users where id = gone;
end
$$;

revoke all on function smelt_meta.forget_user(), smelt_meta.delete_user(uuid)
    from public, anon, authenticated, service_role;
grant usage on schema smelt_meta to service_role;

do $$
begin
    -- The policies are forced on the tables' owner; the service role's let it through.
    grant create on schema smelt_meta to service_role;
    alter function smelt_meta.forget_user() owner to service_role;
    if has_table_privilege('service_role', 'auth.users', 'delete') then
        alter function smelt_meta.delete_user(uuid) owner to service_role;
    elsif not has_table_privilege('auth.users', 'delete') then
        raise exception 'the role % may not delete from auth.users, and so no account could be deleted', current_user
            using hint = 'Run the migrations as the role that may: on Supabase, postgres.';
    end if;
    revoke create on schema smelt_meta from service_role;
end
$$;
grant execute on function smelt_meta.delete_user(uuid) to service_role;

create trigger smelt_forget_user before delete on auth.users
    for each row execute function smelt_meta.forget_user();
