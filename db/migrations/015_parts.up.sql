-- A client may cancel one file of a smelt that is combined: what is combined is made of the files that have completed. Until
-- now these were all of them, or none.

-- A claimed output's job, its sources in the files' order; raises the smelt's version. Locks the smelt's row.
create or replace function smelt_meta.begin_output(
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
        from public.smelt_files f where f.smelt_id = mine.smelt_id and f.status = 'completed';
    end if;
end
$$;

-- The rule of pipeline/outcome.py, which a test holds against it: what was combined without a canceled file stays a result,
-- and is charged, if that file is taken back to work and fails.
create or replace function smelt_meta.outcome(
    of_mode public.smelt_mode, files_failed bigint, recordings_completed bigint, outputs bigint, outputs_completed bigint,
    out status public.smelt_status, out code public.error_code
) language plpgsql immutable set search_path = '' as $$
begin
    if of_mode = 'combine' and outputs > 0 and outputs_completed = 0 and files_failed > 0 then
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
