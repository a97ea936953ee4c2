do $$
declare
    policy record;
    name text;
begin
    for policy in select policyname, tablename from pg_policies where schemaname = 'public' and tablename = any (array[
        'user_profiles', 'user_api_keys', 'api_tokens', 'deleted_users', 'prompt_sections', 'prompts', 'smelts',
        'smelt_files', 'smelt_outputs', 'webhook_secrets', 'webhook_deliveries', 'schedule_runs', 'fair_tenants',
        'anonymous_usage', 'platform_usage'
    ]) loop
        execute format('drop policy %I on %I', policy.policyname, policy.tablename);
    end loop;
    foreach name in array array[
        'user_profiles', 'user_api_keys', 'api_tokens', 'deleted_users', 'prompt_sections', 'prompts', 'smelts',
        'smelt_files', 'smelt_outputs', 'webhook_secrets', 'webhook_deliveries', 'schedule_runs', 'fair_tenants',
        'anonymous_usage', 'platform_usage'
    ] loop
        execute format('alter table %I no force row level security', name);
        execute format('alter table %I disable row level security', name);
        execute format('revoke all on %I from anon, authenticated, service_role', name);
    end loop;
end
$$;
revoke select on smelt_meta.migrations from service_role;
revoke usage on schema smelt_meta from service_role;
