-- Recordings share a process, and nobody knows which of them it died of: they run alone from then on, and only the death
-- of a process in which a recording was alone counts as its failure. True: this attempt, and those after it, share their
-- process with no other recording.

alter table smelt_files add column alone boolean not null default false;
