-- What came to layout 1 after the first files of it. A file without it is given it when it is opened for writing, as a
-- new one is; what a build that doesn't know it writes has NULL here.

-- Whether the commit's id is its caller's, under which it is looked for.
ALTER TABLE log ADD COLUMN recorded INTEGER;

-- The time to live of what was replaced, and when it would have ended.
ALTER TABLE log ADD COLUMN prev_ttl INTEGER;
ALTER TABLE log ADD COLUMN prev_expires INTEGER;

-- The other sections that the commit changed, with their revisions: a JSON object. NULL where there are none.
ALTER TABLE log ADD COLUMN others TEXT;

-- Not of the commits that nobody looks for, which are most. What isn't said may be looked for.
CREATE INDEX log_recorded ON log (commit_id) WHERE recorded IS NOT 0;
