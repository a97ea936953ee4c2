alter type error_code add value if not exists 'delivery_failed';
alter type error_code add value if not exists 'address_refused';
create index webhook_deliveries_list on webhook_deliveries (user_id, created_at desc, id desc);
drop index webhook_deliveries_user;
