-- What the hot path does in one exchange each: an output is claimed with what its worker needs, and finished with all that
-- hangs on it. Each says what it locks, in the order of db/locks.py. Run by the service role alone, with its own rights.
--
-- The outermost plan once for each session: planning took more than half of Postgres's time for a smelt.

-- Whether plans are kept: once the tables have some hundreds of rows. While a table is a page long any index is as good as
-- the right one, or as none, and a plan that was made then would read all of a table that has grown since, until Postgres
-- has counted it again.
create function smelt_meta.plans() returns text language plpgsql stable set search_path = '' as $$
begin
    return case when least(
        pg_relation_size('public.smelts'), pg_relation_size('public.smelt_files'),
        pg_relation_size('public.smelt_outputs')
    ) < 128 * 1024 then 'force_custom_plan' else 'force_generic_plan' end;
end
$$;

-- The rule of pipeline/outcome.py, which a test holds against it.
create function smelt_meta.outcome(
    of_mode public.smelt_mode, files_failed bigint, recordings_completed bigint, outputs bigint, outputs_completed bigint,
    out status public.smelt_status, out code public.error_code
) language plpgsql immutable set search_path = '' as $$
begin
    if of_mode = 'combine' and outputs > 0 and files_failed > 0 then
        status := 'failed';
        code := 'file_failed';
    elsif (case when outputs > 0 then outputs_completed else recordings_completed end) > 0 then
        status := 'completed';
    else
        status := 'failed';
        code := 'nothing_completed';
    end if;
end
$$;

-- The rule of pipeline/fairness.py's `finish_times`, likewise: a finish time for each cost, in order, and where the
-- tenant's next piece starts.
create function smelt_meta.finish_times(
    last_tag double precision, virtual_time double precision, costs double precision[],
    out keys double precision[], out next_tag double precision
) language plpgsql immutable set search_path = '' as $$
declare
    cost double precision;
begin
    keys := '{}';
    next_tag := greatest(last_tag, virtual_time);
    foreach cost in array costs loop
        keys := keys || (next_tag + least(cost, 300));  -- SHORT_SECONDS
        next_tag := next_tag + cost;
    end loop;
end
$$;

-- Gives work of a tenant's its finish times. Locks the tenant's row of the fair queue until the transaction ends.
create function smelt_meta.take_finish_times(of_queue text, of_tenant text, costs double precision[])
returns double precision[] language plpgsql set search_path = '' as $$
declare
    own double precision;
    present double precision;
    given record;
begin
    loop
        select t.last_tag into own from public.fair_tenants t
        where t.queue = of_queue and t.tenant = of_tenant for no key update;
        exit when found;
        insert into public.fair_tenants (queue, tenant, last_tag) values (of_queue, of_tenant, 0)
        on conflict (queue, tenant) do nothing;
    end loop;
    -- The smallest that waits; with none waiting the latest given, for then all have been claimed.
    present := case of_queue
        when 'transcribe' then (select min(w.fair_key) from public.smelt_files w where w.status = 'pending')
        when 'synthesize' then (select min(w.fair_key) from public.smelt_outputs w where w.status = 'pending')
        when 'deliver' then (select min(w.fair_key) from public.webhook_deliveries w where w.status = 'pending')
    end;
    if present is null then
        select max(t.last_tag) into present from public.fair_tenants t where t.queue = of_queue;
    end if;
    select * into given from smelt_meta.finish_times(own, present, costs);
    update public.fair_tenants t set last_tag = given.next_tag, updated_at = now()
    where t.queue = of_queue and t.tenant = of_tenant;
    return given.keys;
end
$$;

-- Ends an unfinished smelt, whose row is locked: its outcome, its content's deadline, its charge and its webhook, whose
-- id is `delivery`. Locks the owner's profile or the address's row of that day, then the tenant's row of the fair queue.
--
-- A completed smelt is charged, and a canceled one that has a result already: else whoever takes the first results and
-- cancels late would work for free. What ends without a charge is counted, because it was work too.
create function smelt_meta.settle(
    smelt public.smelts, ended public.smelt_status, code public.error_code, has_result boolean, delivery uuid,
    out seconds double precision, out charged boolean, out delivers boolean
) language plpgsql set search_path = '' as $$
declare
    final record;
    due constant boolean := ended = 'completed' or (ended = 'canceled' and has_result);
