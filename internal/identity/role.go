package identity

// Role is what somebody may do, in an organization or with a resource. Each
// role may do what the ones below it may.
type Role string

// The roles, from the most to the least.
const (
	RoleOwner        Role = "owner"        // everything, and who else owns it
	RoleAdmin        Role = "admin"        // change it, delete it, share it
	RoleOperator     Role = "operator"     // run and pause it
	RoleCollaborator Role = "collaborator" // look at it
	RoleNone         Role = ""             // nothing
)

func (r Role) rank() int {
	switch r {
	case RoleOwner:
		return 4
	case RoleAdmin:
		return 3
	case RoleOperator:
		return 2
	case RoleCollaborator:
		return 1
	}
	return 0
}

// Valid reports whether it is one of the four roles.
func (r Role) Valid() bool { return r.rank() > 0 }

// AtLeast reports whether who has this role may do what needs the other one.
// No role is at least none: what needs RoleNone has been forgotten, not
// allowed.
func (r Role) AtLeast(need Role) bool { return need.Valid() && r.rank() >= need.rank() }

// most and least give the higher and the lower of two roles.
func most(a, b Role) Role {
	if a.rank() >= b.rank() {
		return a
	}
	return b
}

func least(a, b Role) Role {
	if a.rank() <= b.rank() {
		return a
	}
	return b
}
