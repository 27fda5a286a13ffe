package simulator

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// ControlPrefix begins the routes that are not Cal.com's. They answer to this
// machine only, and not to a web page that is open on it.
const ControlPrefix = "/_simulator/"

// maxControl bounds the body of a control request.
const maxControl = 1 << 20

// controls are the control routes by method and name.
func (s *Simulator) controls() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET arrivals": s.serveArrivals, "DELETE arrivals": s.clearArrivals,
		"GET truth": s.serveTruth, "POST mutate": s.serveMutate,
		"GET keys": s.serveKeys, "GET keyring": s.serveKeyring, "POST keys": s.serveAddKey, "DELETE keys": s.serveRemoveKey,
		"GET clock": s.serveClock, "POST clock": s.serveMoveClock,
		"GET faults": s.serveFaults, "PUT faults": s.serveSetFaults, "DELETE faults": s.serveSetFaults,
		"GET code": s.serveCode,
	}
}

// control gives the handler of a control route, or nil.
func (s *Simulator) control(r *http.Request) http.HandlerFunc {
	name, ok := strings.CutPrefix(r.URL.Path, ControlPrefix)
	if !ok {
		if r.URL.Path == "/" && wantsPage(r) {
			return s.servePage
		}
		return nil
	}
	if !fromHere(r) {
		return refuseControl(http.StatusForbidden, "only for this machine")
	}
	all := s.controls()
	if h := all[r.Method+" "+name]; h != nil {
		return h
	}
	var names []string
	for one := range all {
		names = append(names, one)
	}
	slices.Sort(names)
	return refuseControl(http.StatusNotFound, "there are "+strings.Join(names, ", "))
}

// fromHere says whether a request comes from this machine, and neither from a
// page that is open on it nor under a name that somebody else gave it.
func fromHere(r *http.Request) bool {
	ip := net.ParseIP(address(r))
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]")
	}
	named := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() && r.Header.Get("Origin") == "" && (host == "localhost" || named != nil && named.IsLoopback())
}

func refuseControl(status int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeControl(w, status, object{{"error", message}}) }
}

func writeControl(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(v))
}

// readControl reads a control request's body; it answers itself when that is
// not what it must be.
func readControl(w http.ResponseWriter, r *http.Request, into any, form string) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err == nil {
		err = json.Unmarshal(body, into, json.RejectUnknownMembers(true))
	}
	if err != nil {
		writeControl(w, http.StatusBadRequest, object{{"error", "send " + form}})
	}
	return err == nil
}

func (s *Simulator) serveArrivals(w http.ResponseWriter, _ *http.Request) {
	a := s.Arrivals()
	log := list{}
	for _, one := range a.Log {
		log = append(log, object{{"time", one.Time.UTC()}, {"key", one.Key}, {"method", one.Method}, {"path", one.Path}, {"status", one.Status}})
	}
	writeControl(w, http.StatusOK, object{
		{"total", a.Total}, {"refused", a.Refused}, {"maxInWindow", a.MaxInWindow}, {"windowSeconds", a.Window.Seconds()},
		{"keys", a.Keys}, {"arrivals", log},
	})
}

func (s *Simulator) clearArrivals(w http.ResponseWriter, r *http.Request) {
	s.ClearArrivals()
	s.serveArrivals(w, r)
}

// serveTruth writes an object from uid to booking, as it goes: there may be a
// million.
func (s *Simulator) serveTruth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 64<<10)
	separator := "{"
	for uid, b := range s.Bookings() {
		_, _ = out.WriteString(separator + `"` + uid + `":`)
		_, _ = out.Write(b.JSON)
		separator = ",\n"
	}
	if separator == "{" {
		_, _ = out.WriteString("{")
	}
	_, _ = out.WriteString("}")
	_ = out.Flush()
}

func (s *Simulator) serveMutate(w http.ResponseWriter, r *http.Request) {
	const form = `{"count": N, "delete": N, "bulk": N, "eventType": ID, "seed": N}, no number below zero`
	var m Mutation
	if !readControl(w, r, &m, form) {
		return
	}
	if m.Count < 0 || m.Delete < 0 || m.Bulk < 0 {
		refuseControl(http.StatusBadRequest, "send "+form)(w, r)
		return
	}
	s.Mutate(m)
	writeControl(w, http.StatusOK, m)
}

// serveCode tells the verification code that would be sent to somebody.
func (s *Simulator) serveCode(w http.ResponseWriter, r *http.Request) {
	writeControl(w, http.StatusOK, object{{"code", s.VerificationCode(r.URL.Query().Get("to"))}})
}
