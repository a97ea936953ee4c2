alter type error_code add value if not exists 'no_audio';
alter type error_code add value if not exists 'unsupported_codec';

-- Sentences of the service's own with times in them (pipeline/speech/caveats.py), nothing of what was said.
alter table smelt_files add column warnings text[] not null default '{}';
grant select (warnings) on smelt_files to authenticated, anon;
