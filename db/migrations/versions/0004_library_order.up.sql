-- No two prompts of a section, and no two sections of a user, may stand at one position. Deferred, because a new order
-- passes through states in which two do. What is there is numbered anew first; forced row-level security would hide
-- it from the owner.

alter table prompt_sections no force row level security;
alter table prompts no force row level security;

update prompt_sections mine set position = ranked.place
from (
    select id, row_number() over (partition by user_id order by position, id) - 1 as place from prompt_sections
) ranked
where ranked.id = mine.id and ranked.place <> mine.position;

update prompts mine set position = ranked.place
from (
    select id, row_number() over (partition by user_id, section_id order by position, id) - 1 as place from prompts
) ranked
where ranked.id = mine.id and ranked.place <> mine.position;

alter table prompt_sections force row level security;
alter table prompts force row level security;

alter table prompt_sections add constraint prompt_sections_position
    unique (user_id, position) deferrable initially deferred;
alter table prompts add constraint prompts_position
    unique nulls not distinct (user_id, section_id, position) deferrable initially deferred;

drop index prompt_sections_order;
drop index prompts_order;
