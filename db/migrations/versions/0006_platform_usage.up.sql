create table platform_usage (
    date_utc date primary key,
    deleted integer not null check (deleted >= 0)
);
revoke all on platform_usage from public, anon, authenticated, service_role;
grant select, insert, update, delete on platform_usage to service_role;
alter table platform_usage enable row level security;
alter table platform_usage force row level security;
create policy service on platform_usage to service_role using (true) with check (true);
