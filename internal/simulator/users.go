package simulator

import "strconv"

// The users' ids, as on the observed server.
const (
	alice     = 1
	bob       = 2
	carol     = 3
	dave      = 4
	erin      = 5
	orgadmin  = 6
	orgmember = 7
)

type user struct {
	id           int
	name         string
	username     string
	email        string
	zone         string
	schedule     int    // default schedule, 0 for none
	organization int    // 0 for none
	set          object // what was written through the API, as it is shown
}

func seedUsers() []user {
	return []user{
		{alice, "Alice Example", "alice", "alice@example.com", "Europe/Berlin", 1, 0, nil},
		{bob, "Bob Example", "bob", "bob@example.com", "America/New_York", 3, 0, nil},
		{carol, "Carol Example", "carol", "carol@example.com", "Asia/Kolkata", 4, 0, nil},
		{dave, "Dave Empty", "dave", "dave@example.com", "UTC", 0, 0, nil},
		{erin, "Erin Example", "erin", "erin@example.com", "Europe/London", 0, 0, nil},
		{orgadmin, "Org Admin", "orgadmin", "orgadmin@acme.example", "UTC", 0, organizationID, nil},
		{orgmember, "Org Member", "orgmember", "orgmember@acme.example", "UTC", 0, organizationID, nil},
	}
}

// orNull gives nil for a zero id.
func orNull(id int) any {
	if id == 0 {
		return nil
	}
	return id
}

func meRoutes() []route {
	return []route{
		get("/v2/me", authRequired, (*call).me),
		patch("/v2/me", authRequired, (*call).patchMe),
		get("/health", authOptional, func(*call) *answer {
			return &answer{status: 200, contentType: "text/html; charset=utf-8", body: []byte("OK")}
		}),
	}
}

func (c *call) me() *answer {
	u := c.user
	me := object{
		{"id", u.id}, {"email", u.email}, {"name", u.name}, {"avatarUrl", nil}, {"bio", nil}, {"timeFormat", 12},
		{"defaultScheduleId", orNull(u.schedule)}, {"weekStart", "Monday"}, {"timeZone", u.zone}, {"username", u.username},
		{"organizationId", orNull(u.organization)},
	}
	if u.organization != 0 {
		me = append(me, field{"organization", object{{"isPlatform", false}, {"id", u.organization}}})
	}
	if c.sim.options.Profile == ProfileHosted {
		me = append(me, field{"locale", "en"})
	}
	return c.ok(me.merged(u.set))
}

// asEventUser is how an event type shows its user.
func (u *user) asEventUser() object {
	return object{
		{"id", u.id}, {"name", u.name}, {"username", u.username}, {"avatarUrl", nil}, {"brandColor", nil}, {"darkBrandColor", nil},
		{"weekStart", "Monday"}, {"metadata", object{}},
	}
}

func text10(n int) string { return strconv.Itoa(n) }
