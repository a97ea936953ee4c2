-- The few failed among a million completed are found without reading the million. It is the only index in a list's
-- order, because between two Postgres takes the wrong one (db/smelts/reads.py, `list_query`).
drop index smelts_list;
create index smelts_list on smelts (user_id, status, mode, created_at desc, id desc);
