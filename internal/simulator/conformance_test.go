package simulator

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// leastConformance is the share of the recordings, in percent, that must be
// answered identically.
const leastConformance = 98.0

// excused are recordings that are answered otherwise, with the reason.
var excused = map[string]string{}

func TestRecordedExchangesAreAnsweredAlike(t *testing.T) {
	p := newReplayer(t)
	total, same := 0, 0
	count := func(name string, differences []string) {
		total++
		switch {
		case len(differences) == 0:
			same++
		case excused[name] != "":
			t.Logf("%s differs, because %s", name, excused[name])
		default:
			t.Logf("%s differs:\n  %s", name, strings.Join(differences, "\n  "))
		}
	}
	for _, r := range recordings(t) {
		count(r.Name, p.replay(r))
	}
	for _, file := range recordingFiles(t) {
		if isDelivery(file) {
			var d recordedDelivery
			readRecorded(t, file, &d)
			count(d.Name, p.differentDelivery(d))
		}
	}
	share := 100 * float64(same) / float64(total)
	t.Logf("%d of %d recordings are answered alike: %.1f %%", same, total, share)
	if share < leastConformance {
		t.Errorf("%.1f %% is less than %.1f %%", share, leastConformance)
	}
}

// replayer sends recorded requests to a simulator that is seeded to match, and
// remembers which of its ids stand for recorded ones.
type replayer struct {
	t        *testing.T
	sim      *Simulator
	blank    *Simulator // an account as it was before its first event type
	noAdmin  *Simulator
	clock    *clock
	tokens   map[string]string // by recorded account
	issued   string            // the key that the last refresh gave
	ours     map[string]string // our id for a recorded one
	sent     map[string]int    // requests sent with an account
	bookings *shape
	old      *shape
	known    map[string]map[string]any // bookings that were read, by recorded uid

	sentHooks []sentHook
}

// accounts are the recorded accounts' users here.
var accounts = map[string]int{
	"alice": alice, "bob": bob, "carol": carol, "empty": dave, "erin": erin, "orgadmin": orgadmin, "burn": dave, "refresh": alice,
}

func newReplayer(t *testing.T) *replayer {
	p := &replayer{t: t, clock: &clock{noon}, tokens: map[string]string{}, ours: map[string]string{}, sent: map[string]int{}, bookings: &shape{}, old: &shape{}, known: map[string]map[string]any{}}
	o := Options{Bookings: 1700, Seed: 1, Release: ReleaseObserved, RateLimit: 120, Now: p.clock.now, Deliver: p.deliver}
	p.sim = newTest(t, o)
	p.clearRoom()
	p.sim.dir.memberships = slices.DeleteFunc(p.sim.dir.memberships, func(m *membership) bool { return m.user == erin })
	o.NoAdminAPI = true
	p.noAdmin = newTest(t, o)
	p.blank = newTest(t, Options{Seed: 1, Release: ReleaseObserved, RateLimit: 120, Now: p.clock.now})
	p.blank.dir.forgetEventTypesAndSchedules()
	for _, account := range []string{"alice", "bob", "carol", "empty", "erin", "orgadmin", "burn", "refresh"} {
		for _, s := range []*Simulator{p.sim, p.noAdmin, p.blank} {
			token, err := s.AddKey(NewKey{Name: "recorded " + account, User: accounts[account], Never: true})
			if err != nil {
				t.Fatal(err)
			}
			p.tokens[account+s.id()] = token
		}
	}
	for account, name := range map[string]string{"alice_expired": "expired", "alice_limits": "limits", "today": "today"} {
		p.tokens[account+p.sim.id()] = p.sim.named(t, name)
	}
	for _, r := range recordings(t) {
		p.learn(r)
	}
	return p
}

func (s *Simulator) id() string {
	return " " + strconv.FormatBool(s.options.NoAdminAPI) + strconv.Itoa(s.options.Bookings)
}

// forgetEventTypesAndSchedules makes accounts as they are before anybody set
// anything up.
func (d *directory) forgetEventTypesAndSchedules() {
	d.events, d.byEvent, d.schedules = nil, map[int]*eventType{}, nil
	for i := range d.users {
		d.users[i].schedule = 0
	}
}

// clearRoom takes out the generated bookings at the times for which the
// recordings book.
func (p *replayer) clearRoom() {
	from := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC).UnixMilli()
	to := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	for i := range p.sim.book.rows {
		if r := &p.sim.book.rows[i]; r.status != erased && (r.start >= from && r.start < to || r.user == orgmember) {
			p.sim.book.erase(int32(i))
		}
	}
}

// isBooking says whether an answer holds bookings as 2024-08-13 shows them.
func isBooking(v any) bool {
	o, ok := v.(map[string]any)
	return ok && o["uid"] != nil && o["hosts"] != nil && o["start"] != nil
}

func (p *replayer) learn(r recording) {
	switch data := r.data().(type) {
	case map[string]any:
		if isBooking(data) {
			p.bookings.learn(data)
			if r.Request.Method == "GET" {
				p.known[textOf(data, "uid")] = data
			}
		}
		if list, ok := data["bookings"].([]any); ok {
			for _, one := range list {
				p.old.learn(one)
			}
		}
	case []any:
		for _, one := range data {
			if isBooking(one) {
				p.bookings.learn(one)
			}
		}
	}
}

// server is the simulator that a recording is held against.
func (p *replayer) server(r recording) *Simulator {
	switch {
	case strings.Contains(r.Name, "no-admin-api"):
		return p.noAdmin
	case r.Request.Method == "POST" && r.At < "2026-11-23T09:05":
		return p.blank
	}
	return p.sim
}

