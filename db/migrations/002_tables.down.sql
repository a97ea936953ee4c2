drop table schedule_runs, webhook_deliveries, webhook_secrets, api_tokens, deleted_users, fair_tenants, anonymous_usage,
    platform_usage, smelt_outputs, smelt_files, smelts, prompts, prompt_sections, user_api_keys, user_profiles;
drop type waiting_for, error_code, default_prompt_name, api_key_status, tier, input_type, work_status, smelt_status,
    smelt_mode;
