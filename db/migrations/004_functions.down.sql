drop trigger library_limit on prompt_sections;
drop trigger library_limit on prompts;
drop function smelt_meta.check_library();
-- The trigger goes along: on Supabase it could be made, but it can't be dropped by itself.
drop function smelt_meta.forget_user() cascade;
drop function smelt_meta.delete_user(uuid);
