package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/simulator"
)

// fleet is several processes on one database, or one on an embedded one, each
// of which may die.
type fleet struct {
	*testing.T
	database string // of Postgres; "" for the embedded one
	data     string
	files    string
	home     string
	sim      *simulator.Simulator
	simURL   string
	workers  []*member
	api      *member
	token    string
	sources  []int
	derived  []*derived
	random   *rand.Rand
	extra    []string // more flags of each process
}

// member is one process.
type member struct {
	cmd  *exec.Cmd
	url  string
	out  *output
	role string
}

// derived is a dataset that rules make of another one: of each record they set
// a field to the edition that they are.
type derived struct{ id, file, edition int }

// takeover is how long a process may be silent in these tests.
const takeover = 5 * time.Second

// newFleet is an API and workers on Postgres.
func newFleet(t *testing.T, workers, bookings, limit int) *fleet {
	t.Helper()
	return newFleetOn(t, pgtest.New(t), workers, bookings, limit)
}

func newFleetOn(t *testing.T, database string, workers, bookings, limit int) *fleet {
	t.Helper()
	f := &fleet{T: t, database: database, data: t.TempDir(), files: t.TempDir(), home: t.TempDir(), random: rand.New(rand.NewPCG(1, 2))}
	var err error
	if f.sim, err = simulator.New(simulator.Options{Bookings: bookings, Seed: 5, RateLimit: limit, ArrivalLog: 200_000}); err != nil {
		t.Fatal(err)
	}
	sim := httptest.NewServer(f.sim)
	t.Cleanup(sim.Close)
	f.simURL = sim.URL
	if f.api = f.start("api"); database == "" {
		f.workers = append(f.workers, f.api)
	}
	var after string
	for end := time.Now().Add(20 * time.Second); !strings.Contains(after, "\n") && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		_, after, _ = strings.Cut(f.api.out.String(), "setup token: ")
	}
	token, _, _ := strings.Cut(after, "\n")
	cmd := f.command("setup", "--server", f.api.url, "--email", "ada@example.com", "--name", "Ada")
	cmd.Env = append(cmd.Env, "WEIR_SETUP_TOKEN="+token, "WEIR_PASSWORD="+servicePassword)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("setup: %v\n%s", err, out)
	}
	f.signIn()
	for range workers {
		f.workers = append(f.workers, f.start("worker"))
	}
	return f
}

func (f *fleet) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(f.Context()), os.Args[0], args...) // #nosec G204 -- our own test binary
	cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "HOME="+f.home, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "CAL_API_KEY=")
	return cmd
}

// start starts a process and waits until it is ready.
func (f *fleet) start(role string) *member {
	f.Helper()
	m := &member{role: role, out: &output{}}
	m.cmd = f.command("--log-level", "info", "serve", "--takeover", takeover.String(), "--data", f.data, "--files", f.files, "--listen", "127.0.0.1:0", "--calcom-url", f.simURL)
	if f.database != "" {
		m.cmd.Args = append(m.cmd.Args, "--role", role, "--database-url", f.database)
	}
	m.cmd.Args = append(m.cmd.Args, f.extra...)
	m.cmd.Stdout, m.cmd.Stderr = m.out, m.out
	if err := m.cmd.Start(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(m.kill)
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, mark := range []string{"Weir listens on ", "/readyz on "} {
			if _, after, found := strings.Cut(m.out.String(), mark); found && strings.Contains(after, "\n") {
				m.url, _, _ = strings.Cut(after, "\n")
				return m
			}
		}
	}
	f.Fatalf("a process does not start: %s", m.out)
	return nil
}

// kill ends a process as a power cut would, stopped or not.
func (m *member) kill() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait() // it was killed
}

func (f *fleet) signIn() {
	f.Helper()
	s := &service{T: f.T, home: f.home, sim: f.sim, url: f.api.url}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(s.ask("POST", "/token", "Basic "+s.serviceKey()), &token); err != nil {
		f.Fatal(err)
	}
	f.token = token.AccessToken
}

// call makes a request of the API and reads its answer.
func (f *fleet) call(method, path string, in any) (out map[string]any) {
	f.Helper()
	var list []map[string]any
	b := f.raw(method, path, in)
	if json.Unmarshal(b, &out) == nil {
		return out
	}
	if err := json.Unmarshal(b, &list); err != nil {
		f.Fatalf("%s %s: %s", method, path, b)
	}
	return map[string]any{"list": list}
}

