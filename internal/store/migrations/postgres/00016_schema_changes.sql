-- +goose Up
-- What has changed of a dataset's schema since its first reading, each once, in
-- the transaction that changed it. The newest are kept.
CREATE TABLE schema_change (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org BIGINT NOT NULL, dataset BIGINT NOT NULL REFERENCES dataset (id), run TEXT NOT NULL, at BIGINT NOT NULL,
  kind TEXT NOT NULL, of_table TEXT NOT NULL, of_column TEXT NOT NULL, path TEXT NOT NULL,
  was TEXT NOT NULL, becomes TEXT NOT NULL, other TEXT NOT NULL
);
CREATE INDEX schema_change_dataset ON schema_change (dataset, id);

-- +goose Down
DROP TABLE schema_change;
