-- For who lists a user's smelts by SQL, newest first: `smelts_list` is in that order for one status and mode at a time.
-- The service's own page is a merge of such walks (db/smelts/reads.py), which this index doesn't serve.
create index smelts_newest on smelts (user_id, created_at desc, id desc);
