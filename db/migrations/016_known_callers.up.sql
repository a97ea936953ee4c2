-- Takes in a smelt of a caller whose profile and tier are known from the last one: all that is asked before a body is read
-- is asked here, and then what `admit` does is done. Returns whether the operator holds the tenant. Locks what `admit` does.
--
-- Raises wherever not all is well, so that a commit may be sent along: which of it, and what the answer is, a look before
-- the next try tells. `token`: of a machine, whose use is noted as `standing` does.
create function smelt_meta.admit_known(
    token bytea, smelt uuid, owner uuid, of_tenant text, of_tier public.tier,
    file_ids uuid[], kinds public.input_type[], media_types text[], filenames text[], sizes bigint[],
    file_costs double precision[],
    output_ids uuid[], targets uuid[], prompts public.default_prompt_name[], output_costs double precision[],
    anonymous_daily integer, platform_daily_cap integer, uncharged_daily integer, weekly integer,
    key_check_seconds double precision, local_user uuid
) returns boolean language plpgsql set search_path = ''
set plan_cache_mode = 'force_custom_plan' set enable_seqscan = off set jit = off as $$
declare
    used record;
    held boolean;
begin
    perform set_config('plan_cache_mode', smelt_meta.plans(), true);
    if token is not null then
        select t.id, t.last_used_at into used from public.api_tokens t
        where t.token_hash = token and t.user_id = owner and coalesce(t.expires_at > now(), true);
        if not found then
            raise exception 'not as known';
        end if;
        if coalesce(used.last_used_at < now() - interval '1 minute', true) then
            update public.api_tokens t set last_used_at = now() where t.id = used.id;
        end if;
    end if;
    perform from public.user_profiles p
    where p.user_id = owner and (p.api_key_status = 'valid') = (of_tier = 'own_key');
    if not found then
        raise exception 'not as known';
    end if;
    if smelt_meta.reserve(
        owner, of_tenant, of_tier, anonymous_daily, uncharged_daily, weekly, key_check_seconds, local_user
    ) is not null then
        raise exception 'not as known';
    end if;
    held := smelt_meta.insert_parts(
        smelt, of_tenant, file_ids, kinds, media_types, filenames, sizes, file_costs,
        output_ids, targets, prompts, output_costs
    );
    if of_tier not in ('own_key', 'local') and not smelt_meta.take_platform_use(platform_daily_cap) then
        raise exception 'not as known';
    end if;
    return held;
end
$$;

do $$
declare
    name regprocedure;
begin
    select oid::regprocedure into strict name from pg_proc
    where pronamespace = 'smelt_meta'::regnamespace and proname = 'admit_known';
    execute format('revoke all on function %s from public, anon, authenticated, service_role', name);
    execute format('grant execute on function %s to service_role', name);
end
$$;
