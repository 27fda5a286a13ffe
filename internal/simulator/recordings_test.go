package simulator

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// recording is one exchange with the real server.
type recording struct {
	Name    string `json:"-"` // of the file
	Request struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
	} `json:"request"`
	Response struct {
		Status  int        `json:"status"`
		Headers [][]string `json:"headers"`
		Body    any        `json:"body"`
	} `json:"response"`
}

func recordings(t *testing.T) []recording {
	dir := os.Getenv("WEIR_RECORDINGS")
	if dir == "" {
		t.Skip("WEIR_RECORDINGS names no folder of recorded exchanges")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s: %v", dir, err)
	}
	var all []recording
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "webhook-delivery") {
			continue // what the real server sent, not what it answered
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(data, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		r.Name = strings.TrimSuffix(filepath.Base(file), ".json")
		all = append(all, r)
	}
	return all
}

// notReplayed are recordings of what this form of the simulator does not do,
// or of what depends on what went before.
var notReplayed = regexp.MustCompile(`^(slots-|ratelimit-|me-get-304|me-head)`)

// keyNames are the recorded accounts' keys here.
var keyNames = map[string]string{
	"alice": "owner", "alice_expired": "expired", "bob": "other-owner", "carol": "admin", "empty": "empty", "orgadmin": "org-owner",
	"today": "today", "burn": "empty",
}

var redacted = regexp.MustCompile(`<redacted: key "(\w+)">`)

// replay sends a recorded request to a simulator.
func (r recording) replay(t *testing.T, s *Simulator) *httptest.ResponseRecorder {
	q := httptest.NewRequest(r.Request.Method, "/", nil)
	path := s.path(t, r)
	q.RequestURI = path
	q.URL.Path, q.URL.RawQuery, _ = strings.Cut(path, "?")
	for name, value := range r.Request.Headers {
		if m := redacted.FindStringSubmatch(value); m != nil {
			value = strings.Replace(value, m[0], s.named(t, keyNames[m[1]]), 1)
		}
		if strings.HasPrefix(value, "cal_<32 hex") {
			value = s.keys[0].Key
		}
		q.Header.Set(name, strings.Replace(value, "<32 hex redacted>", strings.Repeat("a1", 16), 1))
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, q)
	return w
}

var recordedUID = regexp.MustCompile(`/v2/bookings/([A-Za-z0-9-]{22,36})`)

// path puts a booking of the same kind in the place of the recorded one.
func (s *Simulator) path(t *testing.T, r recording) string {
	m := recordedUID.FindStringSubmatch(r.Request.Path)
	if m == nil || m[1] == "doesnotexist0000000000" {
		return r.Request.Path
	}
	fits := func(r *row) bool { return r.event == 6 && r.traits == listsGuests|byPhone }
	switch {
	case strings.Contains(r.Name, "recurring"):
		return strings.Replace(r.Request.Path, m[1], uidOf(s.book.seriesTag(0)), 1)
	case strings.Contains(r.Name, "seated"):
		fits = func(r *row) bool { return r.seats > 1 }
	case strings.Contains(r.Name, "deleted"):
		fits = func(r *row) bool { return r.event == oldTypeID }
	case strings.Contains(r.Name, "name-object"):
		fits = func(r *row) bool { return r.traits.has(nameInParts) }
	case strings.Contains(r.Name, "odd-metadata"):
		fits = func(r *row) bool { return r.traits.has(oddMetadata) }
	case strings.Contains(r.Name, "updatedAt-null"):
		fits = func(r *row) bool { return r.updated == noTime && r.seats == 0 && r.series == none }
	}
	i := slices.IndexFunc(s.book.rows, func(r row) bool { return fits(&r) })
	if i < 0 {
		t.Fatalf("%s: no booking of the kind", r.Name)
	}
	return strings.Replace(r.Request.Path, m[1], uidOf(s.book.rows[i].tag), 1)
}

func TestGETsAnswerWithTheRecordedStatusHeadersAndErrors(t *testing.T) {
	all := recordings(t)
	s := newTest(t, Options{Bookings: 1302, Seed: 1, Release: ReleaseObserved, RateLimit: 1_000_000})
	off := newTest(t, Options{Seed: 1, Release: ReleaseObserved, NoAdminAPI: true, RateLimit: 1_000_000})
	replayed := 0
	for _, r := range all {
		if r.Request.Method != "GET" || notReplayed.MatchString(r.Name) {
			continue
		}
		replayed++
		server := s
		if strings.Contains(r.Name, "no-admin-api") {
			server = off
		}
		w := r.replay(t, server)
		if w.Code != r.Response.Status {
			t.Errorf("%s: status %d, recorded %d: %.200s", r.Name, w.Code, r.Response.Status, w.Body)
			continue
		}
		for _, pair := range r.Response.Headers {
			if !slices.Contains([]string{"Date", "Connection", "Keep-Alive"}, pair[0]) && w.Header().Get(pair[0]) == "" {
				t.Errorf("%s: no header %s", r.Name, pair[0])
			}
		}
		if w.Code >= 400 {
			if diff := cmp.Diff(plainError(t, r, r.Response.Body), plainError(t, r, decode(t, w))); diff != "" {
				t.Errorf("%s: %s", r.Name, diff)
			}
		}
	}
	t.Logf("%d recordings replayed", replayed)
}

