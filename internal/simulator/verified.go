package simulator

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

func verifiedRoutes() []route {
	var routes []route
	for _, kind := range []string{"emails", "phones"} {
		all := func(c *call) *answer { return okSpan(c, c.verifiedOf(kind), (*verified).object) }
		one := func(c *call) *answer { return c.oneVerified(kind) }
		// These controllers know only the oldest version: send no header.
		routes = append(routes,
			get("/v2/verified-resources/"+kind, authRequired, all).in(version20240415),
			get("/v2/verified-resources/"+kind+"/{id}", authRequired, one).in(version20240415),
			get("/v2/teams/{team}/verified-resources/"+kind, authRequired, all, teamRole(roleAdmin)).in(version20240415),
			get("/v2/teams/{team}/verified-resources/"+kind+"/{id}", authRequired, one, teamRole(roleAdmin)).in(version20240415),
		)
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
