-- Postgres can't take a member out of an enum; the two codes stay, unused.
alter table smelt_files drop column warnings;