func decode(t *testing.T, w *httptest.ResponseRecorder) any {
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %.200s", err, w.Body)
	}
	return v
}

var anyUID = regexp.MustCompile(`[1-9A-HJ-NP-Za-km-z]{22}`)

// plainError takes out of an error body what is different each time.
func plainError(t *testing.T, r recording, body any) string {
	o, ok := body.(map[string]any)
	if !ok {
		t.Fatalf("%s: no error body", r.Name)
	}
	delete(o, "timestamp")
	return anyUID.ReplaceAllString(string(marshal(o)), "UID")
}

// shape sums up the values that were seen at one place: their kinds, and which
// members objects have, always or at times.
type shape struct {
	kinds   map[string]bool
	objects int
	members map[string]*shape
	times   map[string]int
	element *shape
}

func (s *shape) learn(v any) {
	if s.kinds == nil {
		*s = shape{kinds: map[string]bool{}, members: map[string]*shape{}, times: map[string]int{}}
	}
	s.kinds[kindOf(v)] = true
	switch v := v.(type) {
	case map[string]any:
		s.objects++
		for name, value := range v {
			if s.members[name] == nil {
				s.members[name] = &shape{}
			}
			s.times[name]++
			s.members[name].learn(value)
		}
	case []any:
		if s.element == nil {
			s.element = &shape{}
		}
		for _, one := range v {
			s.element.learn(one)
		}
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

// faults lists where a value does not fit what was learnt.
func (s *shape) faults(at string, v any, found map[string]bool) {
	if s == nil || s.kinds == nil {
		return // only empty arrays were recorded here
	}
	if !s.kinds[kindOf(v)] {
		found[at+" is "+kindOf(v)] = true
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if s.members[name] == nil {
				found[at+"."+name+" was never recorded"] = true
				continue
			}
			s.members[name].faults(at+"."+name, value, found)
		}
		for name, n := range s.times {
			if _, has := v[name]; !has && n == s.objects {
				found[at+"."+name+" is missing"] = true
			}
		}
	case []any:
		for _, one := range v {
			s.element.faults(at+"[]", one, found)
		}
	}
}

var number = regexp.MustCompile(`/\d+(/|$)`)

// place groups recordings that come from one handler.
func (r recording) place() string {
	path, _, _ := strings.Cut(r.Request.Path, "?")
	path = recordedUID.ReplaceAllString(strings.TrimSuffix(path, "/"), "/v2/bookings/UID")
	version := r.Request.Headers["cal-api-version"]
	if strings.Contains(path, "/bookings") && version != version20240813 || strings.Contains(path, "/event-types") && version != version20240614 {
		version = "old"
	}
	return number.ReplaceAllString(path, "/N$1") + " " + version
}

// isBooking says whether an answer holds bookings as 2024-08-13 shows them,
// one or many, however it was asked for.
func isBooking(v any) bool {
	o, ok := v.(map[string]any)
	return ok && o["uid"] != nil && o["hosts"] != nil && o["start"] != nil
}

func TestGETsHaveTheRecordedFields(t *testing.T) {
	all := recordings(t)
	places, bookings := map[string]*shape{}, &shape{}
	each := func(body any, do func(any)) bool {
		o, _ := body.(map[string]any)
		if isBooking(o["data"]) {
			do(o["data"])
			return true
		}
		list, _ := o["data"].([]any)
		for _, one := range list {
			if isBooking(one) {
				do(one)
			}
		}
		return len(list) > 0 && isBooking(list[0])
	}
	for _, r := range all {
		if r.Response.Status >= 300 || each(r.Response.Body, bookings.learn) || r.Request.Method != "GET" {
			continue
		}
		if places[r.place()] == nil {
			places[r.place()] = &shape{}
		}
		places[r.place()].learn(r.Response.Body)
	}
	s := newTest(t, Options{Bookings: 1302, Seed: 1, Release: ReleaseObserved})
	for _, r := range all {
		if r.Request.Method != "GET" || r.Response.Status != 200 || notReplayed.MatchString(r.Name) {
			continue
		}
		found := map[string]bool{}
		body := decode(t, r.replay(t, s))
		if !each(body, func(b any) { bookings.faults("booking", b, found) }) {
			places[r.place()].faults("", body, found)
		}
		var lines []string
		for line := range found {
			if r.place() == "/v2/bookings old" && (!strings.HasSuffix(line, " is missing") || strings.Contains(line, "bookingFields[]")) {
				continue // ten bookings were recorded, too few to know all their kinds
			}
			lines = append(lines, line)
		}
		sort.Strings(lines)
		if len(lines) > 0 {
			t.Errorf("%s:\n  %s", r.Name, strings.Join(lines, "\n  "))
		}
	}
}
