-- Postgres can't take a member out of an enum; the two codes stay, unused.
create index webhook_deliveries_user on webhook_deliveries (user_id, created_at desc);
drop index webhook_deliveries_list;
