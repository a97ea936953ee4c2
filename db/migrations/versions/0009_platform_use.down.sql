create index smelts_platform_use on smelts (usage_date) where tier <> 'own_key';
set local role service_role;
update platform_usage day set taken = greatest(0, taken - (
    select count(*) from smelts where tier <> 'own_key' and usage_date = day.date_utc
));
reset role;
alter table platform_usage rename column taken to deleted;
