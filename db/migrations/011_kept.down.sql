alter table smelt_files drop column kept;
