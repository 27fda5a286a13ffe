package simulator

import (
	"strings"
	"testing"
	"time"
)

func TestARefreshedKeyTakesThePlaceOfTheOldOneAtOnce(t *testing.T) {
	clock := &clock{noon}
	s := newTest(t, Options{Now: clock.now})
	old := s.as(t, "owner")
	next := client{t, s, old.ok("POST", "/v2/api-keys/refresh", "{}").text("apiKey")}
	if got := old.refused(401, "GET", "/v2/me", ""); got != messageGone {
		t.Errorf("the old key: %s", got)
	}
	if got := next.ok("GET", "/v2/me", "").text("username"); got != "alice" {
		t.Errorf("the new key opens %s", got)
	}
	clock.advance(2 * time.Hour)
	if got := old.refused(401, "GET", "/v2/me", ""); got != messageUnknownKey {
		t.Errorf("the old key, when it is forgotten: %s", got)
	}
	clock.advance(40 * 24 * time.Hour)
	if got := next.refused(401, "GET", "/v2/me", ""); got != messageExpired {
		t.Errorf("after thirty days: %s", got)
	}
}

func TestAKeyExpiresByTheDay(t *testing.T) {
	clock := &clock{noon}
	s := newTest(t, Options{Now: clock.now})
	for name, k := range map[string]NewKey{"month": {Days: 30}, "quarter": {Days: 90}, "year": {Days: 365}, "forever": {Never: true}} {
		k.Name, clock.Time = name, noon
		token, err := s.AddKey(k)
		if err != nil {
			t.Fatal(err)
		}
		c := client{t, s, token}
		if !k.Never {
			clock.advance(time.Duration(k.Days)*24*time.Hour + 11*time.Hour) // the evening of its last day
		}
		c.ok("GET", "/v2/me", "")
		clock.advance(2 * time.Hour)
		if k.Never {
			clock.advance(100 * 365 * 24 * time.Hour)
			c.ok("GET", "/v2/me", "")
			continue
		}
		if got := c.refused(401, "GET", "/v2/me", ""); got != messageExpired {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAnIssuedKeyIsNotKept(t *testing.T) {
	s := newTest(t, Options{})
	token, err := s.AddKey(NewKey{Name: "mine", Note: "n"})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range s.Keys() {
		if k.Name == "mine" && (k.Key != "" || k.Note != "n") {
			t.Errorf("%+v", k)
		}
	}
	for hash, k := range s.keyring.byHash {
		if strings.Contains(hash+k.Key+k.Digest, strings.TrimPrefix(token, liveKeyPrefix)) {
			t.Error("the key is kept in clear")
		}
	}
	if _, err := s.AddKey(NewKey{Name: "mine"}); err == nil {
		t.Error("a name was given twice")
	}
	if !s.RemoveKey("mine") || s.RemoveKey("mine") {
		t.Error("a key can be removed once")
	}
	client{t, s, token}.refused(401, "GET", "/v2/me", "")
}

func TestOwnLimitsTakeThePlaceOfTheDefaultOne(t *testing.T) {
	s := newTest(t, Options{RateLimit: 120})
	token, err := s.AddKey(NewKey{Limits: []KeyLimit{{"tight", 2, time.Minute}}})
	if err != nil {
		t.Fatal(err)
	}
	c := client{t, s, token}
	for range 2 {
		if got := c.do("GET", "/v2/me", "").Header().Get("X-RateLimit-Limit-Tight"); got != "2" {
			t.Errorf("the limit is told as %q", got)
		}
	}
	c.refused(429, "GET", "/v2/me", "")
}

func TestAddingAttendeesHasALimitOfItsOwn(t *testing.T) {
	c := newTest(t, Options{RateLimit: 120}).as(t, "owner")
	path := "/v2/bookings/" + c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z")).text("uid") + "/attendees"
	const body = `{"name":"N","email":"n@example.org","timeZone":"UTC"}`
	for range 5 {
		if got := c.do("POST", path, body).Header().Get("X-RateLimit-Limit-Booking_attendees_add"); got != "5" {
			t.Errorf("the limit is told as %q", got)
		}
	}
	c.refused(429, "POST", path, body)
	c.ok("GET", "/v2/me", "")
}
