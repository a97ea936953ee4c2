-- The role belongs to the whole cluster: it stays.
drop view smelt_meta.queue_depth;
revoke usage on schema smelt_meta from smelt_monitor;
