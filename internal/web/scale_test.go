package web_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	_ "modernc.org/sqlite"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/api"
	"github.com/weirhq/weir/internal/server"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// How much there is on the site that is measured.
const (
	manyCredentials = 10_000
	manyFlows       = 1_000
	manyRuns        = 100_000
	manyRows        = 50_000  // of a lookup
	manyRecords     = 100_000 // of one dataset
)

// pageLimit is what a page may take on the server, and until its first content is
// painted in a browser on the same machine.
const pageLimit = 200 * time.Millisecond

// TestPagesAnswerWhateverThereIs measures every list, and a page of each kind of
// thing, where there is much of everything. Filling the store takes minutes, so it
// is done when WEIR_PAGES is set.
func TestPagesAnswerWhateverThereIs(t *testing.T) {
	if os.Getenv("WEIR_PAGES") == "" {
		t.Skip("WEIR_PAGES is not set")
	}
	s := siteOf(t, simulator.Options{Bookings: 120, Seed: 1}, nil, func(c *server.Config) { c.Limit = api.Limit{Requests: 1_000_000_000, Per: time.Minute} })
	token := s.setUp().Token.Expose()
	flow, lookup := s.crowd(token)
	b := s.browse(1440, 1000)
	b.signIn()
	for _, path := range []string{"/", "/connectors", "/credentials", "/credentials?page=160", "/credentials?q=999", "/credentials/1", "/flows", "/flows?page=20", "/flows?status=active", fmt.Sprintf("/flows/%d", flow),
		"/flows/new", "/flows/new?credential=1&endpoint=bookings", "/runs", "/runs?page=1000", "/runs?page=2000", "/runs?status=failed&page=100", "/datasets", "/datasets?page=20", fmt.Sprintf("/datasets/%d", flow+1),
		"/budgets", "/quarantine", "/notifications", "/activity", "/activity?page=200", "/activity?kind=source", "/people", "/projects", "/lookups",
		fmt.Sprintf("/lookups/%d", lookup), fmt.Sprintf("/lookups/%d?page=1000", lookup), fmt.Sprintf("/lookups/%d?q=value+49", lookup), fmt.Sprintf("/lookups/%d?q=%%C3%%A9", lookup), "/keys", "/settings", "/account", "/notifications/unread"} {
		took, size := s.measured(token, path)
		painted := took
		if path != "/notifications/unread" { // a number, which no page is
			painted = b.painted(path)
		}
		t.Logf("%-40s %6.1f ms %7.1f kB, painted after %6.1f ms", path, float64(took.Microseconds())/1000, float64(size)/1000, float64(painted.Microseconds())/1000)
		if took > pageLimit || painted > pageLimit {
			t.Errorf("%s takes %s, and is painted after %s", path, took.Round(time.Millisecond), painted.Round(time.Millisecond))
		}
	}
	begun := time.Now()
	lines := strings.Count(s.page(token, "/runs?format=csv"), "\n")
	t.Logf("all %d runs as a file: %s", lines-1, time.Since(begun).Round(time.Millisecond))
	if lines < manyRuns {
		t.Errorf("the file has %d lines", lines)
	}
}

// measured is the middle one of nine times that a page takes, and its size.
func (s *site) measured(token, path string) (time.Duration, int) {
	s.Helper()
	all, size := make([]time.Duration, 9), len(s.page(token, path))
	for i := range all {
		begun := time.Now()
		s.page(token, path)
		all[i] = time.Since(begun)
	}
	slices.Sort(all)
	return all[len(all)/2], size
}

