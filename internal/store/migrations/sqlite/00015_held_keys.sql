-- +goose Up
-- A database that was brought back from a backup has service keys that were
-- revoked since: those made before keys_before wait until somebody confirms
-- them. 0 for none.
ALTER TABLE instance ADD COLUMN keys_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE service_key ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE service_key DROP COLUMN confirmed;
ALTER TABLE instance DROP COLUMN keys_before;
