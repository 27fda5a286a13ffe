-- +goose Up
-- Who may do what. A row with a mac steers secrets or proves who somebody is:
-- Weir ignores it when somebody else has written it. Ids are never used twice.
CREATE TABLE organization (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, domain TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL);

-- login is the e-mail address as it is compared: in lower case.
CREATE TABLE user_account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  login TEXT NOT NULL UNIQUE, email TEXT NOT NULL, full_name TEXT NOT NULL, password TEXT NOT NULL, status TEXT NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, mac BLOB NOT NULL
);

CREATE TABLE membership (
  org INTEGER NOT NULL REFERENCES organization (id), account INTEGER NOT NULL REFERENCES user_account (id),
  role TEXT NOT NULL, status TEXT NOT NULL, created INTEGER NOT NULL, mac BLOB NOT NULL,
  PRIMARY KEY (org, account)
);
CREATE INDEX membership_account ON membership (account, org);

CREATE TABLE team (
  id INTEGER PRIMARY KEY AUTOINCREMENT, org INTEGER NOT NULL REFERENCES organization (id), owner INTEGER NOT NULL REFERENCES user_account (id),
  name TEXT NOT NULL, description TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL
);
CREATE INDEX team_org ON team (org, id);
CREATE TABLE team_member (
  team INTEGER NOT NULL REFERENCES team (id), account INTEGER NOT NULL REFERENCES user_account (id),
  admin INTEGER NOT NULL, created INTEGER NOT NULL, mac BLOB NOT NULL,
  PRIMARY KEY (team, account)
);
CREATE INDEX team_member_account ON team_member (account, team);

-- An accessor without a mac is one that nobody of ours has written.
ALTER TABLE accessor ADD COLUMN mac BLOB NOT NULL DEFAULT x'';

CREATE TABLE service_key (
  id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,
  org INTEGER NOT NULL REFERENCES organization (id), account INTEGER NOT NULL REFERENCES user_account (id),
  prefix TEXT NOT NULL, name TEXT NOT NULL, scope TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL, revoked INTEGER NOT NULL, mac BLOB NOT NULL
);
CREATE INDEX service_key_account ON service_key (org, account, id);

CREATE TABLE session (
  id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,
  org INTEGER NOT NULL REFERENCES organization (id), account INTEGER NOT NULL REFERENCES user_account (id),
  kind TEXT NOT NULL, service_key INTEGER NOT NULL, scope TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, proved INTEGER NOT NULL, seen INTEGER NOT NULL,
  address TEXT NOT NULL, agent TEXT NOT NULL, mac BLOB NOT NULL
);
CREATE INDEX session_account ON session (account, org);
CREATE INDEX session_key ON session (service_key);
CREATE INDEX session_expires ON session (expires);

-- Links that are mailed or handed over: whoever has one sets the password.
CREATE TABLE link (
  hash BLOB PRIMARY KEY, purpose TEXT NOT NULL, org INTEGER NOT NULL REFERENCES organization (id), account INTEGER NOT NULL REFERENCES user_account (id),
  created INTEGER NOT NULL, expires INTEGER NOT NULL, mac BLOB NOT NULL
);
CREATE INDEX link_account ON link (account);
CREATE TABLE setup (one INTEGER PRIMARY KEY CHECK (one = 1), hash BLOB NOT NULL, created INTEGER NOT NULL);

-- Browsers that have signed in to an account before.
CREATE TABLE device (hash BLOB PRIMARY KEY, account INTEGER NOT NULL REFERENCES user_account (id), created INTEGER NOT NULL, used INTEGER NOT NULL);
CREATE INDEX device_account ON device (account);

-- When passwords were tried, for an account, an address or a device.
CREATE TABLE attempt (subject BLOB PRIMARY KEY, times BLOB NOT NULL, updated INTEGER NOT NULL);
CREATE INDEX attempt_updated ON attempt (updated);

-- Who a user is at an identity provider, and sign-ins that are under way there.
CREATE TABLE identity (issuer TEXT NOT NULL, subject TEXT NOT NULL, account INTEGER NOT NULL REFERENCES user_account (id), created INTEGER NOT NULL, mac BLOB NOT NULL, PRIMARY KEY (issuer, subject));
CREATE INDEX identity_account ON identity (account);
CREATE TABLE identity_flow (state BLOB PRIMARY KEY, browser BLOB NOT NULL, created INTEGER NOT NULL);

-- +goose Down
DROP TABLE identity_flow; DROP TABLE identity; DROP TABLE attempt; DROP TABLE device; DROP TABLE setup; DROP TABLE link; DROP TABLE session; DROP TABLE service_key;
ALTER TABLE accessor DROP COLUMN mac;
DROP TABLE team_member; DROP TABLE team; DROP TABLE membership; DROP TABLE user_account; DROP TABLE organization;
