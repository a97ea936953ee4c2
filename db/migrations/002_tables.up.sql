-- Metadata only: no column here may hold an input's text, a transcript, a result, or a path to one.
-- The enums' members are those of pipeline/states.py; a test compares them.

create type smelt_mode as enum ('separate', 'combine');
create type smelt_status as enum ('pending', 'transcribing', 'synthesizing', 'completed', 'failed', 'canceled');
create type work_status as enum ('waiting', 'pending', 'processing', 'completed', 'failed', 'canceled');
create type input_type as enum ('audio', 'text');
create type tier as enum ('anonymous', 'credits', 'own_key');
create type api_key_status as enum ('none', 'valid', 'invalid');
create type default_prompt_name as enum (
    'summarize', 'action_items', 'detailed_notes', 'qa_format', 'table_of_contents'
);
create type error_code as enum (
    'file_too_large', 'unsupported_format', 'duration_exceeded', 'corrupted_file', 'empty_input', 'no_speech',
    'transcription_failed', 'input_too_long', 'synthesis_failed', 'content_filtered', 'api_key_invalid',
    'api_rate_limited', 'api_quota_exhausted', 'api_unavailable', 'timed_out', 'worker_lost', 'content_expired',
    'file_failed', 'nothing_completed', 'internal_error', 'delivery_failed', 'address_refused', 'no_audio',
    'unsupported_codec'
);
-- Work that waits out an outage says of what. It is nobody's failure, so nothing is counted meanwhile.
create type waiting_for as enum ('content_store', 'language_model');

-- Users ----------------------------------------------------------------------------------------------------

create table user_profiles (
    user_id uuid primary key references auth.users on delete cascade,
    credits_remaining integer not null check (credits_remaining >= 0),
    weekly_credits_max integer not null check (weekly_credits_max >= 0),
    credits_reset_at timestamptz not null,  -- the next Monday 00:00 UTC at which credits are full again
    api_key_status api_key_status not null default 'none',
    api_key_validated_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- Smelts that ended without a charge, counted by day: deleting such a smelt doesn't make it uncounted.
    uncharged integer not null default 0 check (uncharged >= 0),
    uncharged_on date  -- the UTC day that `uncharged` counts
);
create index user_profiles_reset on user_profiles (credits_reset_at);

-- A key that its provider has revoked must not go on admitting work at no cost: while it is used the provider is asked
-- about it again. Only the first use after an answer writes `check_at`.
create table user_api_keys (
    user_id uuid primary key references auth.users on delete cascade,
    ciphertext bytea not null,
    key_id text not null,
    last_four text not null check (char_length(last_four) = 4),
    validated_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    checked_at timestamptz,  -- when the provider last took it again, since it was put
    check_at timestamptz  -- when the provider is to be asked; null: not used since it last was
);
create index user_api_keys_check on user_api_keys (check_at) where check_at is not null;

create table api_tokens (
    id uuid primary key,
    user_id uuid not null references auth.users on delete cascade,
    token_hash bytea not null unique,
    name text not null check (char_length(name) between 1 and 100),
    last_four text not null check (char_length(last_four) = 4),
    last_used_at timestamptz,
    expires_at timestamptz,
    created_at timestamptz not null default now()
);
create index api_tokens_user on api_tokens (user_id, created_at desc);

-- A deleted user's sign-in token may live on for a while: it must not bring the account back. All that is kept to tell
-- is a hash of the user's id, and when. It needs no secret of ours: ids are random, so nobody finds one by trying.
create table deleted_users (
    user_hash bytea primary key,
    deleted_at timestamptz not null default now()
);

-- Prompts --------------------------------------------------------------------------------------------------

-- No two prompts of a section, and no two sections of a user, may stand at one position. Deferred, because a new order
-- passes through states in which two do.

