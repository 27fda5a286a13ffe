-- +goose Up
-- Whose a resource is and which credential it uses steers secrets: Weir
-- refuses a row that somebody else has written. Rows from before are sealed at
-- the next start, once.
ALTER TABLE resource ADD COLUMN mac BLOB NOT NULL DEFAULT x'';

-- When this database was brought back from a backup, and when that was made; 0 for never.
ALTER TABLE instance ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN restored_from INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE instance DROP COLUMN restored_from;
ALTER TABLE instance DROP COLUMN restored;
ALTER TABLE resource DROP COLUMN mac;
