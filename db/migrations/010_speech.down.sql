alter table smelt_files drop column error_detail;
alter table smelts drop column task;
drop type speech_task;