begin
    charged := due and smelt.tier = 'credits' and smelt.charged_at is null;
    delivers := false;
    update public.smelts s set status = ended, error_code = code, finished_at = now(), updated_at = now(),
        version = s.version + 1, charged_at = case when charged then now() else s.charged_at end,
        content_expires_at = least(s.content_expires_at, now() + make_interval(secs => s.content_ttl_seconds))
    where s.id = smelt.id and s.finished_at is null
    returning s.version, s.webhook_url, extract(epoch from now() - s.created_at) as seconds into final;
    if not found then
        charged := false;
        return;
    end if;
    seconds := final.seconds;
    if charged then
        update public.user_profiles p set credits_remaining = greatest(p.credits_remaining - 1, 0), updated_at = now()
        where p.user_id = smelt.user_id;
    elsif due then
        null;
    elsif smelt.tier = 'anonymous' then
        update public.anonymous_usage u set count = u.count - 1, given_back = u.given_back + 1
        where u.ip_hash = substr(smelt.tenant, 4) and u.date_utc = smelt.usage_date and u.count > 0;
    elsif smelt.tier = 'credits' and smelt.charged_at is null then
        update public.user_profiles p set uncharged_on = (now() at time zone 'utc')::date, updated_at = now(),
            uncharged = 1 + case when p.uncharged_on = (now() at time zone 'utc')::date then p.uncharged else 0 end
        where p.user_id = smelt.user_id;
    end if;
    if final.webhook_url is not null then
        insert into public.webhook_deliveries (id, user_id, smelt_id, event, smelt_version)
        values (delivery, smelt.user_id, smelt.id, 'smelt.' || ended, final.version)
        on conflict (smelt_id, event, smelt_version) do nothing;
        if found then
            delivers := true;
            update public.webhook_deliveries d set status = 'pending', updated_at = now(), cost = 1,
                fair_key = (smelt_meta.take_finish_times('deliver', smelt.tenant, array[1]))[1]
            where d.id = delivery;
        end if;
    end if;
end
$$;

-- Settles a smelt, whose row is locked, if no part is left; else moves it to `synthesizing` once no file is. Raises its
-- version. `status` and what follows: how it has ended, or null.
create function smelt_meta.advance(
    smelt public.smelts, delivery uuid,
    out status public.smelt_status, out seconds double precision, out charged boolean, out delivers boolean
) language plpgsql set search_path = '' as $$
declare
    files_left boolean;
    files record;
    outputs record;
    ended record;
begin
    files_left := exists (
        select from public.smelt_files f
        where f.smelt_id = smelt.id and f.status in ('waiting', 'pending', 'processing')
    );
    if files_left or exists (
        select from public.smelt_outputs o
        where o.smelt_id = smelt.id and o.status in ('waiting', 'pending', 'processing')
    ) then
        update public.smelts s set version = s.version + 1, updated_at = now(), status = case
            when not files_left and s.status in ('pending', 'transcribing') then 'synthesizing' else s.status end
        where s.id = smelt.id;
        return;
    end if;
    select count(*) filter (where f.status = 'failed') as failed,
        count(*) filter (where f.status = 'completed' and f.input_type = 'audio') as recordings
        into files from public.smelt_files f where f.smelt_id = smelt.id;
    select count(*) as total, count(*) filter (where o.status = 'completed') as completed
        into outputs from public.smelt_outputs o where o.smelt_id = smelt.id;
    select * into ended from smelt_meta.outcome(
        smelt.mode, files.failed, files.recordings, outputs.total, outputs.completed
    );
    -- An outcome is no cancellation: whether there is a result plays no part.
    select ended.status, s.seconds, s.charged, s.delivers into status, seconds, charged, delivers
    from smelt_meta.settle(smelt, ended.status, ended.code, false, delivery) s;
end
$$;

-- The claimable output with the smallest virtual finish time, leased for so many seconds, or none; what its worker has to
-- know is there too, and its smelt's version is raised, where nobody else has locked the smelt: `begun`. Else the worker
-- asks for that by itself.
--
-- Locks the output, passing over what others have locked, and then the smelt, against the order of locks: so it waits for
-- neither.
create function smelt_meta.claim_output(lease double precision, only_short boolean)
returns table (
    id uuid, attempt integer, failures integer, more boolean, leased_until timestamptz, waited double precision,
    outage double precision, trace text, begun boolean, smelt_id uuid, tenant text, user_id uuid, tier text,
    content_key bytea, prompt text, cost double precision, sources uuid[], filenames text[], kinds text[], attempts integer[],
    with_speakers boolean[]
) language plpgsql set search_path = ''
set plan_cache_mode = 'force_custom_plan' set enable_seqscan = off set jit = off as $$
declare
    next record;
    mine public.smelt_outputs;
    smelt record;
