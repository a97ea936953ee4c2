-- Who speaks: what a post asks for, and how long each speaker of a recording speaks. Labels and lengths only: the names
-- that a client gives to speakers are content, and lie in the content store.

create type channels as enum ('mixed', 'separate');

alter table smelts
    add column channels channels not null default 'mixed',
    add column speakers boolean not null default false,
    add column min_speakers smallint check (min_speakers >= 1),
    add column max_speakers smallint check (max_speakers >= 1),
    add constraint speakers_of_one_kind check (not speakers or channels = 'mixed'),
    add constraint speakers_counted check (
        (min_speakers is null and max_speakers is null)
        or (speakers and coalesce(min_speakers, 1) <= coalesce(max_speakers, min_speakers))
    );

-- In seconds, by first appearance: S1's, S2's, ...; null: they weren't told apart.
alter table smelt_files add column speaker_seconds double precision[];

grant select (channels, speakers, min_speakers, max_speakers) on smelts to authenticated, anon;
grant select (speaker_seconds) on smelt_files to authenticated, anon;
