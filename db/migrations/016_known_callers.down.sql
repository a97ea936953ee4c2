drop function smelt_meta.admit_known(
    bytea, uuid, uuid, text, public.tier, uuid[], public.input_type[], text[], text[], bigint[], double precision[],
    uuid[], uuid[], public.default_prompt_name[], double precision[],
    integer, integer, integer, integer, double precision, uuid
);
