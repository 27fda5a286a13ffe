package simulator

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// verified is a verified e-mail address or phone number of a user or a team.
type verified struct {
	id, user, team int
	email, phone   string // one of them
}

func seedVerified() []verified {
	return []verified{
		{1, alice, 0, "alice@example.com", ""}, {2, alice, 0, "alice.work@example.com", ""}, {3, alice, 0, "", "+491701234567"},
		{4, alice, 1, "support@example.com", ""},
	}
}

// verifiedKinds are the two kinds with the member that names one.
var verifiedKinds = []struct {
	path, member string
	rule         constraint
}{
	{"emails", "email", isEmail},
	{"phones", "phone", constraint{"isPhoneNumber", "$p must be a valid phone number", matches(`^\+[1-9]\d{6,14}$`)}},
}

func verifiedRoutes() []route {
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization)
	var routes []route
	for _, place := range []struct {
		prefix string
		guards []handler
	}{
		{"/v2/verified-resources/", nil}, {"/v2/teams/{team}/verified-resources/", []handler{teamRole(roleAdmin)}},
		{"/v2/organizations/{org}/teams/{team}/verified-resources/", inTeam},
	} {
		for _, kind := range verifiedKinds {
			in := input{required(kind.member, kind.rule)}
			withCode := append(slices.Clone(in), required("code", isString))
			own := []route{
				get(place.prefix+kind.path, authRequired, func(c *call) *answer { return okSpan(c, c.verifiedOf(kind.path), (*verified).object) }, place.guards...),
				get(place.prefix+kind.path+"/{id}", authRequired, func(c *call) *answer { return c.oneVerified(kind.path) }, place.guards...),
				post(place.prefix+kind.path+"/verification-code/request", authRequired, func(c *call) *answer { return c.requestCode(in) }, place.guards...).answersOK(),
				post(place.prefix+kind.path+"/verification-code/verify", authRequired, func(c *call) *answer { return c.verify(withCode, kind.member) }, place.guards...).answersOK(),
			}
			for _, r := range own {
				routes = append(routes, r.in(version20240415)) // these controllers know only the oldest version: send no header
			}
		}
	}
	return routes
}

func (v *verified) object() object {
	o := object{{"id", v.id}}
	if v.email != "" {
		o = append(o, field{"email", v.email})
	} else {
		o = append(o, field{"phoneNumber", v.phone})
	}
	if v.team != 0 {
		return append(o, field{"teamId", v.team}, field{"userId", v.user})
	}
	return append(o, field{"userId", v.user})
}

func (c *call) verifiedOf(kind string) []*verified {
	team, _ := c.id("team")
	var own []*verified
	for _, v := range c.sim.dir.verified {
		mine := v.team == team && (team != 0 || v.user == c.user.id)
		if mine && (kind == "emails") == (v.email != "") {
			own = append(own, v)
		}
	}
	return own
}

// oneVerified answers null for an unknown or foreign id.
func (c *call) oneVerified(kind string) *answer {
	id, ok := c.id("id")
	if !ok {
		return c.broken()
	}
	for _, v := range c.verifiedOf(kind) {
		if v.id == id {
			return c.ok(v.object())
		}
	}
	return c.ok(nil)
}

// requestCode would send a code; the simulator's is told by VerificationCode.
func (c *call) requestCode(in input) *answer {
	if _, refusal := c.read(in); refusal != nil {
		return refusal
	}
	return &answer{status: http.StatusOK, body: marshal(object{{"status", "success"}})}
}

// VerificationCode is the code that would be sent to an e-mail address or a
// phone number.
func (s *Simulator) VerificationCode(to string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "code %d %s", s.options.Seed, to))
	return fmt.Sprintf("%06d", (int(sum[0])<<16|int(sum[1])<<8|int(sum[2]))%1_000_000)
}

func (c *call) verify(in input, member string) *answer {
	o, refusal := c.read(in)
	if refusal != nil {
		return refusal
	}
	to := o.text(member)
	if o.text("code") != c.sim.VerificationCode(to) {
		return c.fail(http.StatusBadRequest, "Invalid Verification Code")
	}
	team, _ := c.id("team")
	v := &verified{id: c.sim.dir.nextID("verified"), user: c.user.id, team: team}
	kind := "emails"
	if v.email = to; member == "phone" {
		v.email, v.phone, kind = "", to, "phones"
	}
	for _, had := range c.verifiedOf(kind) {
		if had.email == v.email && had.phone == v.phone {
			return c.ok(had.object())
		}
	}
	if len(c.sim.dir.verified) >= mostThings {
		return c.fail(http.StatusBadRequest, "The simulator keeps no more than "+strconv.Itoa(mostThings)+" of these.")
	}
	c.sim.dir.verified = append(c.sim.dir.verified, v)
	return c.ok(v.object())
}
