package sqldb_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
	"github.com/weirhq/weir/internal/destination/sqldb"
	"github.com/weirhq/weir/internal/pgtest"
)

// conflict checks that a load is refused for a reason that names what is
// wrong, and says what to do.
func conflict(t *testing.T, err error, says ...string) {
	t.Helper()
	var e *weir.Error
	if !errors.As(err, &e) || e.Code != weir.CodeConflict || e.Remedy == "" {
		t.Fatalf("got %v, want a conflict with a remedy", err)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%q does not say %q", err, s)
		}
	}
}

func TestATableThatIsNotOursIsLeftAlone(t *testing.T) {
	for _, make := range []string{`CREATE TABLE bookings (mine int)`, `CREATE VIEW bookings AS SELECT 1 AS mine`, `CREATE TABLE booking_attendees (mine int)`} {
		onAll(t, func(t *testing.T, url string) {
			db, theirs := open(t, url), user(t, url)
			run(t, theirs, make)
			_, err := db.Load(t.Context(), destinationtest.NewWorld(1).Next(5))
			name := strings.Fields(make)[2]
			conflict(t, err, name, "Weir did not make", "Rename "+name)
			if err := theirs.QueryRow(`SELECT count(mine) FROM ` + name).Scan(new(int)); err != nil {
				t.Errorf("it was touched: %v", err)
			}
		})
	}
}

func TestATableSomebodyHasAlteredStopsWithTheExactDifference(t *testing.T) {
	for _, c := range []struct {
		alter, says string
		engine      string
	}{
		{`DROP TABLE booking_attendees`, "it is gone", ""},
		{`ALTER TABLE bookings DROP COLUMN title`, "the column title (", ""},
		{`ALTER TABLE bookings RENAME COLUMN title TO subject`, "the column title (", ""},
		{`ALTER TABLE bookings ALTER COLUMN version TYPE text`, "the column version is text, and was made as bigint", "Postgres"},
		{`ALTER TABLE bookings DROP CONSTRAINT bookings_pkey`, "the unique index on (id) is missing", "Postgres"},
	} {
		onAll(t, func(t *testing.T, url string) {
			if c.engine != "" && !strings.HasSuffix(t.Name(), c.engine) {
				t.Skip("the database cannot do that")
			}
			w, db := destinationtest.NewWorld(2), open(t, url)
			if _, err := db.Load(t.Context(), w.Next(5)); err != nil {
				t.Fatal(err)
			}
			at := w.Position()
			run(t, user(t, url), c.alter)
			_, err := db.Load(t.Context(), w.Next(5))
			conflict(t, err, c.says)
			if got, err := db.Position(t.Context(), "log-a", "bookings"); got != at || err != nil {
				t.Errorf("the position moved to %d, %v", got, err)
			}
		})
	}
}

func TestWhatAUserAddsIsLeftAlone(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		w, db, theirs := destinationtest.NewWorld(3), open(t, url), user(t, url)
		if _, err := db.Load(t.Context(), w.Next(30)); err != nil {
			t.Fatal(err)
		}
		run(t, theirs, `ALTER TABLE bookings ADD COLUMN note text`, `CREATE INDEX mine ON bookings (version)`, `CREATE VIEW live AS SELECT id FROM bookings WHERE _weir_deleted_at IS NULL`,
			`UPDATE bookings SET note = 'x'`)
		b := w.Next(30)
		b.Layout.Tables[0].Columns[2].Type = weir.TypeText // ratio: the table is rebuilt in SQLite
		for _, c := range b.Changes {
			if !c.Deleted {
				c.Rows[0][0][2] = "1/3"
			}
		}
		if _, err := db.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		var notes, live int
		if err := theirs.QueryRow(`SELECT count(note), (SELECT count(*) FROM live) FROM bookings`).Scan(&notes, &live); err != nil || notes == 0 || live == 0 {
			t.Errorf("%d notes and %d rows in the view (%v)", notes, live, err)
		}
		index := `SELECT count(*) FROM pg_indexes WHERE indexname = 'mine'`
		if strings.HasPrefix(url, "sqlite") {
			index = `SELECT count(*) FROM sqlite_schema WHERE name = 'mine'`
		} else if strings.HasPrefix(url, "mysql") {
			index = `SELECT count(*) FROM information_schema.statistics WHERE table_schema = database() AND index_name = 'mine'`
		}
		var n int
		if err := theirs.QueryRow(index).Scan(&n); err != nil || n != 1 {
			t.Errorf("the index is there %d times (%v)", n, err)
		}
	})
}

