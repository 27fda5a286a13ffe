-- +goose Up
-- Records that rules have kept back.
ALTER TABLE run_delivery ADD COLUMN filtered BIGINT NOT NULL DEFAULT 0;

-- What a destination has learned of the records that rules make, and of which
-- edition of the rules.
ALTER TABLE delivery ADD COLUMN edition TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN shape BYTEA;

-- +goose Down
ALTER TABLE delivery DROP COLUMN shape;
ALTER TABLE delivery DROP COLUMN edition;
ALTER TABLE run_delivery DROP COLUMN filtered;
