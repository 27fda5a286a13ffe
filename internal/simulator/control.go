package simulator

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
)

// controlPrefix begins the routes that are not Cal.com's. They answer to this
// machine only, and not to a web page that is open on it.
const controlPrefix = "/_simulator/"

// maxMutation bounds the body of a mutation.
const maxMutation = 64 << 10

// control gives the handler of a control route, or nil.
func (s *Simulator) control(r *http.Request) http.HandlerFunc {
	name, ok := strings.CutPrefix(r.URL.Path, controlPrefix)
	if !ok {
		return nil
	}
	if ip := net.ParseIP(address(r)); ip == nil || !ip.IsLoopback() || r.Header.Get("Origin") != "" {
		return refuseControl(http.StatusForbidden, "only for this machine")
	}
	switch r.Method + " " + name {
	case "GET arrivals":
		return s.serveArrivals
	case "GET truth":
		return s.serveTruth
	case "GET keys":
		return s.serveKeys
	case "POST mutate":
		return s.serveMutate
	}
	return refuseControl(http.StatusNotFound, "GET arrivals, truth or keys, or POST mutate")
}

func refuseControl(status int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeControl(w, status, object{{"error", message}}) }
}

func writeControl(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(v))
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

func (s *Simulator) serveKeys(w http.ResponseWriter, _ *http.Request) {
	keys := object{}
	for _, k := range s.Keys() {
		keys = append(keys, field{k.Name, k.Key})
	}
	writeControl(w, http.StatusOK, keys)
}

func (s *Simulator) serveMutate(w http.ResponseWriter, r *http.Request) {
	var m Mutation
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMutation))
	if err == nil {
		err = json.Unmarshal(body, &m, json.RejectUnknownMembers(true))
	}
	if err != nil || m.Count < 0 || m.Delete < 0 || m.Bulk < 0 {
		writeControl(w, http.StatusBadRequest, object{{"error", `send {"count": N, "delete": N, "bulk": N, "eventType": ID, "seed": N}`}})
		return
	}
	s.Mutate(m)
	writeControl(w, http.StatusOK, m)
}
