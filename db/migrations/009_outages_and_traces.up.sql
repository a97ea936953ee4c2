-- How long a piece of work has waited for what is away, and which trace it belongs to.
do $$
declare
    name text;
begin
    foreach name in array array['smelt_files', 'smelt_outputs', 'webhook_deliveries', 'schedule_runs'] loop
        execute format('alter table %I add column outage_since timestamptz, add column traceparent text', name);
        -- Said once by the transaction, so that nobody who makes work has to know of traces; null where there is none.
        execute format(
            'alter table %I alter column traceparent set default nullif(current_setting(''smelt.traceparent'', true), '''')',
            name
        );
        -- As W3C's Trace Context has it. Not valid: rows of before have none, and aren't read for it.
        execute format(
            'alter table %I add constraint of_a_trace'
            ' check (traceparent ~ ''^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'') not valid',
            name
        );
    end loop;
end
$$;
