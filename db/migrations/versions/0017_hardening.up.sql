-- What the API promises of a user's library holds for whoever writes it in SQL too. Lengths are checks of the tables
-- already; how many rows a user has is counted after each statement, under the lock that the API takes (db/accounts/library.py):
-- under it, a later statement's count has in it what an earlier transaction has committed. With a snapshot that is
-- older than the lock it would not, so libraries don't grow in such a transaction.
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

-- /readyz compares the schema's version with the newest that the service knows.
grant select on smelt_meta.migrations to service_role;
