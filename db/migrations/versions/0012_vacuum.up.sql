-- Every piece of work leaves three or four dead rows. By default they are cleared away once they are a fifth of the
-- table: of ten million that have ended, two million dead ones, which lie at the very head of the claim index.
do $$
declare
    name text;
begin
    foreach name in array array['smelts', 'smelt_files', 'smelt_outputs', 'webhook_deliveries', 'user_profiles'] loop
        execute format(
            'alter table %I set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)', name
        );
    end loop;
end
$$;
-- No query used it, and it kept every raised version of a smelt from staying on its page.
drop index smelts_open;
