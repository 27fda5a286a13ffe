-- +goose Up
-- Which runs count a record in quarantine: what is refused in each run is there
-- once, and each of them counts it.
CREATE TABLE quarantine_run (
  run TEXT COLLATE "C" NOT NULL, reject BIGINT NOT NULL,
  PRIMARY KEY (run, reject)
);

-- Of those from before only the one that set it aside is known.
INSERT INTO quarantine_run (run, reject) SELECT run, id FROM quarantine WHERE run <> '';

-- +goose Down
DROP TABLE quarantine_run;
