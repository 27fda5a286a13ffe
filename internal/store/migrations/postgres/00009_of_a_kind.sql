-- +goose Up
-- What is asked for of all organizations at once: the ways to sign in.
CREATE INDEX resource_of_a_kind ON resource (kind, status, deleted, id);

-- What an organization is, in its own words.
ALTER TABLE organization ADD COLUMN description TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE organization DROP COLUMN description;
DROP INDEX resource_of_a_kind;
