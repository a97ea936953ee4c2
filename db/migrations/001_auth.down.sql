-- The auth schema holds the users, and the roles belong to the whole cluster: neither is ever dropped.
select 1;