begin
    perform set_config('plan_cache_mode', smelt_meta.plans(), true);
    -- In the very words of the partial indexes' conditions, so that the one that fits is walked.
    if only_short then
        select o.id, o.updated_at into next from public.smelt_outputs o
        where o.status = 'pending' and o.cost <= 30
            and not exists (select from public.holds h where h.queue = 'synthesize')
        order by o.fair_key, o.id limit 1 for update of o skip locked;
    else
        select o.id, o.updated_at into next from public.smelt_outputs o
        where o.status = 'pending' and not exists (select from public.holds h where h.queue = 'synthesize')
        order by o.fair_key, o.id limit 1 for update of o skip locked;
    end if;
    if not found then
        return;
    end if;
    update public.smelt_outputs o set status = 'processing', attempt = o.attempt + 1,
        lease_until = now() + make_interval(secs => lease), started_at = coalesce(o.started_at, now()),
        waiting_for = null, updated_at = now()
    where o.id = next.id returning o.* into mine;
    id := mine.id;
    attempt := mine.attempt;
    failures := mine.failures;
    leased_until := mine.lease_until;
    waited := greatest(0, extract(epoch from now() - next.updated_at));
    outage := coalesce(extract(epoch from now() - mine.outage_since), 0);
    trace := mine.traceparent;
    if only_short then
        select true into more from public.smelt_outputs o where o.status = 'pending' and o.cost <= 30
        order by o.fair_key, o.id limit 1;
    else
        select true into more from public.smelt_outputs o where o.status = 'pending'
        order by o.fair_key, o.id limit 1;
    end if;
    more := coalesce(more, false);
    begun := false;
    smelt_id := mine.smelt_id;
    perform from public.smelts s where s.id = mine.smelt_id for no key update skip locked;
    if found then
        select * into smelt from smelt_meta.begin_output(mine);
        begun := true;
        tenant := smelt.tenant;
        user_id := smelt.user_id;
        tier := smelt.tier;
        content_key := smelt.content_key;
        prompt := mine.default_prompt_name;
        cost := mine.cost;
        sources := smelt.sources;
        filenames := smelt.filenames;
        kinds := smelt.kinds;
        attempts := smelt.attempts;
        with_speakers := smelt.with_speakers;
    end if;
    return next;
end
$$;

-- A claimed output's job, its sources in the files' order; raises the smelt's version. Locks the smelt's row.
create function smelt_meta.begin_output(
    mine public.smelt_outputs,
    out tenant text, out user_id uuid, out tier text, out content_key bytea,
    out sources uuid[], out filenames text[], out kinds text[], out attempts integer[],
    out with_speakers boolean[]
) language plpgsql set search_path = '' as $$
begin
    update public.smelts s set version = s.version + 1, updated_at = now(),
        status = case when s.status in ('pending', 'transcribing') and not exists (
            select from public.smelt_files f
            where f.smelt_id = s.id and f.status in ('waiting', 'pending', 'processing')
        ) then 'synthesizing' else s.status end
    where s.id = mine.smelt_id
    returning s.tenant, s.user_id, s.tier, s.content_key into tenant, user_id, tier, content_key;
    if mine.file_id is not null then
        select array[f.id], array[f.filename], array[f.input_type::text], array[f.attempt],
            array[f.speaker_seconds is not null]
        into sources, filenames, kinds, attempts, with_speakers from public.smelt_files f where f.id = mine.file_id;
    else
        select array_agg(f.id order by f.position), array_agg(f.filename order by f.position),
            array_agg(f.input_type::text order by f.position), array_agg(f.attempt order by f.position),
            array_agg(f.speaker_seconds is not null order by f.position)
        into sources, filenames, kinds, attempts, with_speakers
        from public.smelt_files f where f.smelt_id = mine.smelt_id;
    end if;
end
$$;

