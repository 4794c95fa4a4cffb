-- Layout 1 of a config's file; the layout itself is user_version, and application_id says whose file it is.
-- Times are whole seconds since 1970, a ttl is in seconds. A value is TEXT, or a BLOB where its kind is bytes.

CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  history_days INTEGER NOT NULL
) STRICT;

-- The section list and the heads. A section that is registered and has no commit yet stands at revision 0.
CREATE TABLE section (
  section TEXT PRIMARY KEY,
  created INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  commit_id TEXT,
  modified INTEGER
) STRICT, WITHOUT ROWID;

-- Clustered by key, so that a prefix is one range. The value comes last: a listing that skips it reads less.
CREATE TABLE entry (
  key TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  by TEXT NOT NULL,
  secret INTEGER NOT NULL,
  ttl INTEGER,
  expires INTEGER,
  kind TEXT NOT NULL,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX entry_expires ON entry (expires) WHERE expires IS NOT NULL;

-- A line without a kind is a delete; one without a prev_kind replaced nothing.
CREATE TABLE log (
  section TEXT NOT NULL,
  revision INTEGER NOT NULL,
  line INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  expires INTEGER NOT NULL,
  version INTEGER,
  secret INTEGER,
  ttl INTEGER,
  entry_expires INTEGER,
  kind TEXT,
  prev_version INTEGER,
  prev_revision INTEGER,
  prev_secret INTEGER,
  prev_created INTEGER,
  prev_modified INTEGER,
  prev_by TEXT,
  prev_kind TEXT,
  value ANY,
  prev_value ANY,
  PRIMARY KEY (section, revision, line)
) STRICT, WITHOUT ROWID;
