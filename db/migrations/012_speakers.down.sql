alter table smelt_files drop column speaker_seconds;
alter table smelts
    drop constraint speakers_counted,
    drop constraint speakers_of_one_kind,
    drop column max_speakers,
    drop column min_speakers,
    drop column speakers,
    drop column channels;
drop type channels;
