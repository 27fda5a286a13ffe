package audit_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/store"
)

func open(t testing.TB, url string) (*store.DB, *audit.Log) {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	now := time.Unix(1_800_000_000, 0)
	return db, audit.New(db, []byte("a key"), func() time.Time { now = now.Add(time.Second); return now })
}

func fill(t testing.TB, l *audit.Log, n int) {
	t.Helper()
	for i := range n {
		if err := l.Append(t.Context(), audit.Entry{Org: 1, Actor: 2, Action: "credential.use", Kind: "credential", Object: int64(i), Detail: map[string]any{"purpose": "test"}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheChainVerifiesOnBothEngines(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "a.db"), "postgres": pgtest.New(t)} {
		t.Run(name, func(t *testing.T) {
			db, l := open(t, url)
			if n, err := l.Verify(t.Context()); n != 0 || err != nil {
				t.Fatalf("an empty log: %d, %v", n, err)
			}
			fill(t, l, 25)
			if n, err := l.Verify(t.Context()); n != 25 || err != nil {
				t.Errorf("%d entries, %v", n, err)
			}
			page, total, err := db.AuditPage(t.Context(), store.AuditFilter{Org: 1, Kind: "credential", Action: "credential.use", From: 1, To: 1 << 60, Page: 2, Number: 10})
			if err != nil || total != 25 || len(page) != 10 || page[0].Seq != 15 {
				t.Errorf("page 2 of %d has %d entries from %+v: %v", total, len(page), page[:min(1, len(page))], err)
			}
			for name, want := range map[string]int{"purpose": 25, "nothing": 0, "": 25} {
				if _, total, err := db.AuditPage(t.Context(), store.AuditFilter{Org: 1, Change: name, Page: 1, Number: 10}); err != nil || total != want {
					t.Errorf("%d entries say something of %q, want %d: %v", total, name, want, err)
				}
			}
		})
	}
}

func TestNothingIsWrittenWhenWhatItTellsOfFails(t *testing.T) {
	db, l := open(t, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
	refused := fmt.Errorf("no")
	err := db.Change(t.Context(), func(tx *store.Tx) error {
		if err := l.AppendTx(t.Context(), tx, audit.Entry{Action: "credential.create"}); err != nil {
			t.Error(err)
		}
		return &weir.Error{Code: weir.CodeUsage, Message: "no", Err: refused}
	})
	if weir.CodeOf(err) != weir.CodeUsage {
		t.Fatal(err)
	}
	if n, err := l.Verify(t.Context()); n != 0 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
}

// Every way of laying hands on the log of a file of one's own is found.
func TestAnyChangeOfTheLogIsFound(t *testing.T) {
	for _, c := range []string{
		`UPDATE audit_entry SET detail = x'7b7d' WHERE seq = 7`,
		`UPDATE audit_entry SET actor = 3 WHERE seq = 1`,
		`UPDATE audit_entry SET at = at + 1 WHERE seq = 20`,
		`UPDATE audit_entry SET action = 'credential.usf' WHERE seq = 9`,
		`UPDATE audit_entry SET kind = 'credentiam' WHERE seq = 9`,
		`UPDATE audit_entry SET object = 99, org = 1 WHERE seq = 9`,
		`UPDATE audit_entry SET org = 2 WHERE seq = 9`,
		`UPDATE audit_entry SET mac = x'00' WHERE seq = 9`,
		`UPDATE audit_entry SET previous = x'00' WHERE seq = 9`,
		`DELETE FROM audit_entry WHERE seq = 12`,
		`DELETE FROM audit_entry WHERE seq = 20`,
		`DELETE FROM audit_entry`,
		`UPDATE audit_head SET seq = 19`,
		`UPDATE audit_head SET mac = x'00'`,
		`UPDATE audit_entry SET seq = 100 WHERE seq = 3`,
	} {
		path := filepath.Join(t.TempDir(), "a.db")
		_, l := open(t, "sqlite:"+path)
		fill(t, l, 20)
		raw, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=10000")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.ExecContext(t.Context(), c); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		_ = raw.Close()
		if _, err := l.Verify(t.Context()); weir.CodeOf(err) != weir.CodeIntegrity {
			t.Errorf("%s: %v", c, err)
		}
	}
}

// Every byte of every column of every entry, one at a time.
func TestAChangeOfAnyOneByteOfTheLogIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	_, l := open(t, "sqlite:"+path)
	fill(t, l, 4)
	raw, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	raw.SetMaxOpenConns(1)
	tried := 0
	try := func(column string, seq int, value, edited any) {
		t.Helper()
		tried++
		where := ` WHERE seq = $2`
		table := "audit_entry"
		if column == "head" {
			table, column = "audit_head", "mac"
		}
		if _, err := raw.ExecContext(t.Context(), `UPDATE `+table+` SET `+column+` = $1`+where, edited, seq); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Verify(t.Context()); weir.CodeOf(err) != weir.CodeIntegrity {
			t.Errorf("%s of entry %d changed to %v: %v", column, seq, edited, err)
		}
		if _, err := raw.ExecContext(t.Context(), `UPDATE `+table+` SET `+column+` = $1`+where, value, seq); err != nil {
			t.Fatal(err)
		}
	}
	for seq := 1; seq <= 4; seq++ {
		for _, column := range []string{"at", "org", "actor", "object"} {
			var value int64
			if err := raw.QueryRowContext(t.Context(), `SELECT `+column+` FROM audit_entry WHERE seq = $1`, seq).Scan(&value); err != nil {
				t.Fatal(err)
			}
			for i := range 8 {
				try(column, seq, value, value^(0x5a<<(8*i)))
			}
		}
		for _, column := range []string{"action", "kind", "detail", "previous", "mac"} {
			var value []byte
			if err := raw.QueryRowContext(t.Context(), `SELECT CAST(`+column+` AS BLOB) FROM audit_entry WHERE seq = $1`, seq).Scan(&value); err != nil {
				t.Fatal(err)
			}
			text := column == "action" || column == "kind"
			for i := range value {
				edited := append([]byte{}, value...)
				edited[i] ^= 1
				if text {
					try(column, seq, string(value), string(edited))
				} else {
					try(column, seq, value, edited)
				}
			}
		}
	}
	var head []byte
	if err := raw.QueryRowContext(t.Context(), `SELECT mac FROM audit_head`).Scan(&head); err != nil {
		t.Fatal(err)
	}
	for i := range head {
		edited := append([]byte{}, head...)
		edited[i] ^= 1
		try("head", 4, head, edited)
	}
	if _, err := l.Verify(t.Context()); err != nil || tried < 400 {
		t.Errorf("after %d edits were undone: %v", tried, err)
	}
	t.Logf("%d edits of one byte, each found", tried)
}

func BenchmarkVerify(b *testing.B) {
	db, l := open(b, "sqlite:"+filepath.Join(b.TempDir(), "a.db"))
	const n = 100_000
	err := db.Change(b.Context(), func(tx *store.Tx) error {
		for i := range n {
			if err := l.AppendTx(context.Background(), tx, audit.Entry{Org: 1, Action: "credential.use", Object: int64(i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got, err := l.Verify(b.Context()); got != n || err != nil {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "entries/s")
}
