package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

// dump is every row of every table, each table's in one order.
func dump(t *testing.T, db *DB, tables []table) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range tables {
		err := db.each(t.Context(), func(rows *sql.Rows) error {
			values, err := table.scanRow(rows)
			all[table.name] = append(all[table.name], fmt.Sprintf("%q", values))
			return err
		}, `SELECT `+table.list()+` FROM `+quoted(table.name))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(all[table.name], cmp.Compare[string])
	}
	return all
}

// lived fills a database with something of most kinds; one resource was made
// and is gone.
func lived(t *testing.T, db *DB) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	source, err := db.EnsureSource(ctx, SourceSpec{Connector: "calcom", Origin: "here", Account: "Ada Ünïcode"})
	must(err)
	lease, err := db.AcquireSource(ctx, source, "me")
	must(err)
	d, err := db.EnsureDataset(ctx, source, "bookings")
	must(err)
	must(db.StartRun(ctx, Run{ID: "run", Source: source, Epoch: lease.Epoch, Started: 1}))
	data := []byte(`{"a":"\u0000 and 💡"}`)
	_, err = db.Append(ctx, Append{Dataset: d.ID, Run: "run", Epoch: lease.Epoch, Checkpoint: []byte{0, 1, 255}, ExtractedAt: 5,
		Records: []weir.Record{{Key: "k\x00\xff", Version: 1, Data: data, Hash: weir.HashOf(data)}}})
	must(err)
	must(db.UpdateBudget(ctx, "key", func([]byte) ([]byte, error) { return []byte{0, 255}, nil }))
	must(db.Change(ctx, func(tx *Tx) error {
		for range 3 {
			r := Resource{Org: 1, Owner: 2, Kind: KindSource, Name: "büro", Spec: []byte(`{"x":1}`), Tags: []string{"a"}}
			if err := tx.CreateResource(ctx, &r, true); err != nil {
				return err
			}
		}
		return tx.AppendAudit(ctx, AuditEntry{Action: "x.y", Detail: []byte(`{}`)}, func(AuditEntry) []byte { return []byte("mac") })
	}))
	db.mustExec(t, `DELETE FROM node WHERE resource = 3`)
	db.mustExec(t, `DELETE FROM resource WHERE id = 3`)
}

// A backup is the same whatever it was made of, and comes back on either engine.
func TestADatabaseIsCarriedFromEngineToEngineWhole(t *testing.T) {
	for name, newURL := range urls(t) {
		t.Run("from "+name, func(t *testing.T) {
			db := mustOpen(t, newURL(t))
			lived(t, db)
			path := filepath.Join(t.TempDir(), "copy.db")
			if err := db.Snapshot(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			if seq, mac, err := SnapshotHead(t.Context(), path); seq != 1 || string(mac) != "mac" || err != nil {
				t.Errorf("its audit log ends with %d %q, %v", seq, mac, err)
			}
			copied := mustOpen(t, "sqlite:"+path)
			tables, err := tablesOf(t.Context(), copied.read)
			if err != nil || len(tables) < 20 {
				t.Fatalf("%d tables, %v", len(tables), err)
			}
			want := dump(t, db, tables)
			if diff := gocmp.Diff(want, dump(t, copied, tables)); diff != "" {
				t.Errorf("the snapshot differs: %s", diff)
			}
			if err := copied.Check(t.Context()); err != nil {
				t.Error(err)
			}
			back := mustOpen(t, urls(t)["postgres"](t))
			if err := back.Fill(t.Context(), copied); err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(want, dump(t, back, tables)); diff != "" {
				t.Errorf("what came back differs: %s", diff)
			}
			wantCode(t, back.Fill(t.Context(), copied), weir.CodeUsage)
			for where, db := range map[string]*DB{"the snapshot": copied, "what came back": back} {
				r := Resource{Org: 1, Kind: KindSource, Spec: []byte("{}")}
				if err := db.Change(t.Context(), func(tx *Tx) error { return tx.CreateResource(t.Context(), &r, true) }); err != nil || r.ID != 4 {
					t.Errorf("in %s the next id is %d, which was used before (%v)", where, r.ID, err)
				}
			}
		})
	}
}

func TestASnapshotOfPostgresIsOfOneInstant(t *testing.T) {
	db := mustOpen(t, urls(t)["postgres"](t))
	lived(t, db)
	for i := range 5 {
		done := make(chan error, 1)
		go func() { done <- pairs(t.Context(), db, 200) }()
		path := filepath.Join(t.TempDir(), fmt.Sprintf("copy%d.db", i))
		if err := db.Snapshot(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		var alone int
		copied := mustOpen(t, "sqlite:"+path)
		if err := copied.read.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM resource) - (SELECT count(*) FROM node)`).Scan(&alone); err != nil || alone != 0 {
			t.Errorf("%d resources without a node, %v", alone, err)
		}
		if err := copied.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// pairs makes n resources, each with its node in one transaction.
func pairs(ctx context.Context, db *DB, n int) error {
	for range n {
		r := Resource{Org: 1, Kind: KindSource, Spec: []byte("{}")}
		if err := db.Change(ctx, func(tx *Tx) error { return tx.CreateResource(ctx, &r, true) }); err != nil {
			return err
		}
	}
	return nil
}
