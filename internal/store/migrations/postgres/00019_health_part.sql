-- +goose Up
-- Whose words a flow's health repeats: a destination's, which not everybody may
-- see who sees the flow; 0 for the source's own.
ALTER TABLE flow_health ADD COLUMN part BIGINT NOT NULL DEFAULT 0;

-- What a destination took later has lost its problem, but not its place.
UPDATE flow_health SET part = coalesce((SELECT max(d.destination) FROM run_delivery d WHERE d.run = flow_health.run
  AND (d.problem = flow_health.summary OR d.place <> '' AND substr(flow_health.summary, 1, length(d.place)) = d.place)), 0)
  WHERE health = 'degraded' AND summary <> '';

-- +goose Down
ALTER TABLE flow_health DROP COLUMN part;
