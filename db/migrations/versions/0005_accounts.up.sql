-- A deleted user's sign-in token may live on for a while: it must not bring the account back. All that is kept to tell
-- is a keyed hash of the user's id, and when.
create table deleted_users (
    user_hash bytea primary key,
    deleted_at timestamptz not null default now()
);
revoke all on deleted_users from public, anon, authenticated, service_role;
grant select, insert, update on deleted_users to service_role;
alter table deleted_users enable row level security;
alter table deleted_users force row level security;
create policy service on deleted_users to service_role using (true) with check (true);

-- Smelts that ended without a charge, counted by day: deleting such a smelt doesn't make it uncounted.
alter table user_profiles
    add column uncharged integer not null default 0 check (uncharged >= 0),
    add column uncharged_on date;  -- the UTC day that `uncharged` counts
alter table anonymous_usage add column given_back integer not null default 0 check (given_back >= 0);
