-- Deleted users ----------------------------------------------------------------------------------------------

-- A user who is deleted straight in auth.users, by SQL or in Supabase's dashboard, is gone as by DELETE /v1/account:
-- the foreign keys take the user's rows along, and the trigger what no foreign key reaches. It writes the tombstone
-- too.
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

-- Libraries --------------------------------------------------------------------------------------------------

-- What the API promises of a user's library holds for whoever writes it in SQL too. Lengths are checks of the tables
-- already; how many rows a user has is counted after each statement, under the lock that the API takes
-- (db/accounts/library.py): under it, a later statement's count has in it what an earlier transaction has committed.
-- With a snapshot that is older than the lock it would not, so libraries don't grow in such a transaction.
create function smelt_meta.check_library() returns trigger language plpgsql set search_path = '' as $$
declare
    most constant integer := tg_argv[0];
    owner uuid;
    held bigint;
begin
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable')
        and exists (select from added) then
        raise exception '% can be added to at the isolation level read committed only', tg_table_name
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    for owner in select distinct user_id from added order by user_id loop
        perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('prompt library ' || owner, 0));
        execute pg_catalog.format('select count(*) from public.%I where user_id = $1', tg_table_name)
            into held using owner;
        if held > most then
            raise exception 'a user may have % rows in %', most, tg_table_name using errcode = 'check_violation';
        end if;
    end loop;
    return null;
end
$$;
revoke all on function smelt_meta.check_library() from public, anon, authenticated, service_role;

create trigger library_limit after insert on prompts referencing new table as added
    for each statement execute function smelt_meta.check_library(1000);
create trigger library_limit after insert on prompt_sections referencing new table as added
    for each statement execute function smelt_meta.check_library(200);
