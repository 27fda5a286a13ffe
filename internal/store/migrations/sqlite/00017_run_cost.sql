-- +goose Up
-- What the newest runs of each source cost, without a look at the runs themselves:
-- pages ask for all sources at once.
CREATE INDEX run_cost ON run (resource, started, requests) WHERE status = 'succeeded' AND requests > 0;
-- Pages of the audit log are turned without a look at the pages before.
CREATE INDEX audit_org ON audit_entry (org, seq);

-- +goose Down
DROP INDEX audit_org;
DROP INDEX run_cost;
