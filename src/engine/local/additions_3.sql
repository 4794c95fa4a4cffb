-- What came to layout 1 after that, likewise.

-- What a commit is for, in words, and the key that was moved to this one.
ALTER TABLE log ADD COLUMN message TEXT;
ALTER TABLE log ADD COLUMN moved_from TEXT;