-- Records a result that lies in the content store under this attempt, and moves the smelt on. `ours`: false if the claim
-- was lost, and then nothing has changed. Locks the smelt's row, then the output's, and what `settle` does.
create function smelt_meta.finish_output(
    part uuid, held integer, made_by text, tokens_read bigint, tokens_written bigint, delivery uuid,
    out ours boolean, out smelt_id uuid, out tier text,
    out status public.smelt_status, out seconds double precision, out charged boolean, out delivers boolean
) language plpgsql set search_path = ''
set plan_cache_mode = 'force_custom_plan' set enable_seqscan = off set jit = off as $$
declare
    smelt public.smelts;
begin
    perform set_config('plan_cache_mode', smelt_meta.plans(), true);
    ours := false;
    select o.smelt_id into smelt_id from public.smelt_outputs o where o.id = part;
    select * into smelt from public.smelts s where s.id = smelt_id for update;
    if not found then
        return;
    end if;
    update public.smelt_outputs o set status = 'completed', progress = 1, finished_at = now(), lease_until = null,
        updated_at = now(), waiting_for = null, model = made_by, input_tokens = tokens_read,
        output_tokens = tokens_written
    where o.id = part and o.attempt = held and o.status = 'processing';
    if not found then
        return;
    end if;
    ours := true;
    tier := smelt.tier;
    select a.status, a.seconds, a.charged, a.delivers into status, seconds, charged, delivers
    from smelt_meta.advance(smelt, delivery) a;
end
$$;

-- The rule of pipeline/credits.py's `under`, likewise.
create function smelt_meta.credits_under(
    remaining integer, weekly_max integer, weekly integer, out remaining_now integer, out weekly_max_now integer
) language plpgsql immutable set search_path = '' as $$
declare
    used constant integer := weekly_max - remaining;
begin
    remaining_now := greatest(0, weekly - used);
    weekly_max_now := greatest(weekly, used);
end
$$;

-- The credits that remain, held until the transaction ends; or why the user may have none now. Locks the profile.
--
-- Where the setting has been raised since they were given the profile is filled up: charging takes from what is stored,
-- and never below none.
create function smelt_meta.hold_credits(
    owner uuid, uncharged_daily integer, weekly integer, out refused text, out remaining integer
) language plpgsql set search_path = '' as $$
declare
    profile record;
    held record;
begin
    select p.credits_remaining, p.weekly_credits_max,
        case when p.uncharged_on = (now() at time zone 'utc')::date then p.uncharged else 0 end as uncharged_today
    into profile from public.user_profiles p where p.user_id = owner for no key update;
    if not found then
        refused := 'user_gone';
        return;
    end if;
    if profile.uncharged_today >= uncharged_daily then
        refused := 'daily_limit_reached';
        return;
    end if;
    select * into held from smelt_meta.credits_under(profile.credits_remaining, profile.weekly_credits_max, weekly);
    if held.weekly_max_now > profile.weekly_credits_max then
        update public.user_profiles p set credits_remaining = held.remaining_now,
            weekly_credits_max = held.weekly_max_now, updated_at = now()
        where p.user_id = owner;
    end if;
    remaining := held.remaining_now;
end
$$;

-- Takes one smelt, whose row is there already, from the caller's allowance. Returns why it can't, or null. Locks the
-- address's row of today, or the user's profile, and at the first use of an own API key that key's row.
create function smelt_meta.reserve(
    owner uuid, of_tenant text, of_tier public.tier, anonymous_daily integer, uncharged_daily integer, weekly integer,
    key_check_seconds double precision, local_user uuid
) returns text language plpgsql set search_path = '' as $$
declare
    held record;
    own_key record;
