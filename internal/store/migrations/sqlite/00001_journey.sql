-- +goose Up
CREATE TABLE instance (id TEXT PRIMARY KEY);

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
  UNIQUE (source, name)
);

CREATE TABLE run (
  id TEXT PRIMARY KEY,
  org INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES source (id), epoch INTEGER NOT NULL,
  started INTEGER NOT NULL, ended INTEGER, status TEXT NOT NULL, summary BLOB
);
CREATE INDEX run_source ON run (source, started);

CREATE TABLE record_batch (
  dataset INTEGER NOT NULL REFERENCES dataset (id), first INTEGER NOT NULL, last INTEGER NOT NULL,
  org INTEGER NOT NULL, run TEXT NOT NULL, extracted_at INTEGER NOT NULL, bytes BLOB NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (dataset, first)
);

CREATE TABLE record_key (
  dataset INTEGER NOT NULL REFERENCES dataset (id), key TEXT NOT NULL,
  org INTEGER NOT NULL, hash BLOB NOT NULL, version INTEGER NOT NULL, position INTEGER NOT NULL,
  sweep INTEGER NOT NULL, missed_at INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (dataset, key)
) WITHOUT ROWID;

CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY,
  org INTEGER NOT NULL, dataset INTEGER NOT NULL REFERENCES dataset (id), run TEXT NOT NULL, at INTEGER NOT NULL,
  stage TEXT NOT NULL, reason TEXT NOT NULL, key TEXT NOT NULL, original BLOB NOT NULL
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
DROP TABLE record_batch; DROP TABLE run; DROP TABLE dataset; DROP TABLE source; DROP TABLE instance;
