package simulator

import (
	_ "embed"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// wantsPage tells a browser on this machine from a client: to a client the
// root is not found, as on the real server.
func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") && r.Header.Get("Authorization") == "" && fromHere(r)
}

// pageData is what the page shows. No key is in it.
type pageData struct {
	Now     string
	Profile string
	Release string
	Keys    []pageKey
	Data    []pageCount
	Latest  []pageBooking
	Total   int
	Refused int
	Log     []pageArrival
	Faults  int
}

type pageKey struct{ Name, Owner, Note, Expires, Digest string }

type pageBooking struct{ UID, Title, Host, Status, Start, Changed string }

type pageCount struct {
	Name  string
	Count int
}

type pageArrival struct {
	Time, Key, Method, Path string
	Status                  int
}

// pageArrivals is how many of the latest arrivals are shown.
const pageArrivals = 100

func (s *Simulator) servePage(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_ = pageTemplate.Execute(w, s.pageData())
}

func (s *Simulator) pageData() pageData {
	a := s.Arrivals()
	p := pageData{
		Now: s.now().UTC().Format(time.RFC3339), Profile: s.options.Profile, Release: s.options.Release, Data: s.counts(), Latest: s.latest(), Total: a.Total, Refused: a.Refused,
		Faults: len(s.faults.Load().rules),
	}
	if p.Profile == "" {
		p.Profile = ProfileOpen
	}
	names := map[string]string{}
	for _, k := range s.Keys() {
		expires := "never"
		if !k.Expires.IsZero() {
			expires = k.Expires.UTC().Format(time.DateOnly)
		}
		names[k.Digest] = k.Name
		p.Keys = append(p.Keys, pageKey{k.Name, k.Owner, k.Note, expires, k.Digest})
	}
	for _, one := range slices.Backward(a.Log[max(len(a.Log)-pageArrivals, 0):]) {
		key := one.Key
		if names[key] != "" {
			key = names[key]
		}
		p.Log = append(p.Log, pageArrival{one.Time.UTC().Format("15:04:05.000"), key, one.Method, one.Path, one.Status})
	}
	return p
}

// pageBookings is how many bookings are shown.
const pageBookings = 25

// latest are the bookings that changed last.
func (s *Simulator) latest() []pageBooking {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.book
	var all []pageBooking
	b.indexes[byUpdated].scan(math.MinInt64, noTime-1, true, func(e entry) bool {
		r := &b.rows[e.row]
		all = append(all, pageBooking{
			uidOf(r.tag), b.describe(e.row).title, b.dir.user(int(r.user)).username, statusNames[r.status], pageTime(r.start), pageTime(r.updated),
		})
		return len(all) < pageBookings
	})
	return all
}

func pageTime(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.DateTime) }

// counts says how much there is of everything.
func (s *Simulator) counts() []pageCount {
	s.mu.RLock()
	defer s.mu.RUnlock()
	byStatus := map[status]int{}
	for i := range s.book.rows {
		byStatus[s.book.rows[i].status]++
	}
	var all []pageCount
	for _, st := range []status{accepted, pending, cancelled, rejected} {
		all = append(all, pageCount{"bookings, " + statusNames[st], byStatus[st]})
	}
	d := s.dir
	return append(all, []pageCount{
		{"event types", len(d.eventTypesWhere(func(*eventType) bool { return true }))}, {"users", len(d.users)}, {"teams", len(d.teams)},
		{"memberships", len(d.memberships)}, {"schedules", len(d.schedules)}, {"webhooks", len(d.webhooks)}, {"webhook deliveries", int(s.deliveries.Load())},
		{"absences", len(d.absences)}, {"slot reservations", len(d.reservations)},
	}...)
}
