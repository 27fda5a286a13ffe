-- +goose Up
CREATE TABLE instance (id TEXT PRIMARY KEY);

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
  UNIQUE (source, name)
);

CREATE TABLE run (
  id TEXT PRIMARY KEY,
  org BIGINT NOT NULL, source BIGINT NOT NULL REFERENCES source (id), epoch BIGINT NOT NULL,
  started BIGINT NOT NULL, ended BIGINT, status TEXT NOT NULL, summary BYTEA
);
CREATE INDEX run_source ON run (source, started);

CREATE TABLE record_batch (
  dataset BIGINT NOT NULL REFERENCES dataset (id), first BIGINT NOT NULL, last BIGINT NOT NULL,
  org BIGINT NOT NULL, run TEXT NOT NULL, extracted_at BIGINT NOT NULL, bytes BYTEA NOT NULL, hash BYTEA NOT NULL,
  PRIMARY KEY (dataset, first)
);

CREATE TABLE record_key (
  dataset BIGINT NOT NULL REFERENCES dataset (id), key TEXT COLLATE "C" NOT NULL,
  org BIGINT NOT NULL, hash BYTEA NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  sweep BIGINT NOT NULL, missed_at BIGINT NOT NULL DEFAULT 0, deleted BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (dataset, key)
);

CREATE TABLE quarantine (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org BIGINT NOT NULL, dataset BIGINT NOT NULL REFERENCES dataset (id), run TEXT NOT NULL, at BIGINT NOT NULL,
  stage TEXT NOT NULL, reason TEXT NOT NULL, key TEXT COLLATE "C" NOT NULL, original BYTEA NOT NULL
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
DROP TABLE record_batch; DROP TABLE run; DROP TABLE dataset; DROP TABLE source; DROP TABLE instance;
