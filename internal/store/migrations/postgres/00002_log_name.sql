-- +goose Up
ALTER TABLE dataset ADD COLUMN log TEXT NOT NULL DEFAULT ''; -- a name of its own, when the log was begun anew

-- +goose Down
ALTER TABLE dataset DROP COLUMN log;
