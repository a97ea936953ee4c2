-- The trigger goes along: on Supabase it could be made, but it can't be dropped by itself.
drop function smelt_meta.forget_user() cascade;
drop function smelt_meta.delete_user(uuid);
revoke usage on schema smelt_meta from service_role;
alter table webhook_deliveries add constraint webhook_deliveries_user_id_fkey
    foreign key (user_id) references auth.users on delete cascade;
alter table smelts drop constraint smelts_user_id_fkey;
alter table smelts add constraint smelts_user_id_fkey foreign key (user_id) references auth.users on delete cascade;
