drop index smelts_list;
create index smelts_list on smelts (user_id, created_at desc, id desc);
