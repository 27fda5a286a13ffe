package server_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/weirhq/weir/internal/job/jobtest"
)

// manyRuns fills a store with 10,000 flows, 100,000 runs with their parts and
// lines, and 20,000 records in quarantine.
const manyRuns = `
INSERT INTO resource (id, org, owner, kind, type, name, description, status, spec, tags, version, created, updated)
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
  SELECT 100000 + i, 1, 1, 'source', 'cal_com_api', 'Source ' || i, '', 'active', BYTES('{"endpoints":["bookings"],"schedule":"0 0 * * * ? *"}'), '[]', 1, 1, 1 FROM n;
INSERT INTO resource (id, org, owner, kind, type, name, description, status, spec, tags, version, created, updated)
  SELECT id + 100000, 1, 1, 'dataset', 'bookings', 'Dataset ' || id, '', 'active', BYTES('{"endpoint":"bookings"}'), '[]', 1, 1, 1 FROM resource WHERE kind = 'source' AND id > 100000;
INSERT INTO node (id, resource) SELECT id, id FROM resource WHERE id > 100000;
INSERT INTO reference (resource, role, target) SELECT id, 'source', id - 100000 FROM resource WHERE id > 200000;
INSERT INTO reference (resource, role, target) SELECT s.id, 'credential', c.id FROM resource s, resource c WHERE s.kind = 'source' AND s.id > 100000 AND c.kind = 'credential';
INSERT INTO source (id, org, connector, origin, account, resource) OVERRIDE SELECT id, 1, 'calcom', 'x', '1 source ' || id, id FROM resource WHERE kind = 'source' AND id > 100000;
INSERT INTO dataset (id, org, source, name) OVERRIDE SELECT id, 1, id, 'bookings' FROM source WHERE id > 100000;
INSERT INTO run (id, org, source, epoch, started, ended, status, resource, number, records_read, written, requests, bytes)
  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
  SELECT '20260101T000000.000-' || i, 1, 100001 + i % 10000, 1, 1767225600000000 + 25000000 * CAST(i AS BIGINT), 1767225605000000 + 25000000 * CAST(i AS BIGINT),
    CASE i % 10 WHEN 0 THEN 'failed' ELSE 'succeeded' END, 100001 + i % 10000, 1767225600000 + 25000 * CAST(i AS BIGINT), 10, 10, 3, 1000 FROM n;
INSERT INTO run_part (run, part, kind, org, number, started, records, bytes, errors) SELECT id, resource, 'source', 1, number, started, 10, 1000, 0 FROM run WHERE resource > 100000;
INSERT INTO run_part (run, part, kind, org, number, started, records, bytes, errors) SELECT id, resource + 100000, 'dataset', 1, number, started, 10, 1000, 0 FROM run WHERE resource > 100000;
INSERT INTO run_log (org, resource, run, number, at, part, kind, severity, type, text) SELECT 1, resource, id, number, started, resource, 'source', 'info', 'log', 'Run ' || id || ' began.' FROM run WHERE resource > 100000;
INSERT INTO run_log (org, resource, run, number, at, part, kind, severity, type, text) SELECT 1, resource, id, number, ended, resource, 'source', 'info', 'summary', 'Run ' || id || ' succeeded.' FROM run WHERE resource > 100000;
DELETE FROM flow_health;
INSERT INTO flow_health (resource, org, health, run, number, records, errors, summary, updated)
  SELECT id, 1, CASE id % 3 WHEN 0 THEN 'failing' ELSE 'healthy' END, 'r', 1, 10, id % 7, '', id FROM resource WHERE kind = 'source' AND id > 100000;
INSERT INTO quarantine (org, dataset, run, at, stage, reason, key, original)
  SELECT 1, source, 'r', started, 'decode', 'its createdAt is not a time', BYTES('k'), BYTES('{"uid":"x"}') FROM run WHERE resource > 100000 AND number % 125000 = 0;
`

// fill puts many runs into the server's store.
func fill(b *testing.B, w *world) {
	b.Helper()
	driver, url := "sqlite", "file:"+w.dir+"/weir.db?_pragma=busy_timeout(60000)"
	text := strings.NewReplacer("BYTES(", "CAST(", "')", "' AS BLOB)", "OVERRIDE ", "").Replace(manyRuns)
	if w.database != "" {
		driver, url = "pgx", w.database
		text = strings.NewReplacer("BYTES('", "CAST('", "')", "' AS BYTEA)", "OVERRIDE", "OVERRIDING SYSTEM VALUE").Replace(manyRuns)
	}
	db, err := sql.Open(driver, url)
	w.must(err)
	defer db.Close()
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
	_, err = db.ExecContext(b.Context(), "ANALYZE")
	w.must(err)
}

// BenchmarkInsight is one page of each list of what happened, over HTTP, with
// 10,000 flows and 100,000 runs.
func BenchmarkInsight(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { insight(b, benchWorld(b)) })
	b.Run("postgres", func(b *testing.B) { insight(b, buildWorld(b, 5, 1_000_000, jobtest.Fresh.Postgres(b))) })
}

func insight(b *testing.B, w *world) {
	w.TB = b
	w.credential()
	fill(b, w)
	for _, path := range []string{
		"/runs", "/runs?page=1000", "/runs?status=failed&page=50", "/runs?since=2026-01-20", "/runs?data_source_id=100500", "/data_sources/100500/runs?expand=1",
		"/data_sources?page=50", "/data_sets?page=50", "/flows?flows_only=1&include_run_metrics=1", "/health/org/all", "/health/org/flows?page=50", "/health/org/flows?health_status=RED&sort_by=latestErrorCount",
		"/quarantine?page=100", "/quarantine?reason=createdAt&data_set_id=200500", "/budgets",
		"/data_sources/100500/metrics", "/data_sets/200500/metrics/run_summary", "/data_sources/100500/flow/logs", "/data_flows/metrics/daily?from=2026-01-25", "/orgs/1/flows/account_metrics", "/plan",
	} {
		b.Run(path, func(b *testing.B) {
			w.TB = b
			for b.Loop() {
				if status, text := w.as(w.token, http.MethodGet, path); status != http.StatusOK {
					b.Fatal(status, text)
				}
			}
		})
	}
}
