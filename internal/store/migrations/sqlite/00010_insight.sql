-- +goose Up
-- What happened, in rows that lists, metrics and health are read from.

-- The configured source that a source of the log belongs to; 0 for none.
ALTER TABLE source ADD COLUMN resource INTEGER NOT NULL DEFAULT 0;
UPDATE source SET resource = CASE WHEN instr(account, ' source ') > 0 THEN CAST(substr(account, instr(account, ' source ') + 8) AS INTEGER) ELSE 0 END;
CREATE INDEX source_resource ON source (resource);

ALTER TABLE run ADD COLUMN resource INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN number INTEGER NOT NULL DEFAULT 0; -- ms since 1970, as the id says
ALTER TABLE run ADD COLUMN records_read INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN unchanged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN failure BLOB; -- JSON; null when nothing failed
UPDATE run SET number = started / 1000,
  resource = (SELECT s.resource FROM source s WHERE s.id = run.source),
  records_read = coalesce((SELECT sum(c.fresh + c.unchanged + c.stale + c.quarantined) FROM run_dataset c WHERE c.run = run.id), 0),
  unchanged = coalesce((SELECT sum(c.unchanged + c.stale) FROM run_dataset c WHERE c.run = run.id), 0),
  quarantined = coalesce((SELECT sum(c.quarantined) FROM run_dataset c WHERE c.run = run.id), 0);
CREATE INDEX run_resource ON run (resource, started, id);
CREATE INDEX run_org ON run (org, started, id, resource, status);
CREATE INDEX run_status ON run (org, status, started, id, resource);

-- What a run did to each part of its flow: source, datasets, destinations.
CREATE TABLE run_part (
  run TEXT NOT NULL, part INTEGER NOT NULL,
  kind TEXT NOT NULL, org INTEGER NOT NULL, number INTEGER NOT NULL, started INTEGER NOT NULL,
  records INTEGER NOT NULL, bytes INTEGER NOT NULL, errors INTEGER NOT NULL,
  PRIMARY KEY (part, run)
);
CREATE INDEX run_part_started ON run_part (part, started, run);
CREATE INDEX run_part_org ON run_part (org, kind, started, part, records, bytes, errors);
INSERT INTO run_part (run, part, kind, org, number, started, records, bytes, errors)
  SELECT id, resource, 'source', org, number, started, records_read - unchanged, 0, quarantined FROM run WHERE resource <> 0 AND status <> 'running';

-- What a run said.
CREATE TABLE run_log (
  id INTEGER PRIMARY KEY,
  org INTEGER NOT NULL, resource INTEGER NOT NULL, run TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
  part INTEGER NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL, type TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX run_log_resource ON run_log (resource, at, id);
CREATE INDEX run_log_run ON run_log (run, id);

-- How each flow stands since its newest run ended.
CREATE TABLE flow_health (
  resource INTEGER PRIMARY KEY, org INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, health TEXT NOT NULL DEFAULT '', run TEXT NOT NULL DEFAULT '', number INTEGER NOT NULL DEFAULT 0,
  records INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0, summary TEXT NOT NULL DEFAULT '', updated INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX flow_health_health ON flow_health (org, deleted, health, updated, resource);
CREATE INDEX flow_health_updated ON flow_health (org, deleted, updated, resource);
CREATE INDEX flow_health_errors ON flow_health (org, deleted, errors, resource);
CREATE INDEX flow_health_records ON flow_health (org, deleted, records, resource);
INSERT INTO flow_health (resource, org, deleted) SELECT id, org, CASE deleted WHEN 0 THEN 0 ELSE 1 END FROM resource WHERE kind = 'source';

ALTER TABLE quarantine ADD COLUMN destination INTEGER NOT NULL DEFAULT 0; -- the configured one that refused it; 0 for none
ALTER TABLE quarantine ADD COLUMN state TEXT NOT NULL DEFAULT 'open'; -- open, replayed, dropped
ALTER TABLE quarantine ADD COLUMN settled INTEGER NOT NULL DEFAULT 0; -- when it was replayed or dropped, us
ALTER TABLE quarantine ADD COLUMN settled_by INTEGER NOT NULL DEFAULT 0;
CREATE INDEX quarantine_state ON quarantine (org, state, id, dataset);
CREATE INDEX quarantine_open ON quarantine (dataset, state, id);
CREATE INDEX quarantine_same ON quarantine (dataset, key, stage);

-- Requests of each key by minute, written every few seconds: statistics.
CREATE TABLE budget_use (
  budget TEXT NOT NULL, minute INTEGER NOT NULL, credential INTEGER NOT NULL, source INTEGER NOT NULL, lane TEXT NOT NULL,
  org INTEGER NOT NULL, requests INTEGER NOT NULL, refused INTEGER NOT NULL,
  PRIMARY KEY (budget, minute, credential, source, lane)
);
CREATE INDEX budget_use_minute ON budget_use (minute);

-- Which budget a credential's key has: one for all that hold the key.
CREATE TABLE credential_budget (credential INTEGER PRIMARY KEY REFERENCES resource (id), org INTEGER NOT NULL, budget TEXT NOT NULL);
CREATE INDEX credential_budget_org ON credential_budget (org, budget, credential);

-- +goose Down
DROP TABLE credential_budget;
DROP TABLE budget_use;
DROP INDEX quarantine_same; DROP INDEX quarantine_open; DROP INDEX quarantine_state;
ALTER TABLE quarantine DROP COLUMN settled_by; ALTER TABLE quarantine DROP COLUMN settled; ALTER TABLE quarantine DROP COLUMN state; ALTER TABLE quarantine DROP COLUMN destination;
DROP TABLE flow_health; DROP TABLE run_log; DROP TABLE run_part;
DROP INDEX run_status; DROP INDEX run_org; DROP INDEX run_resource;
ALTER TABLE run DROP COLUMN failure; ALTER TABLE run DROP COLUMN bytes; ALTER TABLE run DROP COLUMN retries; ALTER TABLE run DROP COLUMN requests;
ALTER TABLE run DROP COLUMN quarantined; ALTER TABLE run DROP COLUMN deleted; ALTER TABLE run DROP COLUMN unchanged; ALTER TABLE run DROP COLUMN written;
ALTER TABLE run DROP COLUMN records_read; ALTER TABLE run DROP COLUMN number; ALTER TABLE run DROP COLUMN resource;
DROP INDEX source_resource; ALTER TABLE source DROP COLUMN resource;
