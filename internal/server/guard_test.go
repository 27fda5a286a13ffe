package server_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/weirhq/weir/internal/job/jobtest"
)

// past writes into the database past Weir.
func (w *world) past(statements ...string) {
	w.Helper()
	driver, dsn := "pgx", w.database
	if dsn == "" {
		driver, dsn = "sqlite", "file:"+filepath.Join(w.dir, "weir.db")+"?_busy_timeout=10000"
	}
	db, err := sql.Open(driver, dsn)
	w.must(err)
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		_, err := db.ExecContext(context.Background(), s)
		w.must(err)
	}
}

// Credential 1 and 2 lead to the service, 3 to a file; source 4 uses 2, and its dataset 5
// goes into destination 6 with 3. Two tries each: at once, and after a restart.
func TestARowThatSomebodyElseHasWrittenSendsNothing(t *testing.T) {
	for name, forge := range map[string]string{
		"the credential of a source":       `UPDATE reference SET target = 1 WHERE resource = 4 AND role = 'credential'`,
		"a second credential, read first":  `INSERT INTO reference (resource, role, target) VALUES (4, 'credential', 1)`,
		"the owner of a source":            `UPDATE resource SET owner = 99 WHERE id = 4`,
		"what a source does":               `UPDATE resource SET spec = (SELECT spec FROM resource WHERE id = 1) WHERE id = 4`,
		"the owner of a credential":        `UPDATE resource SET owner = 99 WHERE id = 2`,
		"the settings of a credential":     `UPDATE resource SET spec = (SELECT spec FROM resource WHERE id = 1) WHERE id = 2`,
		"another row's MAC":                `UPDATE resource SET owner = 99, mac = (SELECT m.mac FROM resource m WHERE m.id = 1) WHERE id = 2`,
		"no MAC, as before there were any": `UPDATE resource SET owner = 99, mac = '' WHERE id = 2`,
	} {
		t.Run(name, func(t *testing.T) { refusesForged(t, newWorld(t, 5), forge) })
	}
	t.Run("on Postgres", func(t *testing.T) {
		refusesForged(t, buildWorld(t, 5, 120, jobtest.Fresh.Postgres(t)), `UPDATE reference SET target = 1 WHERE resource = 4 AND role = 'credential'`)
	})
}

func refusesForged(t *testing.T, w *world, forge string) {
	t.Helper()
	w.credential()
	w.credential()
	lake := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})
	src := w.call(200, "POST", "/data_sources", m{"name": "Bookings", "source_type": "rest", "data_credentials_id": 2, "source_config": m{"endpoint": "bookings"}})
	dataset := src["data_sets"].([]any)[0].(m)["id"]
	sink := w.call(200, "POST", "/data_sinks", m{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": dataset, "sink_config": m{"mode": "upsert"}})
	w.call(200, "PUT", "/data_sinks/"+id(sink["id"])+"/activate", nil)
	if id(src["id"]) != "4" || id(sink["id"]) != "6" {
		t.Fatalf("source %v, destination %v", src["id"], sink["id"])
	}
	w.past(strings.Split(forge, ";")...)
	before := w.sim.Arrivals().Total
	for range 2 {
		w.call(500, "POST", "/data_sources/4/run_now", m{})
		w.start()
	}
	if n := w.sim.Arrivals().Total - before; n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if !strings.Contains(w.log.String(), "was not written by Weir") {
		t.Error("nobody was told")
	}
	w.until("it is in the audit log", func() bool { // the report is written on its own
		return slices.ContainsFunc(w.list("/orgs/1/audit_log?per_page=100"), func(e m) bool { return strings.Contains(id(e), "forged") })
	})
}
