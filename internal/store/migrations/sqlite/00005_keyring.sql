-- +goose Up
-- The keys that secrets are sealed under, themselves sealed under the root
-- key, which is never here.
CREATE TABLE keyring (
  id TEXT PRIMARY KEY, purpose TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL,
  root TEXT NOT NULL, sealed BLOB NOT NULL, sentinel BLOB NOT NULL
);
-- How often a secret was sealed under the key that it lies under.
ALTER TABLE secret ADD COLUMN wraps INTEGER NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE secret DROP COLUMN wraps; DROP TABLE keyring;
