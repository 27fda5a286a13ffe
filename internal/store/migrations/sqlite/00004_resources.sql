-- +goose Up
-- Everything that a user makes and owns: credentials, sources, datasets,
-- destinations, projects, lookups. Ids are never used twice: a secret is bound to one.
CREATE TABLE resource (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL, owner INTEGER NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL,
  name TEXT NOT NULL, description TEXT NOT NULL, status TEXT NOT NULL, spec BLOB NOT NULL, tags TEXT NOT NULL,
  version INTEGER NOT NULL, copied_from INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX resource_kind ON resource (org, kind, deleted, id);
CREATE INDEX resource_type ON resource (org, kind, type, deleted, id);

-- Who uses whom: a source its credential, a destination its dataset.
CREATE TABLE reference (
  resource INTEGER NOT NULL REFERENCES resource (id), role TEXT NOT NULL, target INTEGER NOT NULL REFERENCES resource (id),
  PRIMARY KEY (resource, role, target)
);
CREATE INDEX reference_target ON reference (target, role, resource);

-- Nodes of flow trees have numbers of their own.
CREATE TABLE node (id INTEGER PRIMARY KEY AUTOINCREMENT, resource INTEGER NOT NULL UNIQUE REFERENCES resource (id));

CREATE TABLE accessor (
  resource INTEGER NOT NULL REFERENCES resource (id), kind TEXT NOT NULL, who INTEGER NOT NULL,
  role TEXT NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (resource, kind, who)
);
CREATE INDEX accessor_who ON accessor (kind, who, resource);

-- Sealed values, with everything that their seal binds them to.
CREATE TABLE secret (
  credential INTEGER NOT NULL REFERENCES resource (id), field TEXT NOT NULL,
  org INTEGER NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL, origin TEXT NOT NULL,
  key TEXT NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (credential, field)
);
CREATE INDEX secret_key ON secret (key, credential, field);

CREATE TABLE audit_entry (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, org INTEGER NOT NULL, actor INTEGER NOT NULL,
  action TEXT NOT NULL, kind TEXT NOT NULL, object INTEGER NOT NULL, detail BLOB NOT NULL,
  previous BLOB NOT NULL, mac BLOB NOT NULL
);
CREATE INDEX audit_object ON audit_entry (org, kind, object, seq);
CREATE INDEX audit_actor ON audit_entry (org, actor, seq);
CREATE TABLE audit_head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, mac BLOB NOT NULL);
INSERT INTO audit_head (one, seq, mac) VALUES (1, 0, x'');

-- Answers to requests that a client may repeat.
CREATE TABLE idempotency (
  org INTEGER NOT NULL, actor INTEGER NOT NULL, key TEXT NOT NULL, request BLOB NOT NULL, status INTEGER NOT NULL, answer BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (org, actor, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- +goose Down
DROP TABLE idempotency; DROP TABLE audit_head; DROP TABLE audit_entry; DROP TABLE secret; DROP TABLE accessor; DROP TABLE node; DROP TABLE reference; DROP TABLE resource;
