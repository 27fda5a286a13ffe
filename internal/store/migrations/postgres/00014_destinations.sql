-- +goose Up
-- How each destination stands, for people to see: the log that it is filled
-- from, and the name under which; when it last took records; and since when and
-- why it takes none.
ALTER TABLE delivery ADD COLUMN wanted TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN dataset BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN took BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN failing BIGINT NOT NULL DEFAULT 0; -- 0 while it takes what there is
ALTER TABLE delivery ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN problem TEXT NOT NULL DEFAULT '';

-- As far as it is known from before.
UPDATE delivery SET
  wanted = log,
  dataset = coalesce((SELECT max(d.id) FROM dataset d, instance i WHERE delivery.log = CASE d.log WHEN '' THEN i.id || '/' || CAST(d.id AS TEXT) ELSE d.log END), 0),
  took = coalesce((SELECT max(r.ended) FROM run_delivery b JOIN run r ON r.id = b.run WHERE b.destination = delivery.id AND b.written > 0), 0),
  failing = coalesce((SELECT c.since FROM event_condition c WHERE c.kind = 'destination' AND c.resource = delivery.id AND c.topic = 'failing'), 0);
UPDATE delivery SET
  problem = coalesce((SELECT b.problem FROM run_delivery b WHERE b.destination = delivery.id AND b.status = 'failed' ORDER BY b.run DESC LIMIT 1), '')
  WHERE failing > 0;

-- +goose Down
ALTER TABLE delivery DROP COLUMN problem, DROP COLUMN class, DROP COLUMN failing, DROP COLUMN took, DROP COLUMN dataset, DROP COLUMN wanted;
