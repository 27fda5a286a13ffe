-- +goose Up
CREATE TABLE instance (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);

CREATE TABLE source (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org BIGINT NOT NULL, connector TEXT NOT NULL, origin TEXT NOT NULL, account TEXT NOT NULL,
  epoch BIGINT NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '',
  UNIQUE (org, connector, origin, account)
);

CREATE TABLE dataset (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org BIGINT NOT NULL, source BIGINT NOT NULL REFERENCES source (id), name TEXT NOT NULL,
  head BIGINT NOT NULL DEFAULT 0, checkpoint BYTEA, schema BYTEA,
  sweep BIGINT NOT NULL DEFAULT 0, sweep_started BIGINT NOT NULL DEFAULT 0, sweep_ended BIGINT NOT NULL DEFAULT 0,
  sweep_run TEXT NOT NULL DEFAULT '', -- the run that made the last sweep complete
  UNIQUE (source, name)
);

CREATE TABLE run (
  id TEXT COLLATE "C" PRIMARY KEY,
  org BIGINT NOT NULL, source BIGINT NOT NULL REFERENCES source (id), epoch BIGINT NOT NULL,
  started BIGINT NOT NULL, ended BIGINT NOT NULL DEFAULT 0, status TEXT NOT NULL, summary BYTEA
);
CREATE INDEX run_source ON run (source, started);

-- What a run did so far, counted in the transactions that did it.
CREATE TABLE run_dataset (
  run TEXT COLLATE "C" NOT NULL, dataset BIGINT NOT NULL REFERENCES dataset (id),
  org BIGINT NOT NULL, fresh BIGINT NOT NULL, unchanged BIGINT NOT NULL, stale BIGINT NOT NULL, quarantined BIGINT NOT NULL,
  PRIMARY KEY (run, dataset)
);

-- The log. Batches of one dataset do not overlap; the key ends on the last
-- position so that "what comes after" is one step in the index.
CREATE TABLE record_batch (
  dataset BIGINT NOT NULL REFERENCES dataset (id), last BIGINT NOT NULL, first BIGINT NOT NULL, count BIGINT NOT NULL,
  org BIGINT NOT NULL, run TEXT NOT NULL, extracted_at BIGINT NOT NULL, bytes BYTEA NOT NULL, hash BYTEA NOT NULL,
  PRIMARY KEY (dataset, last)
);

-- The key index: the newest version of each record. A key is bytes: it comes
-- from outside and may hold what a text column refuses. It has no foreign key: a check for each row
-- would cost more than the row, and it is only written under a held dataset.
-- The free space lets a sweep mark rows in place.
CREATE TABLE record_key (
  dataset BIGINT NOT NULL, key BYTEA NOT NULL,
  org BIGINT NOT NULL, hash BYTEA NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  sweep BIGINT NOT NULL, missed_at BIGINT NOT NULL, deleted BIGINT NOT NULL,
  PRIMARY KEY (dataset, key)
) WITH (fillfactor = 80);

CREATE TABLE quarantine (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org BIGINT NOT NULL, dataset BIGINT NOT NULL REFERENCES dataset (id), run TEXT NOT NULL, at BIGINT NOT NULL,
  stage TEXT NOT NULL, reason TEXT NOT NULL, key BYTEA NOT NULL, original BYTEA NOT NULL
);
CREATE INDEX quarantine_dataset ON quarantine (dataset, id);

CREATE TABLE delivered (
  dataset BIGINT NOT NULL REFERENCES dataset (id), destination TEXT NOT NULL,
  org BIGINT NOT NULL, position BIGINT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (dataset, destination)
);

CREATE TABLE budget (key TEXT COLLATE "C" PRIMARY KEY, places BYTEA NOT NULL);

-- +goose Down
DROP TABLE budget; DROP TABLE delivered; DROP TABLE quarantine; DROP TABLE record_key;
DROP TABLE record_batch; DROP TABLE run_dataset; DROP TABLE run; DROP TABLE dataset; DROP TABLE source; DROP TABLE instance;
