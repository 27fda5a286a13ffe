package simulator

// absence is an out-of-office entry.
type absence struct {
	id            int
	uuid          string
	user, to      int
	start, end    string
	notes, reason string
}

func seedAbsences() []absence {
	return []absence{
		{4, "44444444-4444-4444-8444-444444444444", orgmember, orgadmin, "2027-01-10T00:00:00.000Z", "2027-01-12T23:59:59.999Z", "Sick", "sick"},
	}
}

func (a *absence) object() object {
	return object{{"userId", a.user}, {"toUserId", orNull(a.to)}, {"id", a.id}, {"uuid", a.uuid}, {"start", a.start}, {"end", a.end}, {"notes", a.notes}, {"reason", a.reason}}
}

func (c *call) listAbsences() *answer { return okSpan(c, c.sim.dir.absences, (*absence).object) }

func (c *call) listUserAbsences() *answer {
	u, refusal := c.organizationUser()
	if refusal != nil {
		return refusal
	}
	var own []*absence
	for _, a := range c.sim.dir.absences {
		if a.user == u.id {
			own = append(own, a)
		}
	}
	return okSpan(c, own, (*absence).object)
}

// times are the absence's instants.
func (a *absence) times() (from, to int64, ok bool) {
	from, okFrom := instant(a.start)
	to, okTo := instant(a.end)
	return from, to, okFrom && okTo
}
