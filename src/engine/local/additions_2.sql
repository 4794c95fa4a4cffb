-- What came to layout 1 later still, likewise.

-- The time of the last commit, and a jump that the clock made: to when, and the time of the commit before it.
CREATE TABLE clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL,
  jumped_to INTEGER,
  before INTEGER
) STRICT;

INSERT INTO clock (id, last) SELECT 1, modified FROM section WHERE modified IS NOT NULL ORDER BY modified DESC LIMIT 1;

-- Written when a writer leaves, and never read: see backfill.rs.
CREATE TABLE closing (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  count INTEGER NOT NULL
) STRICT;

INSERT INTO closing VALUES (1, 0);