func TestATriggerThatRaisesStopsTheLoadWithItsWords(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		w, db, theirs := destinationtest.NewWorld(4), open(t, url), user(t, url)
		if _, err := db.Load(t.Context(), w.Next(5)); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(url, "sqlite") {
			run(t, theirs, `CREATE TRIGGER no BEFORE INSERT ON bookings BEGIN SELECT RAISE(ABORT, 'not today'); END`)
		} else if strings.HasPrefix(url, "mysql") {
			run(t, theirs, `CREATE TRIGGER no BEFORE INSERT ON bookings FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'`)
		} else {
			run(t, theirs, `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$`,
				`CREATE TRIGGER no BEFORE INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION no()`)
		}
		b := w.Next(50)
		_, err := db.Load(t.Context(), b)
		conflict(t, err, "not today")
		run(t, theirs, map[bool]string{true: `DROP TRIGGER no`, false: `DROP TRIGGER no ON bookings`}[!strings.HasPrefix(url, "postgres")])
		if _, err := db.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		w.Check(t, place(url))
	})
}

func TestWeirsOwnStoreIsNoDestination(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		run(t, user(t, url), `CREATE TABLE goose_db_version (id int)`)
		_, err := sqldb.Open(t.Context(), url, sqldb.Options{})
		conflict(t, err, "its own records")
	})
}

func TestAFileThatIsNotSQLiteIsLeftAlone(t *testing.T) {
	for _, content := range []string{"x", "PAR1 and so on, long enough to be a header", "SQLite format 2\x00"} {
		path := filepath.Join(t.TempDir(), "notes.txt")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sqldb.Open(t.Context(), "sqlite:"+path, sqldb.Options{})
		conflict(t, err, "not a SQLite database", path)
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("it was changed to %q (%v)", got, err)
		}
	}
}

func TestTheFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?#%.db")
	db := open(t, "sqlite://"+path)
	if _, err := db.Load(t.Context(), destinationtest.NewWorld(1).Next(5)); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", suffix, info, err)
		}
	}
}

func TestAMissingDirectoryIsTold(t *testing.T) {
	_, err := sqldb.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "no", "such.db"), sqldb.Options{})
	if weir.CodeOf(err) != weir.CodeLocal || !strings.Contains(err.Error(), "no such file or directory") {
		t.Errorf("got %v", err)
	}
}

