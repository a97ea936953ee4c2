-- One count of the day's smelts on the platform's own key, raised by admission itself: to count the smelts' rows was to
-- overlook those of the same moment, and took longer the more there were.
alter table platform_usage rename column deleted to taken;
set local role service_role;  -- the policies are forced on the tables' owner too
insert into platform_usage as mine (date_utc, taken)
select usage_date, count(*) from smelts
where tier <> 'own_key' and usage_date = (now() at time zone 'utc')::date group by usage_date
on conflict (date_utc) do update set taken = mine.taken + excluded.taken;
reset role;
drop index smelts_platform_use;
