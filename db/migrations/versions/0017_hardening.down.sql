revoke select on smelt_meta.migrations from service_role;
drop trigger library_limit on prompt_sections;
drop trigger library_limit on prompts;
drop function smelt_meta.check_library();
