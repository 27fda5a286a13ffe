package simulator

import (
	"net/http"
	"time"
)

// KeyRequest is the body with which the control API issues a key.
type KeyRequest struct {
	Name    string            `json:"name"`
	User    string            `json:"user"` // a username; "" for the owner
	Note    string            `json:"note"`
	Expires string            `json:"expires"` // "30d", "90d", "1y", "never" or "" for 30 days
	Limits  []KeyLimitRequest `json:"limits"`
}

// KeyLimitRequest is one own limit of a key that is asked for.
type KeyLimitRequest struct {
	Name   string `json:"name"`
	Limit  int    `json:"limit"`
	Window string `json:"window"` // as "10s" or "1m"
}

// expiries are the choices of Cal.com's own form, in days.
var expiries = map[string]int{"": defaultKeyDays, "30d": 30, "90d": 90, "1y": 365}

const keyForm = `{"name": TEXT, "user": USERNAME, "note": TEXT, "expires": "30d", "90d", "1y" or "never", "limits": [{"name": TEXT, "limit": N, "window": "1m"}]}`

func (s *Simulator) serveAddKey(w http.ResponseWriter, r *http.Request) {
	var k KeyRequest
	if !readControl(w, r, &k, keyForm) {
		return
	}
	refuse := func(message string) { writeControl(w, http.StatusBadRequest, object{{"error", message}}) }
	days, known := expiries[k.Expires]
	if !known && k.Expires != "never" {
		refuse(`expires: use "30d", "90d", "1y" or "never"`)
		return
	}
	n := NewKey{Name: k.Name, Note: k.Note, Days: days, Never: k.Expires == "never"}
	if k.User != "" {
		u := s.UserNamed(k.User)
		if u == 0 {
			refuse("user: there is nobody named " + k.User)
			return
		}
		n.User = u
	}
	for _, l := range k.Limits {
		window, err := time.ParseDuration(l.Window)
		if err != nil {
			refuse(`limits: write window as "10s" or "1m"`)
			return
		}
		n.Limits = append(n.Limits, KeyLimit{l.Name, l.Limit, window})
	}
	token, err := s.AddKey(n)
	if err != nil {
		refuse(err.Error())
		return
	}
	writeControl(w, http.StatusCreated, object{{"name", k.Name}, {"key", token}})
}

// UserNamed is the id of the user with a username, or 0.
func (s *Simulator) UserNamed(username string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if u := s.dir.userNamed(username); u != nil {
		return u.id
	}
	return 0
}

func (s *Simulator) serveRemoveKey(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if !s.RemoveKey(name) {
		writeControl(w, http.StatusNotFound, object{{"error", "there is no key named " + name}})
		return
	}
	writeControl(w, http.StatusOK, object{{"removed", name}})
}

// serveKeys tells the generated keys: whoever may ask may compute them.
func (s *Simulator) serveKeys(w http.ResponseWriter, _ *http.Request) {
	keys := object{}
	for _, k := range s.Keys() {
		if k.Key != "" {
			keys = append(keys, field{k.Name, k.Key})
		}
	}
	writeControl(w, http.StatusOK, keys)
}

// serveKeyring describes all keys and tells none.
func (s *Simulator) serveKeyring(w http.ResponseWriter, _ *http.Request) {
	all := list{}
	for _, k := range s.Keys() {
		var expires any
		if !k.Expires.IsZero() {
			expires = k.Expires.UTC().Format(time.RFC3339)
		}
		limits := list{}
		for _, l := range k.Limits {
			limits = append(limits, object{{"name", l.Name}, {"limit", l.Limit}, {"window", l.Window.String()}})
		}
		all = append(all, object{{"name", k.Name}, {"owner", k.Owner}, {"note", k.Note}, {"expires", expires}, {"digest", k.Digest}, {"limits", limits}})
	}
	writeControl(w, http.StatusOK, all)
}
