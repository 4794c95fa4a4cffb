-- What came to layout 1 after that, likewise.

-- 1 where the value, or that of what was replaced, was purged: it is NULL then, and its kind stays.
ALTER TABLE log ADD COLUMN purged INTEGER;
ALTER TABLE log ADD COLUMN prev_purged INTEGER;
