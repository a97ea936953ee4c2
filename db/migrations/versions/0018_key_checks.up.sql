-- A key that its provider has revoked must not go on admitting work at no cost: while it is used the provider is asked
-- about it again. Only the first use after an answer writes `check_at`.
alter table user_api_keys
    add column checked_at timestamptz,  -- when the provider last took it again, since it was put
    add column check_at timestamptz;  -- when the provider is to be asked; null: not used since it last was
create index user_api_keys_check on user_api_keys (check_at) where check_at is not null;
grant select (checked_at) on user_api_keys to authenticated;
