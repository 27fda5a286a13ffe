-- +goose Up
-- Whether some destination wants every version: then none is dropped.
ALTER TABLE dataset ADD COLUMN every_version INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE dataset DROP COLUMN every_version;