var limitNumber = regexp.MustCompile(`^ratelimit-(?:default-request|custom-two-limits)-(\d+)$`)

// replay sends one recorded request and lists how the answer differs.
func (p *replayer) replay(r recording) []string {
	at, err := time.Parse(time.RFC3339, r.At)
	if err != nil {
		p.t.Fatalf("%s: %v", r.Name, err)
	}
	p.clock.Time = at
	s := p.server(r)
	p.prepare(s, r)
	if m := limitNumber.FindStringSubmatch(r.Name); m != nil {
		n, _ := strconv.Atoi(m[1])
		for account := redacted.FindStringSubmatch(r.Request.Headers["Authorization"])[1]; p.sent[account] < n-1; p.sent[account]++ {
			p.send(s, r)
		}
		p.sent[redacted.FindStringSubmatch(r.Request.Headers["Authorization"])[1]]++
	}
	if r.Name == "ratelimit-anonymous-429" {
		for p.send(s, r).Code != http.StatusTooManyRequests {
		}
	}
	if r.Name == "ratelimit-unblocked" {
		p.send(s, r)
	}
	w := p.send(s, r)
	if w.Code != r.Response.Status {
		return []string{"status " + strconv.Itoa(w.Code) + ", recorded " + strconv.Itoa(r.Response.Status) + ": " + w.Body.String()[:min(300, w.Body.Len())]}
	}
	found := differentHeaders(r, w)
	if r.Response.Body == nil || r.Request.Method == "HEAD" {
		return found
	}
	var got any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		return append(found, err.Error())
	}
	if o, _ := r.Response.Body.(map[string]any); o["pagination"] == nil {
		p.pair(r.Response.Body, got)
	}
	return append(found, p.differentBody(r, got)...)
}

// send makes our request out of a recorded one.
func (p *replayer) send(s *Simulator, r recording) *httptest.ResponseRecorder {
	path := p.translate(r.Request.Path)
	var body string
	switch b := r.Request.Body.(type) {
	case nil:
	case string:
		body = b
	default:
		body = p.translate(string(marshal(b)))
	}
	q := httptest.NewRequest(r.Request.Method, "/", strings.NewReader(body))
	q.RequestURI = path
	q.URL.Path, q.URL.RawQuery, _ = strings.Cut(path, "?")
	for name, value := range r.Request.Headers {
		if m := redacted.FindStringSubmatch(value); m != nil {
			value = strings.Replace(value, m[0], p.tokens[m[1]+s.id()], 1)
		}
		if strings.Contains(value, "cal_<32 hex") {
			switch {
			case p.issued != "" && strings.HasPrefix(r.Name, "api-keys-refresh"):
				value = "Bearer " + p.issued
			case !strings.HasPrefix(value, "Bearer"):
				value = p.tokens["alice"+s.id()]
			}
		}
		q.Header.Set(name, strings.Replace(value, "<32 hex redacted>", strings.Repeat("a1", 16), 1))
	}
	if r.Name == "me-get-304-if-none-match" {
		q.Header.Del("If-None-Match")
		first := httptest.NewRecorder()
		s.ServeHTTP(first, q.Clone(p.t.Context()))
		q.Header.Set("If-None-Match", first.Header().Get("ETag"))
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, q)
	return w
}

// translate puts our ids in the place of recorded ones.
func (p *replayer) translate(text string) string {
	swap := func(id string) string {
		if own, known := p.ours[id]; known {
			return own
		}
		return id
	}
	return longID.ReplaceAllStringFunc(shortID.ReplaceAllStringFunc(text, swap), swap)
}

// pair learns which of our ids stand where recorded ones stood.
func (p *replayer) pair(recorded, got any) {
	switch v := recorded.(type) {
	case map[string]any:
		o, _ := got.(map[string]any)
		for name, value := range v {
			p.pair(value, o[name])
			if key, ok := o[name].(string); ok && name == "apiKey" {
				p.issued = key
			}
		}
	case []any:
		l, _ := got.([]any)
		for i := range min(len(v), len(l)) {
			p.pair(v[i], l[i])
		}
	case string:
		own, ok := got.(string)
		if k := stringKind(v); ok && (k == "uid" || k == "uuid") && stringKind(own) == k && p.ours[v] == "" {
			p.ours[v] = own
		}
	}
}

// differentHeaders compares names, content type and, where limits are tried,
// their values.
func differentHeaders(r recording, w *httptest.ResponseRecorder) []string {
	var found []string
	recorded := map[string]string{}
	for _, pair := range r.Response.Headers {
		recorded[http.CanonicalHeaderKey(pair[0])] = pair[1]
		if !slices.Contains([]string{"Date", "Connection", "Keep-Alive"}, pair[0]) && w.Header().Get(pair[0]) == "" {
			found = append(found, "no header "+pair[0])
		}
	}
	for name := range w.Header() {
		value, has := recorded[name]
		switch {
		case !has && (strings.HasPrefix(name, "X-Ratelimit") || name == "Content-Type"):
			found = append(found, "a header "+name+" too many")
		case name == "Content-Type" && value != w.Header().Get(name),
			strings.HasPrefix(name, "X-Ratelimit-Limit") && value != w.Header().Get(name),
			strings.HasPrefix(name, "X-Ratelimit-Remaining") && strings.HasPrefix(r.Name, "ratelimit-") && value != w.Header().Get(name):
			found = append(found, name+": "+w.Header().Get(name)+", recorded "+value)
		}
	}
	sort.Strings(found)
	return found
}