func TestTheSchemaOfTheURLIsMadeAndUsed(t *testing.T) {
	url := pgtest.New(t)
	const name = `Odd "schema"; --`
	db := open(t, url+"&schema="+strings.NewReplacer(" ", "%20", `"`, "%22", ";", "%3B").Replace(name))
	w := destinationtest.NewWorld(5)
	if _, err := db.Load(t.Context(), w.Next(20)); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := user(t, url).QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = $1`, name).Scan(&n); err != nil || n != 5 {
		t.Errorf("%d tables in the schema (%v), want 5", n, err)
	}
	if _, err := open(t, url).Load(t.Context(), destinationtest.NewWorld(6).Next(5)); err != nil {
		t.Errorf("the public schema is not free: %v", err)
	}
}

func TestNoErrorHoldsThePassword(t *testing.T) {
	const secret = "hunter2secret"
	for _, url := range []string{
		"postgres://u:" + secret + "@127.0.0.1:1/db", "postgres://u:" + secret + "%zz@h/db", "postgres://u:" + secret + "@h:port/db",
		"postgres://u:" + secret + "@/db?host=/nowhere", "postgres://u@127.0.0.1:1/db?password=" + secret, "mysql://u:" + secret + "@127.0.0.1:1/db", "mysql://u:" + secret + "%zz@h/db",
		"mysql://u:" + secret + "@h/db?sslmode=odd", "mysql://u:" + secret + "@h/db?other=" + secret, "mysql://u@127.0.0.1:1/db?password=" + secret, "oracle://u:" + secret + "@h/db",
	} {
		_, err := sqldb.Open(t.Context(), url, sqldb.Options{Password: weir.NewSecret(secret)})
		if err == nil {
			t.Fatalf("%s was opened", url)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if s := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(s, secret) {
				t.Errorf("%s", s)
			}
		}
	}
}

func TestAnUnchangedRecordKeepsItsRow(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		db := open(t, url)
		w := destinationtest.NewWorld(7)
		b := w.Next(20)
		if _, err := db.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		again := b
		again.Log, again.RunID = "log-b", "run-2"
		for _, c := range again.Changes {
			for _, table := range c.Rows {
				for _, row := range table {
					row[len(row)-3] = "run-2"
				}
			}
		}
		if got, err := db.Load(t.Context(), again); err != nil || got.Rows != 0 {
			t.Errorf("got %+v, %v, want 0 rows", got, err)
		}
		var n int
		if err := user(t, url).QueryRow(`SELECT count(*) FROM bookings WHERE _weir_run_id <> 'run-1'`).Scan(&n); err != nil || n > 0 {
			t.Errorf("%d rows were written again (%v)", n, err)
		}
	})
}

func TestHistoryMarksTheNewestVersionDeletedAndTakesItBack(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		db, theirs := open(t, url), user(t, url)
		w := destinationtest.NewWorld(8)
		layout := w.Layout()
		for i := range layout.Tables {
			layout.Tables[i].Key = append(layout.Tables[i].Key, weir.ColumnHash, weir.ColumnExtractedAt)
		}
		var at weir.Position
		step := func(deleted bool, version int) {
			c := weir.Change{Position: at + 1, Key: "a", RootKey: []any{"a"}, Deleted: deleted}
			if !deleted {
				c = destinationtest.Booking("a", version, "Kei")
				c.Position = at + 1
			}
			b := weir.Batch{Dataset: "bookings", Source: "s", Log: "l", Mode: weir.ModeHistory, Layout: layout, From: at, To: at + 1, RunID: "r", Epoch: 1, ExtractedAt: 1e15, Changes: []weir.Change{c}}
			if _, err := db.Load(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			at++
		}
		shows := func(want string) {
			t.Helper()
			var got sql.NullString
			const list = `SELECT v FROM (SELECT version * 10 + CASE WHEN _weir_deleted_at IS NULL THEN 0 ELSE 1 END AS v FROM bookings UNION ALL
				SELECT 1000 + CASE WHEN _weir_deleted_at IS NULL THEN 0 ELSE 1 END FROM booking_attendees) AS x ORDER BY v`
			rows, err := theirs.Query(list)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			text := ""
			for rows.Next() {
				if err := rows.Scan(&got); err != nil {
					t.Fatal(err)
				}
				text += got.String + " "
			}
			if text != want {
				t.Errorf("got %s, want %s", text, want)
			}
		}
		step(false, 1)
		step(false, 2)
		step(true, 0)
		shows("10 21 1000 1001 ")
		step(true, 0)
		shows("10 21 1000 1001 ")
		step(false, 2)
		shows("10 20 1000 1000 ")
		step(true, 0)
		step(false, 3)
		shows("10 21 30 1000 1000 1001 ")
	})
}

func TestAReadOnlyServerIsToldAsOne(t *testing.T) {
	url := pgtest.New(t)
	w, db := destinationtest.NewWorld(9), open(t, url)
	if _, err := db.Load(t.Context(), w.Next(5)); err != nil {
		t.Fatal(err)
	}
	run(t, user(t, url), `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$`)
	_, err := open(t, url).Load(t.Context(), w.Next(5))
	if weir.CodeOf(err) != weir.CodeLocal || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("got %v", err)
	}
}
