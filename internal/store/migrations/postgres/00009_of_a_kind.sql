-- +goose Up
-- What is asked for of all organizations at once: the ways to sign in.
CREATE INDEX resource_of_a_kind ON resource (kind, status, deleted, id);

-- +goose Down
DROP INDEX resource_of_a_kind;