// painted is the middle one of nine times from when a page is asked for until its
// first content is painted, as the browser itself measures it. The page opens in a
// second window that nobody watches: what drives a browser in tests makes every page
// that it looks at some 80 ms slower.
func (b *browser) painted(path string) time.Duration {
	b.Helper()
	run(b, chromedp.Evaluate[bool](`Boolean(window.watched ??= window.open('/account', 'watched', 'width=1440,height=1000'))`, func(p *runtime.EvaluateParams) {
		byHand := true
		p.UserGesture = &byHand
	}))
	all := make([]time.Duration, 9)
	for i := range all {
		ms := run(b, chromedp.Evaluate[float64](fmt.Sprintf(`(async () => {
			const soon = () => new Promise((done) => setTimeout(done, 100));
			const painted = () => window.watched.performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
			while (window.watched.location.href === 'about:blank' || window.watched.document.readyState !== 'complete') await soon(); // which keeps its window when it is left
			window.watched.before = true;
			window.watched.location.href = %q;
			while (window.watched.before || window.watched.document.readyState !== 'complete' || painted() === undefined) await soon();
			await soon();
			return painted();
		})()`, path), chromedp.EvalAwaitPromise))
		all[i] = time.Duration(ms * float64(time.Millisecond))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// crowd puts much of everything into the site: what is signed over the API, runs
// straight into the store. It gives a flow and a lookup.
func (s *site) crowd(token string) (flow, lookup int64) {
	s.Helper()
	cal := s.made(token, "/data_credentials", map[string]any{"name": "Ours", "credentials_type": "cal_com_api", "credentials": map[string]any{"api_key": s.key(), "rate_limit": "100000"}})
	for i := range manyCredentials {
		s.made(token, "/data_credentials", map[string]any{"name": fmt.Sprintf("Key of team %d", i), "description": "The key of one of very many teams", "credentials_type": "rest", "credentials": map[string]any{"auth.type": "NONE"}})
	}
	for i := range manyFlows {
		made := s.made(token, "/data_sources", map[string]any{"name": fmt.Sprintf("Bookings of team %d", i), "source_type": "rest", "data_credentials_id": cal["id"], "endpoint": "bookings", "source_config": map[string]any{"start.cron": fmt.Sprintf("0 %d * * * ? *", i%60)}})
		flow = idOf(made["id"])
		s.asks(http.MethodPut, token, fmt.Sprintf("/data_sources/%d/activate", flow), nil)
	}
	rows := make([]any, 0, manyRows)
	for i := range manyRows {
		rows = append(rows, map[string]any{"key": fmt.Sprintf("k%05d", i), "city": "Ålesund", "says": fmt.Sprintf("value %d", i)})
	}
	made := s.made(token, "/data_maps", map[string]any{"name": "Many", "data_type": "string", "map_primary_key": "key"})
	for some := range slices.Chunk(rows, 5_000) {
		s.puts(token, fmt.Sprintf("/data_maps/%v/entries", made["id"]), map[string]any{"entries": some})
	}
	s.quiet(token)
	s.grown(flow + 1)
	s.ran()
	return flow, idOf(made["id"])
}

// grown puts very many records into a dataset's log: those that it has, again and
// again with other keys.
func (s *site) grown(dataset int64) {
	s.Helper()
	db, ctx := s.database(), s.Context()
	logs, err := db.LogsOf(ctx, 1, []int64{dataset}, nil)
	s.must(err)
	log, err := db.Dataset(ctx, logs[0])
	s.must(err)
	lease, err := db.AcquireSource(ctx, log.Source, "the test")
	s.must(err)
	defer lease.Release()
	there, err := db.ReadLog(ctx, log.ID, 0, 100, 10<<20)
	s.must(err)
	for page := range manyRecords / 1_000 {
		a := store.Append{Dataset: log.ID, Run: there.Records[0].RunID, Epoch: lease.Epoch, ExtractedAt: time.Now().UnixMicro()}
		for i := range 1_000 {
			r := there.Records[i%len(there.Records)].Record
			key := fmt.Sprintf("%s-%d-%d", r.Key, page, i)
			r.Data = bytes.ReplaceAll(r.Data, []byte(r.Key), []byte(key))
			r.Key, r.Hash = key, weir.HashOf(r.Data)
			a.Records = append(a.Records, r)
		}
		_, err := db.Append(ctx, a)
		s.must(err)
	}
}

// quiet waits until no run is under way.
func (s *site) quiet(token string) {
	s.Helper()
	for {
		open := 0
		for _, status := range []string{"queued", "running"} {
			open += strings.Count(s.answer(http.MethodGet, token, "/runs?per_page=1&status="+status), `"run_id"`)
		}
		if open == 0 {
			return
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-s.Context().Done():
			s.Fatal("the runs do not end")
		}
	}
}

// ran writes runs of all flows, as if they had been.
func (s *site) ran() {
	s.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "weir.db")+"?_pragma=busy_timeout(60000)")
	s.must(err)
	defer db.Close()
	now := time.Now().UnixMicro()
	for _, statement := range []string{
		`INSERT INTO source (org, connector, origin, account, resource) SELECT 1, 'calcom', 'x', '1 source ' || id, id FROM resource WHERE kind = 'source'`,
		`INSERT INTO dataset (org, source, name) SELECT 1, id, 'bookings' FROM source WHERE origin = 'x'`,
		fmt.Sprintf(`INSERT INTO run (id, org, source, epoch, started, ended, status, resource, number, records_read, written, requests, bytes)
			WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT 'r' || i, 1, s.id, 1, %d - 8000000 * CAST(i AS INTEGER), %d - 8000000 * CAST(i AS INTEGER) + 5000000, CASE i %% 10 WHEN 0 THEN 'failed' ELSE 'succeeded' END, s.resource, 1000000 + i, 10, 10, 3, 1000
			FROM n JOIN (SELECT id, resource, row_number() OVER (ORDER BY id) - 1 AS nr FROM source WHERE origin = 'x') s ON s.nr = i %% %d`, manyRuns-1, now, now, manyFlows),
		`INSERT INTO run_part (run, part, kind, org, number, started, records, bytes, errors) SELECT id, resource, 'source', 1, number, started, 10, 1000, 0 FROM run WHERE id NOT IN (SELECT run FROM run_part)`,
		`UPDATE flow_health SET health = CASE resource % 3 WHEN 0 THEN 'failing' ELSE 'healthy' END, run = 'r1', number = 1, summary = 'The key is unknown', updated = 1`,
		`INSERT INTO quarantine (org, dataset, run, at, stage, reason, key, original) SELECT 1, (SELECT min(id) FROM dataset), id, started, 'decode', 'its createdAt is not a time', x'6b', x'7b7d' FROM run WHERE number >= 1000000 AND number % 10 = 0`,
		`ANALYZE`,
	} {
		if _, err := db.ExecContext(s.Context(), statement); err != nil {
			s.Fatalf("%s: %v", statement, err)
		}
	}
}
