-- +goose Up
-- A run of a configured source is there from when it is asked for: its log's
-- source is known once it starts.
CREATE TABLE new_run (
  id TEXT PRIMARY KEY,
  org INTEGER NOT NULL, source INTEGER REFERENCES source (id), epoch INTEGER NOT NULL,
  started INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, summary BLOB,
  resource INTEGER NOT NULL DEFAULT 0, number INTEGER NOT NULL DEFAULT 0,
  records_read INTEGER NOT NULL DEFAULT 0, written INTEGER NOT NULL DEFAULT 0, unchanged INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,
  quarantined INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, failure BLOB,
  queued INTEGER NOT NULL DEFAULT 0,
  job INTEGER NOT NULL DEFAULT 0,
  wanted BLOB,      -- what it is to do, and for whom
  attempts INTEGER NOT NULL DEFAULT 0,
  retry_at INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '', -- of the reading, once it is over
  class TEXT NOT NULL DEFAULT '',
  problem TEXT NOT NULL DEFAULT '',
  progress BLOB     -- stream by stream, while it runs
);
INSERT INTO new_run (id, org, source, epoch, started, ended, status, summary, resource, number, records_read, written, unchanged, deleted, quarantined, requests, retries, bytes, failure, queued)
  SELECT id, org, source, epoch, started, ended, status, summary, resource, number, records_read, written, unchanged, deleted, quarantined, requests, retries, bytes, failure, started FROM run;
DROP TABLE run;
ALTER TABLE new_run RENAME TO run;
CREATE INDEX run_source ON run (source, started);
CREATE INDEX run_resource ON run (resource, started, id);
CREATE INDEX run_org ON run (org, started, id, resource, status);
CREATE INDEX run_status ON run (org, status, started, id, resource);
CREATE INDEX run_queued ON run (resource, queued);
CREATE INDEX run_open ON run (resource) WHERE status IN ('queued', 'running', 'delivering');

-- Whoever reads a source must renew its lease; it can be taken over afterwards.
ALTER TABLE source ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0;

-- How far a destination has come, and who fills it now.
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY, -- the destination
  org INTEGER NOT NULL, epoch INTEGER NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '', lease_until INTEGER NOT NULL DEFAULT 0,
  log TEXT NOT NULL DEFAULT '', position INTEGER NOT NULL DEFAULT 0
);

-- What a run brings to each destination.
CREATE TABLE run_delivery (
  run TEXT NOT NULL, destination INTEGER NOT NULL, org INTEGER NOT NULL,
  stream TEXT NOT NULL, upto INTEGER NOT NULL, status TEXT NOT NULL, written INTEGER NOT NULL DEFAULT 0, quarantined INTEGER NOT NULL DEFAULT 0,
  place TEXT NOT NULL DEFAULT '', problem TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run, destination)
);
CREATE INDEX run_delivery_destination ON run_delivery (destination, status);

-- When sources are read. "due" is the next tick and its delay; 0 for never.
CREATE TABLE schedule (
  source INTEGER PRIMARY KEY,
  org INTEGER NOT NULL, credential INTEGER NOT NULL, expression TEXT NOT NULL, zone TEXT NOT NULL, after INTEGER NOT NULL DEFAULT 0,
  active INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0, delay INTEGER NOT NULL DEFAULT 0,
  last INTEGER NOT NULL DEFAULT 0, cost INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX schedule_due ON schedule (due) WHERE due > 0;
CREATE INDEX schedule_after ON schedule (after) WHERE after > 0;
CREATE INDEX schedule_credential ON schedule (credential);

-- Servers that live: each says so again and again.
CREATE TABLE process (id TEXT PRIMARY KEY, seen INTEGER NOT NULL);

-- +goose Down
DROP TABLE process; DROP TABLE schedule; DROP TABLE run_delivery; DROP TABLE delivery;
ALTER TABLE source DROP COLUMN lease_until;
CREATE TABLE old_run (
  id TEXT PRIMARY KEY,
  org INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES source (id), epoch INTEGER NOT NULL,
  started INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, summary BLOB,
  resource INTEGER NOT NULL DEFAULT 0, number INTEGER NOT NULL DEFAULT 0,
  records_read INTEGER NOT NULL DEFAULT 0, written INTEGER NOT NULL DEFAULT 0, unchanged INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,
  quarantined INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, failure BLOB
);
INSERT INTO old_run SELECT id, org, source, epoch, started, ended, status, summary, resource, number, records_read, written, unchanged, deleted, quarantined, requests, retries, bytes, failure FROM run WHERE source IS NOT NULL;
DROP TABLE run;
ALTER TABLE old_run RENAME TO run;
CREATE INDEX run_source ON run (source, started);
CREATE INDEX run_resource ON run (resource, started, id);
CREATE INDEX run_org ON run (org, started, id, resource, status);
CREATE INDEX run_status ON run (org, status, started, id, resource);
