-- The roles and the auth schema that Supabase brings along, where they are missing. What exists is used as it is.
-- Roles belong to the whole cluster: another database's migration may be making them at this moment.

do $$
declare
    name text;
begin
    foreach name in array array['anon', 'authenticated', 'service_role'] loop
        if to_regrole(name) is null then
            begin
                execute format('create role %I nologin noinherit', name);
            exception when duplicate_object or unique_violation then null;
            end;
        end if;
    end loop;

    -- What the API and the workers log in as: it owns nothing and may only become one of the three.
    if to_regrole('smelt_app') is null then
        begin
            create role smelt_app login noinherit;
        exception when duplicate_object or unique_violation then null;
        end;
    end if;

    foreach name in array array['anon', 'authenticated', 'service_role'] loop
        if not pg_has_role('smelt_app', name, 'member') then
            execute format('grant %I to smelt_app', name);
        end if;
        if not pg_has_role(current_user, name, 'member') then
            execute format('grant %I to current_user', name);
        end if;
    end loop;
end
$$;

do $auth$
begin
    if to_regnamespace('auth') is not null then
        return;
    end if;

    create schema auth;
    comment on schema auth is 'Made by Smelt: the minimum of Supabase''s auth schema.';
    grant usage on schema auth to anon, authenticated, service_role;

    create table auth.users (
        id uuid primary key default gen_random_uuid(),
        email text unique,
        created_at timestamptz not null default now()
    );
    revoke all on auth.users from public, anon, authenticated;
    grant select, insert, delete on auth.users to service_role;
    alter table auth.users enable row level security;
    alter table auth.users force row level security;
    create policy service on auth.users to service_role using (true) with check (true);

    create function auth.jwt() returns jsonb language sql stable as $$
        select nullif(current_setting('request.jwt.claims', true), '')::jsonb
    $$;
    create function auth.uid() returns uuid language sql stable as $$
        select nullif(auth.jwt() ->> 'sub', '')::uuid
    $$;
end
$auth$;