begin
    if owner is null then
        insert into public.anonymous_usage as mine (ip_hash, date_utc, count)
        select substr(of_tenant, 4), (now() at time zone 'utc')::date, 1 where anonymous_daily > 0
        on conflict (ip_hash, date_utc) do update set count = mine.count + 1
        where mine.count < anonymous_daily and mine.given_back < uncharged_daily;
        return case when not found then 'daily_limit_reached' end;
    elsif of_tier = 'credits' then
        select * into held from smelt_meta.hold_credits(owner, uncharged_daily, weekly);
        if held.refused is not null then
            return held.refused;
        end if;
        -- The new smelt is among the unfinished already, so all of them together may use up what remains.
        return case when (
            select count(*) from public.smelts s where s.user_id = owner and s.tier = 'credits'
                and s.charged_at is null and s.status not in ('completed', 'failed', 'canceled')
        ) > held.remaining then 'credits_exhausted' end;
    elsif of_tier = 'local' then
        perform from public.user_profiles p where p.user_id = owner for no key update;
        return case when not found then 'user_gone'
            when owner is distinct from local_user then 'credits_exhausted' end;
    end if;
    -- The key stays valid until the transaction ends, and this use of it is noted: once the provider's last word on it is
    -- old, it is asked again.
    select p.api_key_status, k.check_at into own_key
    from public.user_profiles p left join public.user_api_keys k using (user_id)
    where p.user_id = owner for no key update of p;
    if not found or own_key.api_key_status <> 'valid' then
        return 'key_not_valid';
    end if;
    if own_key.check_at is null then
        update public.user_api_keys k set check_at = greatest(
            now(), coalesce(k.checked_at, k.validated_at) + make_interval(secs => key_check_seconds)
        ) where k.user_id = owner and k.check_at is null;
    end if;
    return null;
end
$$;

-- Counts one more of the day's smelts on the platform's own key; false if that would be more than `cap`. Locks the day's
-- row until the transaction ends. It is everybody's, so it is the last of all locks, and nothing but the commit is to
-- follow.
create function smelt_meta.take_platform_use(cap integer) returns boolean language plpgsql set search_path = '' as $$
begin
    insert into public.platform_usage as mine (date_utc, taken)
    select (now() at time zone 'utc')::date, 1 where cap > 0
    on conflict (date_utc) do update set taken = mine.taken + 1 where mine.taken < cap;
    return found;
end
$$;

-- A new smelt's files and outputs, each written once: with its finish time where it has a cost, which says that it is
-- ready from the start. Texts have nothing to wait for. `held`: whether the operator holds the tenant, so that nothing is
-- claimable. Locks the tenant's rows of the fair queue.
create function smelt_meta.insert_parts(
    smelt uuid, of_tenant text,
    file_ids uuid[], kinds public.input_type[], media_types text[], filenames text[], sizes bigint[],
    file_costs double precision[],
    output_ids uuid[], targets uuid[], prompts public.default_prompt_name[], output_costs double precision[],
    out held boolean
) language plpgsql set search_path = '' as $$
declare
    ready constant double precision[] := array_remove(file_costs, null);
    outputs_ready constant double precision[] := array_remove(output_costs, null);
    file_keys double precision[];
    output_keys double precision[];
begin
    if cardinality(ready) > 0 then
        file_keys := smelt_meta.take_finish_times('transcribe', of_tenant, ready);
    end if;
    if cardinality(outputs_ready) > 0 then
        output_keys := smelt_meta.take_finish_times('synthesize', of_tenant, outputs_ready);
    end if;
    insert into public.smelt_files (id, smelt_id, position, input_type, media_type, filename, size_bytes, status,
        fair_key, cost, progress, finished_at)
    select f.id, smelt, f.place - 1, f.kind, f.media_type, f.filename, f.size,
        case f.kind when 'text' then 'completed'::public.work_status else 'pending' end,
        case when f.cost is not null then file_keys[f.turn] end, coalesce(f.cost, 0),
        case f.kind when 'text' then 1 else 0 end, case f.kind when 'text' then now() end
    from (
        select *, count(given.cost) over (order by given.place) as turn
        from unnest(file_ids, kinds, media_types, filenames, sizes, file_costs)
            with ordinality as given (id, kind, media_type, filename, size, cost, place)
    ) f;
    insert into public.smelt_outputs (id, smelt_id, file_id, position, default_prompt_name, is_user_prompt, status,
        fair_key, cost)
    select o.id, smelt, o.file_id, o.place - 1, o.prompt, o.prompt is null,
        case when o.cost is null then 'waiting'::public.work_status else 'pending' end,
        case when o.cost is not null then output_keys[o.turn] end, coalesce(o.cost, 0)
    from (
        select *, count(given.cost) over (order by given.place) as turn
        from unnest(output_ids, targets, prompts, output_costs)
            with ordinality as given (id, file_id, prompt, cost, place)
    ) o;
    held := exists (
        select from public.holds h where h.queue is null and h.tenant = of_tenant and h.moves is null
    );
end
$$;

