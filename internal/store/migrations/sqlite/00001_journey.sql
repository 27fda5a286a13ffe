-- +goose Up
CREATE TABLE instance (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);

CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  org INTEGER NOT NULL, connector TEXT NOT NULL, origin TEXT NOT NULL, account TEXT NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '',
  UNIQUE (org, connector, origin, account)
);

CREATE TABLE dataset (
  id INTEGER PRIMARY KEY,
  org INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES source (id), name TEXT NOT NULL,
  head INTEGER NOT NULL DEFAULT 0, checkpoint BLOB, schema BLOB,
  sweep INTEGER NOT NULL DEFAULT 0, sweep_started INTEGER NOT NULL DEFAULT 0, sweep_ended INTEGER NOT NULL DEFAULT 0,
  sweep_run TEXT NOT NULL DEFAULT '', -- the run that made the last sweep complete
  UNIQUE (source, name)
);

CREATE TABLE run (
  id TEXT PRIMARY KEY,
  org INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES source (id), epoch INTEGER NOT NULL,
  started INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, summary BLOB
);
CREATE INDEX run_source ON run (source, started);

-- What a run did so far, counted in the transactions that did it.
CREATE TABLE run_dataset (
  run TEXT NOT NULL, dataset INTEGER NOT NULL REFERENCES dataset (id),
  org INTEGER NOT NULL, fresh INTEGER NOT NULL, unchanged INTEGER NOT NULL, stale INTEGER NOT NULL, quarantined INTEGER NOT NULL,
  PRIMARY KEY (run, dataset)
);

-- The log. Batches of one dataset do not overlap; the key ends on the last
-- position so that "what comes after" is one step in the index.
CREATE TABLE record_batch (
  dataset INTEGER NOT NULL REFERENCES dataset (id), last INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
  org INTEGER NOT NULL, run TEXT NOT NULL, extracted_at INTEGER NOT NULL, bytes BLOB NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (dataset, last)
);

-- The key index: the newest version of each record. A key is bytes: it comes
-- from outside and may hold what a text column refuses. It has no foreign key: a check for each row
-- would cost more than the row, and it is only written under a held dataset.
CREATE TABLE record_key (
  dataset INTEGER NOT NULL, key BLOB NOT NULL,
  org INTEGER NOT NULL, hash BLOB NOT NULL, version INTEGER NOT NULL, position INTEGER NOT NULL,
  sweep INTEGER NOT NULL, missed_at INTEGER NOT NULL, deleted INTEGER NOT NULL,
  PRIMARY KEY (dataset, key)
) WITHOUT ROWID;

CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY,
  org INTEGER NOT NULL, dataset INTEGER NOT NULL REFERENCES dataset (id), run TEXT NOT NULL, at INTEGER NOT NULL,
  stage TEXT NOT NULL, reason TEXT NOT NULL, key BLOB NOT NULL, original BLOB NOT NULL
);
CREATE INDEX quarantine_dataset ON quarantine (dataset, id);

CREATE TABLE delivered (
  dataset INTEGER NOT NULL REFERENCES dataset (id), destination TEXT NOT NULL,
  org INTEGER NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (dataset, destination)
);

CREATE TABLE budget (key TEXT PRIMARY KEY, places BLOB NOT NULL);

-- +goose Down
DROP TABLE budget; DROP TABLE delivered; DROP TABLE quarantine; DROP TABLE record_key;
DROP TABLE record_batch; DROP TABLE run_dataset; DROP TABLE run; DROP TABLE dataset; DROP TABLE source; DROP TABLE instance;
