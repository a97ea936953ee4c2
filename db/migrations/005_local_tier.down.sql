-- Postgres takes no value out of an enum: the type is made anew, and with it all that speaks of it. What was the local
-- user's was never charged, and isn't charged now.

drop index smelts_visitors;
alter table smelts
    drop constraint anonymous_has_no_user,
    drop constraint anonymous_is_plain,
    drop constraint charged_when_terminal;

alter type tier rename to tier_with_local;
create type tier as enum ('anonymous', 'credits', 'own_key');
alter table smelts alter column tier type tier
    using (case when tier = 'local' then 'credits' else tier::text end)::tier;
drop type tier_with_local;

alter table smelts
    add constraint anonymous_has_no_user check ((user_id is null) = (tier = 'anonymous')),
    add constraint anonymous_is_plain check (
        tier <> 'anonymous' or (mode = 'separate' and user_prompt_id is null and charged_at is null)
    ),
    add constraint charged_when_terminal check (charged_at is null or tier = 'credits');
create index smelts_visitors on smelts (content_expires_at) where tier = 'anonymous' and content_key is null;
