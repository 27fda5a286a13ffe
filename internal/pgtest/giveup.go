package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// giveUp lets the commit of every third transaction that changes a table first
// fail as that of one does which Postgres gives up for another one's sake. A
// sequence counts them: it is not rolled back with them. The job queue has its
// own ways, and a keyring's changes are not repeated.
const giveUp = `
CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('weir.decided', true) IS DISTINCT FROM txid_current()::text THEN
		PERFORM set_config('weir.decided', txid_current()::text, true);
		IF nextval('give_up_' || TG_TABLE_NAME) % 3 = 1 THEN
			RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01';
		END IF;
	END IF;
	RETURN NULL;
END $$;
DO $$
DECLARE name text;
BEGIN
	FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename !~ '^(river|goose|keyring)' LOOP
		EXECUTE format('CREATE SEQUENCE %I', 'give_up_' || name);
		EXECUTE format('CREATE CONSTRAINT TRIGGER give_up AFTER INSERT OR UPDATE OR DELETE ON %I DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION give_up()', name);
	END LOOP;
END $$`

// GiveUp makes a database whose tables are there give up every third transaction
// at its commit, with the code of a deadlock: when everything that belongs to it
// was done, and is undone again.
func GiveUp(t testing.TB, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }() // the test is over soon
	if _, err := conn.Exec(t.Context(), giveUp); err != nil {
		t.Fatal(err)
	}
}
