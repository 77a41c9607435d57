-- Why a decision was taken back, in the words of who did it.

ALTER TABLE constraints ADD COLUMN
    undone_reason TEXT; -- the words of who undid it; null while it holds, and where none were given
