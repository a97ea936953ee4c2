alter table smelt_files drop column waiting_for;
alter table smelt_outputs drop column waiting_for;
alter table webhook_deliveries drop column waiting_for;
alter table schedule_runs drop column waiting_for;
drop type waiting_for;
