alter table user_api_keys drop column check_at, drop column checked_at;
