-- What becomes of a smelt's recordings: written down in the language that is spoken, or in English.
create type speech_task as enum ('transcribe', 'translate');
alter table smelts add column task speech_task not null default 'transcribe';
grant select (task) on smelts to authenticated, anon;

-- What more is known of a failure than its code says, such as the name of a codec: a sentence of the service's own,
-- nothing of the recording's content.
alter table smelt_files add column error_detail text;
alter table smelt_files add constraint detail_of_an_error check (error_detail is null or error_code is not null);
grant select (error_detail) on smelt_files to authenticated, anon;
