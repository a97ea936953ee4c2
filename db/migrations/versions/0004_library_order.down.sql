alter table prompts drop constraint prompts_position;
alter table prompt_sections drop constraint prompt_sections_position;
create index prompts_order on prompts (user_id, section_id, position, id);
create index prompt_sections_order on prompt_sections (user_id, position, id);