create table prompt_sections (
    id uuid primary key,
    user_id uuid not null references auth.users on delete cascade,
    title text not null check (char_length(title) between 1 and 200),
    position integer not null check (position >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (user_id, id),
    constraint prompt_sections_position unique (user_id, position) deferrable initially deferred
);

create table prompts (
    id uuid primary key,
    user_id uuid not null references auth.users on delete cascade,
    section_id uuid,
    title text not null check (char_length(title) between 1 and 200),
    body text not null check (char_length(body) between 1 and 4000),
    position integer not null check (position >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (user_id, id),
    -- A prompt's section is its owner's; deleting a section keeps its prompts.
    foreign key (user_id, section_id) references prompt_sections (user_id, id) on delete set null (section_id),
    constraint prompts_position
        unique nulls not distinct (user_id, section_id, position) deferrable initially deferred
);

-- Smelts ---------------------------------------------------------------------------------------------------

create table smelts (
    id uuid primary key,
    -- A profile, which goes with the user: nothing but it refers to the user where work is under way. For Postgres
    -- looks at a foreign key anew whenever a transaction changes a row twice, so a worker that ended a smelt would
    -- wait for whoever deletes the user, who waits for the smelt.
    user_id uuid references user_profiles on delete cascade,
    tenant text not null,
    usage_date date not null,
    tier tier not null,
    mode smelt_mode not null,
    status smelt_status not null default 'pending',
    error_code error_code,
    default_prompt_names default_prompt_name[] not null default '{}',
    user_prompt_id uuid,
    language text,
    webhook_url text,
    warnings text[] not null default '{}',
    content_key bytea,  -- wrapped; null once destroyed
    content_ttl_seconds integer not null check (content_ttl_seconds between 60 and 604800),
    content_expires_at timestamptz not null,
    content_deleted_at timestamptz,
    idempotency_key text,
    request_fingerprint bytea,
    version bigint not null default 1,
    charged_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    finished_at timestamptz,
    foreign key (user_id, user_prompt_id) references prompts (user_id, id) on delete set null (user_prompt_id),
    constraint finished_when_terminal check (
        (status in ('completed', 'failed', 'canceled')) = (finished_at is not null)
    ),
    constraint error_when_failed check ((status = 'failed') = (error_code is not null)),
    constraint key_until_deleted check ((content_key is null) = (content_deleted_at is not null)),
    constraint anonymous_has_no_user check ((user_id is null) = (tier = 'anonymous')),
    constraint anonymous_is_plain check (
        tier <> 'anonymous' or (mode = 'separate' and user_prompt_id is null and charged_at is null)
    ),
    constraint charged_when_terminal check (charged_at is null or tier = 'credits'),
    constraint fingerprint_with_key check (idempotency_key is null or request_fingerprint is not null)
);
create unique index smelts_idempotency on smelts (tenant, idempotency_key) where idempotency_key is not null;
-- The few failed among a million completed are found without reading the million. It is the only index that a list is
-- read by, because between two Postgres takes the wrong one (db/smelts/reads.py, `list_query`).
create index smelts_list on smelts (user_id, status, mode, created_at desc, id desc);
-- For who lists a user's smelts by SQL, newest first: `smelts_list` is in that order for one status and mode at a time.
-- The service's own page is a merge of such walks, which this index doesn't serve.
create index smelts_newest on smelts (user_id, created_at desc, id desc);
create index smelts_completed on smelts (user_id, created_at desc) where status = 'completed';
create index smelts_unfinished on smelts (user_id) where status not in ('completed', 'failed', 'canceled');
create index smelts_unfinished_tenant on smelts (tenant) where status not in ('completed', 'failed', 'canceled');
create index smelts_content on smelts (content_expires_at) where content_key is not null;
-- Nobody lists a visitor's smelts, so nobody but the reconciler would ever delete one whose content has been deleted.
create index smelts_visitors on smelts (content_expires_at) where tier = 'anonymous' and content_key is null;

-- Work -----------------------------------------------------------------------------------------------------

-- The columns that make a row a piece of work: the same on four tables, handled by one module (db/work/claims.py).
create temporary table work_columns (
    status work_status not null default 'waiting',
    error_code error_code,
    attempt integer not null default 0 check (attempt >= 0),    -- the fence: only ever rises
    failures integer not null default 0 check (failures >= 0),  -- the budget: errors and rescues
    run_at timestamptz,
    lease_until timestamptz,
    fair_key double precision,
    cost double precision not null default 0 check (cost >= 0),  -- estimated seconds of work
    progress real not null default 0 check (progress between 0 and 1),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    waiting_for waiting_for,
    constraint finished_when_terminal check (
        (status in ('completed', 'failed', 'canceled')) = (finished_at is not null)
    ),
    constraint error_when_failed check ((status = 'failed') = (error_code is not null)),
    constraint leased_while_processing check ((status = 'processing') = (lease_until is not null)),
    constraint tagged_when_claimable check (status <> 'pending' or fair_key is not null),
    constraint due_only_when_waiting check (run_at is null or status = 'waiting'),
    constraint waits_while_unfinished check (waiting_for is null or finished_at is null)
) on commit drop;

create table smelt_files (
    id uuid primary key,
    smelt_id uuid not null references smelts on delete cascade,
    position integer not null check (position >= 0),
    input_type input_type not null,
    media_type text,  -- the container that was sniffed; null for text
    filename text not null check (char_length(filename) between 1 and 255),
    size_bytes bigint not null check (size_bytes > 0),
    duration_seconds double precision check (duration_seconds >= 0),
    language text,
    like work_columns including defaults including constraints,
    -- Sentences of the service's own with times in them (pipeline/speech/caveats.py), nothing of what was said.
    warnings text[] not null default '{}',
    unique (smelt_id, position),
    unique (smelt_id, id),
    constraint audio_has_container check ((input_type = 'audio') = (media_type is not null))
);

create table smelt_outputs (
    id uuid primary key,
    smelt_id uuid not null references smelts on delete cascade,
    file_id uuid,  -- null: of all files together
    position integer not null check (position >= 0),
    default_prompt_name default_prompt_name,
    is_user_prompt boolean not null,
    model text,
    input_tokens bigint check (input_tokens >= 0),
    output_tokens bigint check (output_tokens >= 0),
    like work_columns including defaults including constraints,
    foreign key (smelt_id, file_id) references smelt_files (smelt_id, id) on delete cascade,
    unique nulls not distinct (smelt_id, file_id, default_prompt_name),
    constraint one_prompt check (is_user_prompt = (default_prompt_name is null))
);
create index smelt_outputs_file on smelt_outputs (file_id) where file_id is not null;

create table webhook_secrets (
    id uuid primary key,
    user_id uuid not null references auth.users on delete cascade,
    ciphertext bytea not null,
    key_id text not null,
    expires_at timestamptz,  -- set once a newer one has taken over
    created_at timestamptz not null default now()
);
create index webhook_secrets_user on webhook_secrets (user_id, created_at desc);

create table webhook_deliveries (
    id uuid primary key,
    user_id uuid not null,  -- no foreign key: a delivery goes with its smelt
    smelt_id uuid not null references smelts on delete cascade,
    event text not null,
    smelt_version bigint not null,
    response_status integer,
    like work_columns including defaults including constraints,
    unique (smelt_id, event, smelt_version)
);
create index webhook_deliveries_list on webhook_deliveries (user_id, created_at desc, id desc);

create table schedule_runs (
    id uuid primary key,
    job text not null,
    period timestamptz not null,  -- the moment that the run stands for
    like work_columns including defaults including constraints,
    unique (job, period)
);

-- Claims read the first of these, the reconciler the other two; rows that aren't due stay out of the first.
create index smelt_files_claim on smelt_files (fair_key, id) where status = 'pending';
-- The bound is SHORT_SECONDS of pipeline/fairness.py; a test compares them.
create index smelt_files_claim_short on smelt_files (fair_key, id) where status = 'pending' and cost <= 300;
create index smelt_files_lease on smelt_files (lease_until) where status = 'processing';
create index smelt_files_due on smelt_files (run_at) where status = 'waiting' and run_at is not null;
create index smelt_files_unfinished on smelt_files (smelt_id)
    where status in ('waiting', 'pending', 'processing');
create index smelt_outputs_claim on smelt_outputs (fair_key, id) where status = 'pending';
-- The bound is SHORT_OUTPUT_SECONDS of pipeline/fairness.py; a test compares them.
create index smelt_outputs_claim_short on smelt_outputs (fair_key, id) where status = 'pending' and cost <= 30;
create index smelt_outputs_lease on smelt_outputs (lease_until) where status = 'processing';
create index smelt_outputs_due on smelt_outputs (run_at) where status = 'waiting' and run_at is not null;
create index smelt_outputs_unfinished on smelt_outputs (smelt_id)
    where status in ('waiting', 'pending', 'processing');
create index webhook_deliveries_claim on webhook_deliveries (fair_key, id) where status = 'pending';
create index webhook_deliveries_lease on webhook_deliveries (lease_until) where status = 'processing';
create index webhook_deliveries_due on webhook_deliveries (run_at) where status = 'waiting' and run_at is not null;
create index schedule_runs_claim on schedule_runs (fair_key, id) where status = 'pending';
create index schedule_runs_lease on schedule_runs (lease_until) where status = 'processing';
create index schedule_runs_due on schedule_runs (run_at) where status = 'waiting' and run_at is not null;

-- Sharing and allowances -------------------------------------------------------------------------------------

create table fair_tenants (
    queue text not null,
    tenant text not null,
    last_tag double precision not null,
    updated_at timestamptz not null default now(),
    debt double precision not null default 0,  -- seconds used beyond the tags given
    primary key (queue, tenant)
);
create index fair_tenants_latest on fair_tenants (queue, last_tag desc);

create table anonymous_usage (
    ip_hash text not null,
    date_utc date not null,
    count integer not null check (count >= 0),
    given_back integer not null default 0 check (given_back >= 0),  -- as `uncharged` of a profile
    primary key (ip_hash, date_utc)
);

-- One count of the day's smelts on the platform's own key, raised by admission itself: to count the smelts' rows would
-- overlook those of the same moment, and take longer the more there are.
create table platform_usage (
    date_utc date primary key,
    taken integer not null constraint platform_usage_deleted_check check (taken >= 0)
);

-- Vacuum -----------------------------------------------------------------------------------------------------

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

drop table work_columns;
