-- Who sees what. Supabase grants everything on new tables to its roles, and then a column revoke does nothing:
-- so revoke all first, then grant. Users write their prompts and nothing else; a user who could write a smelt's
-- row could grant themselves work. Row-level security is forced, so that it holds for the owner too.

grant usage on schema public to anon, authenticated, service_role;
-- The service deletes users by a function in it, and /readyz compares the schema's version with the newest that the
-- service knows.
grant usage on schema smelt_meta to service_role;
grant select on smelt_meta.migrations to service_role;

do $$
declare
    name text;
begin
    foreach name in array array[
        'user_profiles', 'user_api_keys', 'api_tokens', 'deleted_users', 'prompt_sections', 'prompts', 'smelts',
        'smelt_files', 'smelt_outputs', 'webhook_secrets', 'webhook_deliveries', 'schedule_runs', 'fair_tenants',
        'anonymous_usage', 'platform_usage'
    ] loop
        execute format('revoke all on %I from public, anon, authenticated, service_role', name);
        execute format('grant select, insert, update, delete on %I to service_role', name);
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy service on %I to service_role using (true) with check (true)', name);
    end loop;
end
$$;
revoke delete on deleted_users from service_role;  -- a deleted user is never forgotten to be one

-- Own rows, read only ---------------------------------------------------------------------------------------

grant select on user_profiles to authenticated;
create policy own on user_profiles for select to authenticated using ((select auth.uid()) = user_id);

grant select (user_id, last_four, validated_at, created_at, updated_at, checked_at) on user_api_keys to authenticated;
create policy own on user_api_keys for select to authenticated using ((select auth.uid()) = user_id);

grant select (id, user_id, name, last_four, last_used_at, expires_at, created_at) on api_tokens to authenticated;
create policy own on api_tokens for select to authenticated using ((select auth.uid()) = user_id);

grant select (id, user_id, smelt_id, event, smelt_version, response_status, status, error_code, attempt, failures,
    run_at, created_at, updated_at, started_at, finished_at, waiting_for) on webhook_deliveries to authenticated;
create policy own on webhook_deliveries for select to authenticated using ((select auth.uid()) = user_id);

grant select (id, user_id, usage_date, tier, mode, status, error_code, default_prompt_names, user_prompt_id,
    language, webhook_url, warnings, content_ttl_seconds, content_expires_at, content_deleted_at, version,
    charged_at, created_at, updated_at, finished_at) on smelts to authenticated, anon;
create policy own on smelts for select to authenticated using ((select auth.uid()) = user_id);
create policy token on smelts for select to anon using (
    user_id is null and id = (select (auth.jwt() ->> 'smelt_id')::uuid)
);

-- The parts are seen with their smelt: its own policies decide.
grant select (id, smelt_id, position, input_type, media_type, filename, size_bytes, duration_seconds, language,
    status, error_code, attempt, progress, created_at, updated_at, started_at, finished_at, waiting_for, warnings)
    on smelt_files to authenticated, anon;
create policy own on smelt_files for select to authenticated, anon using (
    exists (select from smelts where smelts.id = smelt_files.smelt_id)
);

grant select (id, smelt_id, file_id, position, default_prompt_name, is_user_prompt, model, input_tokens,
    output_tokens, status, error_code, attempt, progress, created_at, updated_at, started_at, finished_at, waiting_for)
    on smelt_outputs to authenticated, anon;
create policy own on smelt_outputs for select to authenticated, anon using (
    exists (select from smelts where smelts.id = smelt_outputs.smelt_id)
);

-- Own rows, to be written -----------------------------------------------------------------------------------

grant select, delete on prompt_sections to authenticated;
grant insert (id, user_id, title, position) on prompt_sections to authenticated;
grant update (title, position, updated_at) on prompt_sections to authenticated;
create policy own on prompt_sections to authenticated
    using ((select auth.uid()) = user_id) with check ((select auth.uid()) = user_id);

grant select, delete on prompts to authenticated;
grant insert (id, user_id, section_id, title, body, position) on prompts to authenticated;
grant update (section_id, title, body, position, updated_at) on prompts to authenticated;
create policy own on prompts to authenticated
    using ((select auth.uid()) = user_id) with check ((select auth.uid()) = user_id);
