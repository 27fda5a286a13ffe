-- +goose Up
-- What lists show of a run besides: how many of the records that it read were
-- new or changed, and how many destinations' rules kept back. And how often in a
-- row a destination took nothing, and when it is tried again.
ALTER TABLE run ADD COLUMN fresh INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN filtered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN failures INTEGER NOT NULL DEFAULT 0; -- 0 while it takes what there is
ALTER TABLE delivery ADD COLUMN retry_at INTEGER NOT NULL DEFAULT 0; -- 0 while nobody knows

-- As far as it is known from before: what is gone was counted among what is new.
UPDATE run SET
  fresh = coalesce((SELECT CASE WHEN sum(c.fresh) > run.deleted THEN sum(c.fresh) - run.deleted END FROM run_dataset c WHERE c.run = run.id), 0),
  filtered = coalesce((SELECT sum(d.filtered) FROM run_delivery d WHERE d.run = run.id), 0);

-- +goose Down
ALTER TABLE delivery DROP COLUMN retry_at;
ALTER TABLE delivery DROP COLUMN failures;
ALTER TABLE run DROP COLUMN filtered;
ALTER TABLE run DROP COLUMN fresh;
