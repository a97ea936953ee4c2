-- What has been heard of a recording that is being heard still: its segments are sealed objects in the content store, and
-- here is how many there are. A line for each object, in order: the attempt by which it is named, the segments up to its
-- end, and the version of the smelt that tells of it, by which who follows knows what is new. The last line of a file that
-- is completed stands for the transcript.

alter table smelt_files add column kept bigint[] not null default '{}'
    constraint kept_in_lines check (kept = '{}' or (array_ndims(kept) = 2 and array_length(kept, 2) = 3));
grant select (kept) on smelt_files to authenticated, anon;