-- Takes in a smelt whose row is there already: its allowance, its parts, the day's count. `refused`: why it can't; then the
-- transaction is to be rolled back. Locks the allowance, the tenant's rows of the fair queue, the day's count.
create function smelt_meta.admit(
    smelt uuid, owner uuid, of_tenant text, of_tier public.tier,
    file_ids uuid[], kinds public.input_type[], media_types text[], filenames text[], sizes bigint[],
    file_costs double precision[],
    output_ids uuid[], targets uuid[], prompts public.default_prompt_name[], output_costs double precision[],
    anonymous_daily integer, platform_daily_cap integer, uncharged_daily integer, weekly integer,
    key_check_seconds double precision, local_user uuid,
    out refused text, out held boolean
) language plpgsql set search_path = ''
set plan_cache_mode = 'force_custom_plan' set enable_seqscan = off set jit = off as $$
begin
    perform set_config('plan_cache_mode', smelt_meta.plans(), true);
    refused := smelt_meta.reserve(
        owner, of_tenant, of_tier, anonymous_daily, uncharged_daily, weekly, key_check_seconds, local_user
    );
    if refused is null then
        held := smelt_meta.insert_parts(
            smelt, of_tenant, file_ids, kinds, media_types, filenames, sizes, file_costs,
            output_ids, targets, prompts, output_costs
        );
        if of_tier not in ('own_key', 'local') and not smelt_meta.take_platform_use(platform_daily_cap) then
            refused := 'busy';
        end if;
    end if;
end
$$;

-- All that a post asks of a user before its body is read: the profile, by the user's id or by a machine token, of which the
-- use is noted when the last is a minute old; what is used up; and the smelt of the last day under this idempotency key.
-- No row: there is no such profile or token.
create function smelt_meta.standing(given_owner uuid, token bytea, of_key text)
returns table (
    owner uuid, credits_remaining integer, weekly_credits_max integer, credits_reset_at timestamptz, api_key_status text,
    api_key_validated_at timestamptz, uncharged_today integer, unfinished bigint, platform_taken bigint,
    existing uuid, existing_tier text, existing_fingerprint bytea, existing_created_at timestamptz
) language plpgsql set search_path = ''
set plan_cache_mode = 'force_custom_plan' set enable_seqscan = off set jit = off as $$
declare
    used record;
begin
    perform set_config('plan_cache_mode', smelt_meta.plans(), true);
    owner := given_owner;
    if token is not null then
        select t.id, t.user_id, t.last_used_at into used from public.api_tokens t
        where t.token_hash = token and coalesce(t.expires_at > now(), true);
        if not found then
            return;
        end if;
        owner := used.user_id;
        if coalesce(used.last_used_at < now() - interval '1 minute', true) then
            update public.api_tokens t set last_used_at = now() where t.id = used.id;
        end if;
    end if;
    select p.credits_remaining, p.weekly_credits_max, p.credits_reset_at, p.api_key_status, p.api_key_validated_at,
        case when p.uncharged_on = (now() at time zone 'utc')::date then p.uncharged else 0 end
    into credits_remaining, weekly_credits_max, credits_reset_at, api_key_status, api_key_validated_at, uncharged_today
    from public.user_profiles p where p.user_id = owner;
    if not found then
        return;
    end if;
    select count(*) into unfinished from public.smelts s where s.user_id = owner and s.tier = 'credits'
        and s.charged_at is null and s.status not in ('completed', 'failed', 'canceled');
    select coalesce(sum(u.taken), 0) into platform_taken
    from public.platform_usage u where u.date_utc = (now() at time zone 'utc')::date;
    if of_key is not null then
        select s.id, s.tier, s.request_fingerprint, s.created_at
        into existing, existing_tier, existing_fingerprint, existing_created_at
        from public.smelts s where s.tenant = 'user:' || owner and s.idempotency_key = of_key
            and s.created_at > now() - interval '24 hours';
    end if;
    return next;
end
$$;

do $$
declare
    name regprocedure;
begin
    for name in select oid::regprocedure from pg_proc where pronamespace = 'smelt_meta'::regnamespace and proname in (
        'plans', 'outcome', 'finish_times', 'take_finish_times', 'settle', 'advance', 'claim_output', 'begin_output',
        'finish_output', 'credits_under', 'hold_credits', 'reserve', 'take_platform_use', 'insert_parts', 'admit', 'standing'
    ) loop
        execute format('revoke all on function %s from public, anon, authenticated, service_role', name);
        execute format('grant execute on function %s to service_role', name);
    end loop;
end
$$;
