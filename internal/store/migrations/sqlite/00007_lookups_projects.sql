-- +goose Up
-- The rows of lookups. A key is bytes, so that both engines order it alike.
CREATE TABLE lookup_entry (
  lookup INTEGER NOT NULL REFERENCES resource (id), key BLOB NOT NULL, entry BLOB NOT NULL,
  PRIMARY KEY (lookup, key)
) WITHOUT ROWID;

-- Which flows are in a project; a flow is in one at most. An entry counts while
-- both live, and is still there when one is restored.
CREATE TABLE project_flow (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project INTEGER NOT NULL REFERENCES resource (id), source INTEGER NOT NULL UNIQUE REFERENCES resource (id), added INTEGER NOT NULL
);
CREATE INDEX project_flow_project ON project_flow (project, source);

-- +goose Down
DROP TABLE project_flow; DROP TABLE lookup_entry;
