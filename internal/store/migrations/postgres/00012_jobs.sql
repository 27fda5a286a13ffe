-- +goose Up
-- A run of a configured source is there from when it is asked for: its log's
-- source is known once it starts.
ALTER TABLE run ALTER COLUMN source DROP NOT NULL;
ALTER TABLE run
  ADD COLUMN queued BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN job BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN wanted BYTEA,     -- what it is to do, and for whom
  ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN retry_at BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN outcome TEXT NOT NULL DEFAULT '', -- of the reading, once it is over
  ADD COLUMN class TEXT NOT NULL DEFAULT '',
  ADD COLUMN problem TEXT NOT NULL DEFAULT '',
  ADD COLUMN progress BYTEA;   -- stream by stream, while it runs
UPDATE run SET queued = started;
CREATE INDEX run_queued ON run (resource, queued);
CREATE INDEX run_open ON run (resource) WHERE status IN ('queued', 'running', 'delivering');

-- Whoever reads a source must renew its lease; it can be taken over afterwards.
ALTER TABLE source ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;

-- How far a destination has come, and who fills it now.
CREATE TABLE delivery (
  id BIGINT PRIMARY KEY, -- the destination
  org BIGINT NOT NULL, epoch BIGINT NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '', lease_until BIGINT NOT NULL DEFAULT 0,
  log TEXT NOT NULL DEFAULT '', position BIGINT NOT NULL DEFAULT 0
);

-- What a run brings to each destination.
CREATE TABLE run_delivery (
  run TEXT COLLATE "C" NOT NULL, destination BIGINT NOT NULL, org BIGINT NOT NULL,
  stream TEXT NOT NULL, upto BIGINT NOT NULL, status TEXT NOT NULL, written BIGINT NOT NULL DEFAULT 0, quarantined BIGINT NOT NULL DEFAULT 0,
  place TEXT NOT NULL DEFAULT '', problem TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run, destination)
);
CREATE INDEX run_delivery_destination ON run_delivery (destination, status);

-- When sources are read. "due" is the next tick and its delay; 0 for never.
CREATE TABLE schedule (
  source BIGINT PRIMARY KEY,
  org BIGINT NOT NULL, credential BIGINT NOT NULL, expression TEXT NOT NULL, zone TEXT NOT NULL, after BIGINT NOT NULL DEFAULT 0,
  active BIGINT NOT NULL DEFAULT 0, next BIGINT NOT NULL DEFAULT 0, due BIGINT NOT NULL DEFAULT 0, delay BIGINT NOT NULL DEFAULT 0,
  last BIGINT NOT NULL DEFAULT 0, cost BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX schedule_due ON schedule (due) WHERE due > 0;
CREATE INDEX schedule_after ON schedule (after) WHERE after > 0;
CREATE INDEX schedule_credential ON schedule (credential);

-- Servers that live: each says so again and again.
CREATE TABLE process (id TEXT PRIMARY KEY, seen BIGINT NOT NULL);

-- +goose Down
DROP TABLE process; DROP TABLE schedule; DROP TABLE run_delivery; DROP TABLE delivery;
ALTER TABLE source DROP COLUMN lease_until;
DROP INDEX run_open; DROP INDEX run_queued;
DELETE FROM run WHERE source IS NULL;
ALTER TABLE run DROP COLUMN queued, DROP COLUMN job, DROP COLUMN wanted, DROP COLUMN attempts, DROP COLUMN retry_at, DROP COLUMN outcome, DROP COLUMN class, DROP COLUMN problem, DROP COLUMN progress;
ALTER TABLE run ALTER COLUMN source SET NOT NULL;