func (f *fleet) raw(method, path string, in any) []byte {
	f.Helper()
	body, _ := json.Marshal(in)
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(f.Context(), method, f.api.url+"/api"+path, bytes.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	b, err := io.ReadAll(res.Body)
	if res.StatusCode == http.StatusTooManyRequests {
		time.Sleep(time.Second) // as its answer says
		return f.raw(method, path, in)
	}
	if err != nil || res.StatusCode >= 300 {
		f.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, b, err)
	}
	return b
}

// flows makes flows from the account's bookings, spread over keys, each with a
// schedule and a file of its own, and activates them. What goes into every third
// file goes through rules.
func (f *fleet) flows(n, keys, limit int, cron string) {
	f.Helper()
	credentials := []any{}
	for i := range keys {
		key := f.sim.Keys()[0].Key
		if i > 0 {
			var err error
			if key, err = f.sim.AddKey(simulator.NewKey{Name: fmt.Sprint("key ", i)}); err != nil {
				f.Fatal(err)
			}
		}
		c := f.call("POST", "/data_credentials", map[string]any{"name": fmt.Sprint("key ", i), "credentials_type": "cal_com_api", "credentials": map[string]any{"api_key": key, "rate_limit": fmt.Sprint(limit)}})
		credentials = append(credentials, c["id"])
	}
	for i := range n {
		lake := f.call("POST", "/data_credentials", map[string]any{"name": fmt.Sprint("lake ", i), "credentials_type": "sqlite", "credentials": map[string]any{"path": fmt.Sprintf("cal-%d.db", i)}})
		src := f.call("POST", "/data_sources", map[string]any{"name": fmt.Sprint("source ", i), "source_type": "rest", "data_credentials_id": credentials[i%keys], "endpoint": "bookings", "source_config": map[string]any{"start.cron": cron}})
		dataset := src["data_sets"].([]any)[0].(map[string]any)["id"]
		if i%3 == 2 {
			d := &derived{file: i}
			dataset = f.call("POST", "/data_sets", map[string]any{"name": "bookings", "parent_data_set_id": dataset, "has_custom_transform": true, "transform": d.rules()})["id"]
			d.id = int(dataset.(float64))
			f.derived = append(f.derived, d)
		}
		f.call("POST", "/data_sinks", map[string]any{"name": "tables", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": dataset})
		id := int(src["id"].(float64))
		f.sources = append(f.sources, id)
		f.call("PUT", fmt.Sprintf("/data_sources/%d/activate?all=1", id), nil)
	}
}

// rules are others each time, and leave alone what is compared in the end.
func (d *derived) rules() map[string]any {
	d.edition++
	return map[string]any{"code": []any{
		map[string]any{"operation": "compute", "spec": map[string]any{"field": "edition", "expression": fmt.Sprint(d.edition)}},
		map[string]any{"operation": "drop", "spec": map[string]any{"field": "metadata"}},
	}}
}

// slow makes the source answer later.
func (f *fleet) slow(by time.Duration) {
	f.Helper()
	if err := f.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/bookings"}, Do: simulator.FaultAction{Delay: by}}}); err != nil {
		f.Fatal(err)
	}
}

// harm kills or stops processes at random until the time is over, while the
// account changes.
func (f *fleet) harm(during time.Duration) (kills, stops int) {
	f.Helper()
	for end := time.Now().Add(during); time.Now().Before(end); {
		f.sim.Mutate(simulator.Mutation{Count: 6, Seed: f.random.Uint64()})
		if len(f.derived) > 0 && f.database != "" { // else nobody may be there to be told
			d := f.derived[f.random.IntN(len(f.derived))]
			f.call("PUT", fmt.Sprintf("/data_sets/%d", d.id), map[string]any{"transform": d.rules()})
		}
		i := f.random.IntN(len(f.workers))
		w := f.workers[i]
		time.Sleep(time.Duration(f.random.IntN(2000)) * time.Millisecond)
		if f.random.IntN(3) > 0 {
			kills++
			w.kill()
			time.Sleep(time.Duration(f.random.IntN(1500)) * time.Millisecond)
			if f.workers[i] = f.start(w.role); w == f.api {
				f.api = f.workers[i]
			}
			continue
		}
		stops++
		_ = w.cmd.Process.Signal(syscall.SIGSTOP)
		time.Sleep(time.Duration(f.random.IntN(int(2 * takeover))))
		_ = w.cmd.Process.Signal(syscall.SIGCONT)
	}
	return kills, stops
}

// settle waits until every flow has two runs that began later and succeeded:
// a sweep that was cut short goes on to where it wanted to, and what has
// changed since is read by the next run. It gives the time until each had one.
func (f *fleet) settle(within time.Duration) (healthy time.Duration) {
	f.Helper()
	began := time.Now()
	for {
		runs := f.succeeded(began)
		var ill, waiting []int
		for _, id := range f.sources {
			if runs[id] < 1 {
				ill = append(ill, id)
			}
			if runs[id] < 2 {
				waiting = append(waiting, id)
			}
		}
		if len(ill) == 0 && healthy == 0 {
			healthy = time.Since(began)
		}
		if len(waiting) == 0 {
			return healthy
		}
		if time.Since(began) > within {
			for _, id := range waiting[:min(10, len(waiting))] {
				f.Errorf("source %d: %s", id, f.raw("GET", fmt.Sprintf("/data_sources/%d/runs?per_page=5", id), nil))
			}
			for _, w := range append(f.workers, f.api) {
				f.Logf("%s", tail(w.out.String(), 3000))
			}
			f.Fatalf("%d flows are not healthy %s after the last harm, %d have run once only", len(ill), within, len(waiting)-len(ill))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// succeeded counts the runs of each source that were asked for after a time
// and succeeded.
func (f *fleet) succeeded(after time.Time) map[int]int {
	f.Helper()
	db := f.look()
	defer func() { _ = db.Close() }() // only read
	rows, err := db.QueryContext(f.Context(), `SELECT resource, count(*) FROM run WHERE status = 'succeeded' AND queued > $1 GROUP BY resource`, after.UnixMicro())
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // read to their end
	counts := map[int]int{}
	for rows.Next() {
		var id, n int
		if err := rows.Scan(&id, &n); err != nil {
			f.Fatal(err)
		}
		counts[id] = n
	}
	if err := rows.Err(); err != nil {
		f.Fatal(err)
	}
	return counts
}

// look opens the store to read in it.
func (f *fleet) look() *sql.DB {
	f.Helper()
	driver, address := "pgx", f.database
	if address == "" {
		driver, address = "sqlite", "file:"+filepath.Join(f.data, "weir.db")+"?mode=ro&_pragma=busy_timeout(20000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		f.Fatal(err)
	}
	return db
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// check compares every destination with what the source has, and the
// simulator's own log with the limit.
func (f *fleet) check(limit int) {
	f.Helper()
	f.whole()
	a := f.sim.Arrivals()
	if a.Refused != 0 || a.MaxInWindow > limit {
		f.Errorf("%d requests were refused, %d arrived in one window of %d", a.Refused, a.MaxInWindow, limit)
	}
	f.Logf("%d bookings, %d requests, at most %d of %d in a window", len(f.sim.Truth()), a.Total, a.MaxInWindow, limit)
}

// whole compares every destination with what the source has, and, where rules
// changed on the way, with the newest. What was deleted
// at the source meanwhile may still be there: only a sweep finds it.
func (f *fleet) whole() {
	f.Helper()
	truth := f.sim.Truth()
	for i := range f.sources {
		rows := readBookings(f.T, filepath.Join(f.files, "1", fmt.Sprintf("cal-%d.db", i)))
		lost, old := 0, 0
		for uid, b := range truth {
			switch status, there := rows.status[uid]; {
			case !there:
				lost++
			case status != b.Status:
				old++
			}
		}
		if lost > 0 || old > 0 || rows.count != len(rows.status) {
			f.Errorf("destination %d: of %d bookings %d are missing and %d old; %d rows are %d bookings", i, len(truth), lost, old, rows.count, len(rows.status))
		}
	}
	for _, d := range f.derived {
		var old int
		f.inFile(d.file, func(db *sql.DB) error {
			return db.QueryRowContext(f.Context(), `SELECT count(*) FROM bookings WHERE edition IS NOT $1 AND _weir_deleted_at IS NULL`, d.edition).Scan(&old)
		})
		if old > 0 {
			f.Errorf("destination %d: %d rows are of rules before edition %d", d.file, old, d.edition)
		}
	}
}

// inFile looks into the file of a destination.
func (f *fleet) inFile(i int, look func(*sql.DB) error) {
	f.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(f.files, "1", fmt.Sprintf("cal-%d.db", i))+"?mode=ro&_pragma=busy_timeout(20000)")
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = db.Close() }() // only read
	if err := look(db); err != nil {
		f.Fatal(err)
	}
}

type bookingRows struct {
	count  int
	status map[string]string
}

func readBookings(t *testing.T, path string) bookingRows {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // only read
	out := bookingRows{status: map[string]string{}}
	rows, err := db.QueryContext(t.Context(), `SELECT uid, status FROM bookings`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // read to their end
	for rows.Next() {
		var uid, status string
		if err := rows.Scan(&uid, &status); err != nil {
			t.Fatal(err)
		}
		out.count++
		out.status[uid] = status
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// stuck counts the jobs that nobody who lives has.
func (f *fleet) stuck() {
	f.Helper()
	db := f.look()
	defer func() { _ = db.Close() }() // only read
	now := time.Now().UTC()
	var orphans, discarded, runs int
	err := db.QueryRowContext(f.Context(), `SELECT
		(SELECT count(*) FROM river_job WHERE state = 'running' AND attempted_at < $1),
		(SELECT count(*) FROM river_job WHERE state = 'discarded'),
		(SELECT count(*) FROM run WHERE status IN ('running', 'delivering', 'queued') AND queued < $2)`,
		now.Add(-time.Minute).Format(time.DateTime), now.Add(-2*time.Minute).UnixMicro()).Scan(&orphans, &discarded, &runs)
	if err != nil || orphans != 0 || discarded != 0 || runs != 0 {
		f.Errorf("%d jobs are stuck, %d were given up, %d runs hang, %v", orphans, discarded, runs, err)
	}
}

// harmTime is how long processes are harmed: as long as the environment says.
func harmTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("WEIR_HARM_TIME")
	if text == "" {
		return 30 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Processes on one database are killed, and stopped for longer than their
// leases live, at random: no row is lost or doubled, no key's limit is
// exceeded, no job hangs, and soon after every flow runs as it should.
func TestKilledAndStoppedProcessesLoseNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	const limit = 600
	bookings, flows, keys, drift, cron, interval := 2000, 12, 4, 2, "0/10 * * * * ? *", 10*time.Second
	if harmTime(t) > 5*time.Minute { // as much as two processors can do
		bookings, flows, keys, drift, cron, interval = 500, 200, 20, 0, "0 * * * * ? *", time.Minute
	}
	f := newFleet(t, 3, bookings, limit)
	f.slow(100 * time.Millisecond)
	f.sim.SetDrift(drift)
	f.flows(flows, keys, limit, cron)
	kills, stops := f.harm(harmTime(t))
	f.sim.SetDrift(0)
	healthy := f.settle(3*interval + 4*takeover + 30*time.Second)
	f.check(limit)
	f.stuck()
	t.Logf("%d flows every %s, %d kills, %d stops in %s; all flows healthy %s later", flows, interval, kills, stops, harmTime(t), healthy.Round(100*time.Millisecond))
}

// The one process of an embedded database is killed, and stopped, at random.
func TestAProcessThatIsKilledAgainAndAgainLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	const limit = 600
	f := newFleetOn(t, "", 0, 1000, limit)
	f.slow(50 * time.Millisecond)
	f.sim.SetDrift(2)
	f.flows(8, 4, limit, "0/10 * * * * ? *")
	kills, stops := f.harm(harmTime(t) / 2)
	f.sim.SetDrift(0)
	healthy := f.settle(2*10*time.Second + 4*takeover + 30*time.Second)
	f.check(limit)
	f.stuck()
	t.Logf("8 flows, %d kills, %d stops in %s; all flows healthy %s later", kills, stops, harmTime(t)/2, healthy.Round(100*time.Millisecond))
}

// The database itself fails in the middle of runs: it is stopped and started
// again, it takes no writes for a while, as after a failover to a copy, and it
// answers late. The processes recover alone.
func TestProcessesOutliveWhatHappensToTheirDatabase(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	const limit = 600
	way := newDetour(t, pgtest.New(t))
	f := newFleetOn(t, way.url, 0, 1000, limit)
	f.extra = []string{"--metrics-address", "127.0.0.1:0"}
	f.workers = append(f.workers, f.start("worker"), f.start("worker"))
	f.slow(100 * time.Millisecond)
	f.sim.SetDrift(2)
	f.flows(6, 2, limit, "0/10 * * * * ? *")
	before := f.atRest(nil)
	soon := func() { time.Sleep(time.Duration(500+f.random.IntN(3000)) * time.Millisecond) }
	for _, what := range []struct {
		name string
		harm func()
	}{
		{"restarted twice", func() { pgtest.Restart(t); soon(); pgtest.Restart(t) }},
		{"read-only", func() { way.readOnly(true); soon(); soon(); way.readOnly(false) }},
		{"slow", func() { way.delay(200 * time.Millisecond); soon(); soon(); way.delay(0) }},
		{"cut off", func() { way.cut(true); soon(); soon(); way.cut(false) }},
	} {
		soon()
		what.harm()
		f.sim.SetDrift(0)
		healthy := f.settle(3*10*time.Second + 2*takeover + 30*time.Second)
		f.check(limit)
		f.stuck()
		f.sim.SetDrift(2)
		t.Logf("%s: all flows healthy %s later", what.name, healthy.Round(100*time.Millisecond))
	}
	f.atRest(before)
}

// idle is by how much a process may differ at rest: connections to the database
// and the source are kept for a while, the latter with goroutines of their own.
const idle = 12

// held is what a process holds on to.
type held struct{ goroutines, files int }

// atRest pauses all flows and gives what each worker holds when nothing is
// under way; not more than before, which it gave earlier. The flows go on then.
func (f *fleet) atRest(before []held) (now []held) {
	f.Helper()
	all := func(what string) {
		for _, id := range f.sources {
			f.call("PUT", fmt.Sprintf("/data_sources/%d/%s", id, what), nil)
		}
	}
	all("pause")
	defer all("activate")
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Second) {
		if now = nil; f.open() == 0 {
			for _, w := range f.workers {
				now = append(now, f.holds(w))
			}
		}
		rest := len(now) > 0
		for i := range before {
			rest = rest && now[i].goroutines <= before[i].goroutines+idle && now[i].files <= before[i].files+idle
		}
		if rest {
			return now
		}
		if time.Now().After(end) {
			f.Fatalf("workers hold %+v, and held %+v before", now, before)
		}
	}
}

// open counts the runs that are not over.
func (f *fleet) open() (n int) {
	f.Helper()
	db := f.look()
	defer func() { _ = db.Close() }() // only read
	if err := db.QueryRowContext(f.Context(), `SELECT count(*) FROM run WHERE status IN ('queued', 'running', 'delivering')`).Scan(&n); err != nil {
		f.Fatal(err)
	}
	return n
}

// holds asks a process for what it holds.
func (f *fleet) holds(m *member) (h held) {
	f.Helper()
	metrics := f.metrics(m)
	lines := bufio.NewScanner(strings.NewReader(metrics))
	for lines.Scan() {
		_, _ = fmt.Sscanf(lines.Text(), "go_goroutines %d", &h.goroutines) // mostly it is another line
		_, _ = fmt.Sscanf(lines.Text(), "process_open_fds %d", &h.files)
	}
	if h.goroutines == 0 || h.files == 0 {
		f.Fatalf("it is not said what the process holds: %+v, %s", h, metrics)
	}
	return h
}

// metrics is what a process says of itself.
func (f *fleet) metrics(m *member) string {
	f.Helper()
	return metricsOf(f.T, m.out.String())
}

// metricsOf is what the process of that output says of itself now.
func metricsOf(t *testing.T, output string) string {
	t.Helper()
	_, after, _ := strings.Cut(output, "Metrics are at ")
	address, _, _ := strings.Cut(after, "\n")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// How much more several workers do than one, against a server without a limit:
// measured when WEIR_SCALE is set. Each worker reads two sources at once and
// mostly waits for the server, so that workers count rather than processors;
// and then without that, so that processors do.
func TestFourWorkersDoMoreThanOne(t *testing.T) {
	if os.Getenv("WEIR_SCALE") == "" {
		t.Skip("measured when WEIR_SCALE is set")
	}
	for _, c := range []struct {
		name    string
		flags   []string
		latency time.Duration
	}{{"waiting for the server", []string{"--jobs", "2"}, 250 * time.Millisecond}, {"waiting for processors", nil, 0}} {
		took := map[int]time.Duration{}
		for _, workers := range []int{1, 4} {
			f := newFleet(t, 0, 1500, 0)
			f.slow(c.latency)
			f.extra = c.flags
			f.flows(16, 4, 100_000, "0 0 0 1 1 ? *")
			for range workers {
				f.workers = append(f.workers, f.start("worker"))
			}
			began := time.Now()
			for len(f.succeeded(time.Time{})) < len(f.sources) {
				time.Sleep(50 * time.Millisecond)
			}
			took[workers] = time.Since(began)
			for _, w := range f.workers {
				w.kill()
			}
			f.api.kill()
		}
		t.Logf("%s: 16 flows of 1,500 bookings in %s by one worker, in %s by four: %.2f times", c.name, took[1].Round(time.Millisecond), took[4].Round(time.Millisecond), float64(took[1])/float64(took[4]))
	}
}
