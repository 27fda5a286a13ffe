-- +goose Up
-- What happened that people may want to know. A row is written with the change
-- that it tells of; told says when it was handed to everybody who wants it.
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL, actor INTEGER NOT NULL,
  kind TEXT NOT NULL, resource INTEGER NOT NULL, source INTEGER NOT NULL, name TEXT NOT NULL, message TEXT NOT NULL, run TEXT NOT NULL,
  addressees TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX event_untold ON event (id) WHERE told = 0;
CREATE INDEX event_at ON event (at);

-- What is wrong until it is not: told of when it begins and when it ends.
CREATE TABLE event_condition (
  kind TEXT NOT NULL, resource INTEGER NOT NULL, topic TEXT NOT NULL, org INTEGER NOT NULL, state TEXT NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY (kind, resource, topic)
);

-- What one user is told in the app.
CREATE TABLE notice (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL, account INTEGER NOT NULL REFERENCES user_account (id), event INTEGER NOT NULL REFERENCES event (id),
  read INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL,
  UNIQUE (event, account)
);
CREATE INDEX notice_account ON notice (org, account, id);

-- What a user, or with shared = 1 the organization, wants to be told, and how.
CREATE TABLE notice_rule (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  org INTEGER NOT NULL, owner INTEGER NOT NULL REFERENCES user_account (id), shared INTEGER NOT NULL,
  type TEXT NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, resource INTEGER NOT NULL, target INTEGER NOT NULL,
  status TEXT NOT NULL, config BLOB NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL
);
CREATE UNIQUE INDEX notice_rule_once ON notice_rule (org, owner, shared, type, channel, kind, resource, target);
CREATE INDEX notice_rule_type ON notice_rule (org, type, id);

-- One message on its way over one channel. It stays until it was delivered, or
-- given up for somebody to look at.
CREATE TABLE dispatch (
  id INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL UNIQUE,
  org INTEGER NOT NULL, account INTEGER NOT NULL REFERENCES user_account (id), channel TEXT NOT NULL, target INTEGER NOT NULL, digest TEXT NOT NULL,
  status TEXT NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, claim TEXT NOT NULL DEFAULT '', claimed INTEGER NOT NULL DEFAULT 0,
  problem TEXT NOT NULL DEFAULT '', created INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX dispatch_due ON dispatch (due, id) WHERE status = 'waiting';
CREATE INDEX dispatch_account ON dispatch (org, account, id);
CREATE TABLE dispatch_event (
  dispatch INTEGER NOT NULL REFERENCES dispatch (id), event INTEGER NOT NULL REFERENCES event (id),
  PRIMARY KEY (dispatch, event)
);
CREATE INDEX dispatch_event_event ON dispatch_event (event);

-- +goose Down
DROP TABLE dispatch_event; DROP TABLE dispatch; DROP TABLE notice_rule; DROP TABLE notice; DROP TABLE event_condition; DROP TABLE event;
