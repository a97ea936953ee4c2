alter table anonymous_usage drop column given_back;
alter table user_profiles drop column uncharged, drop column uncharged_on;
drop table deleted_users;
