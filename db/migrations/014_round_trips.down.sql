drop function smelt_meta.standing(uuid, bytea, text);
drop function smelt_meta.admit(
    uuid, uuid, text, public.tier, uuid[], public.input_type[], text[], text[], bigint[], double precision[], uuid[],
    uuid[], public.default_prompt_name[], double precision[], integer, integer, integer, integer, double precision, uuid
);
drop function smelt_meta.insert_parts(
    uuid, text, uuid[], public.input_type[], text[], text[], bigint[], double precision[], uuid[], uuid[],
    public.default_prompt_name[], double precision[]
);
drop function smelt_meta.take_platform_use(integer);
drop function smelt_meta.reserve(
    uuid, text, public.tier, integer, integer, integer, double precision, uuid
);
drop function smelt_meta.hold_credits(uuid, integer, integer);
drop function smelt_meta.credits_under(integer, integer, integer);
drop function smelt_meta.finish_output(uuid, integer, text, bigint, bigint, uuid);
drop function smelt_meta.claim_output(double precision, boolean);
drop function smelt_meta.begin_output(public.smelt_outputs);
drop function smelt_meta.advance(public.smelts, uuid);
drop function smelt_meta.settle(
    public.smelts, public.smelt_status, public.error_code, boolean, uuid
);
drop function smelt_meta.take_finish_times(text, text, double precision[]);
drop function smelt_meta.finish_times(double precision, double precision, double precision[]);
drop function smelt_meta.outcome(public.smelt_mode, bigint, bigint, bigint, bigint);
drop function smelt_meta.plans();
