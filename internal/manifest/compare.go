package manifest

import (
	"slices"
	"strings"
)

// Action is what is to be done with a thing.
type Action string

// The actions.
const (
	Add      Action = "add"
	Edit     Action = "change"
	Activate Action = "activate"
	Pause    Action = "pause"
	Remove   Action = "remove"
)

// Difference is one field in which a file and a server differ.
type Difference struct {
	Field  string `json:"field"`
	Server any    `json:"server"`
	File   any    `json:"file"`
}

// Change is what is to be done with one thing, and why.
type Change struct {
	Action Action       `json:"action"`
	Kind   Kind         `json:"-"`
	Of     string       `json:"kind"`
	Name   string       `json:"name"`
	ID     int64        `json:"id,omitzero"`
	Fields []Difference `json:"fields,omitzero"` // of a change, and of what is added

	// File and Server are the thing on either side; nil where it is not.
	File   *Thing `json:"-"`
	Server *Thing `json:"-"`
}

// Where names the thing, in its file if it is in one.
func (c *Change) Where() string {
	if c.File != nil {
		return c.File.Where()
	}
	return c.Server.Where()
}

// Plan is all that is to be done, in the order of what depends on what, and
// what is on the server alone and left there.
type Plan struct {
	Changes []*Change
	Alone   []*Thing
}

// Compare plans the way from a server to a file that Check has nothing
// against. With prune, what is on the server alone is removed, of the kinds of
// which the file has a section; but nothing that no file could have.
func Compare(file, server *Manifest, prune bool) *Plan {
	p := &Plan{}
	for _, t := range file.Things {
		found := server.named(t.Kind, t.Name)
		if len(found) == 0 {
			p.Changes = append(p.Changes, newChange(Add, t, nil, append(said(t.Spec), secrets(t.Spec)...)))
			continue
		}
		if differ := differences(t.Spec, found[0].Spec); len(differ) > 0 {
			p.Changes = append(p.Changes, newChange(actionOf(differ), t, found[0], differ))
		}
	}
	for _, k := range slices.Backward(Kinds) {
		for _, t := range slices.Backward(server.Of(k)) {
			switch {
			case !file.Sections[k] || len(file.named(k, t.Name)) > 0:
			case prune && (&writer{m: server}).unfit(t) == "":
				p.Changes = append(p.Changes, newChange(Remove, nil, t, nil))
			default:
				p.Alone = append(p.Alone, t)
			}
		}
	}
	return p
}

func newChange(a Action, file, server *Thing, fields []Difference) *Change {
	c := &Change{Action: a, Fields: fields, File: file, Server: server}
	for _, t := range []*Thing{file, server} {
		if t != nil {
			c.Kind, c.Of, c.Name = t.Kind, t.Kind.One(), t.Name
			c.ID = max(c.ID, t.ID)
		}
	}
	return c
}

// Renew plans that secrets of what is on the server already are sent again,
// where the file says where they come from.
func (p *Plan) Renew(file, server *Manifest) {
	for _, t := range file.Things {
		found := server.named(t.Kind, t.Name)
		for _, d := range secrets(t.Spec) {
			if d.Server = "as it was given"; len(found) == 1 {
				p.edit(t, found[0], d)
			}
		}
	}
}

// The fields that say where secrets come from.
const (
	secretField  = "secret"
	signingField = "signing_secret"
)

// secrets say where a thing's secrets come from.
func secrets(s Spec) (out []Difference) {
	add := func(field string, from Secret) {
		if !from.IsZero() {
			out = append(out, Difference{Field: field, File: "from " + from.Text()})
		}
	}
	switch s := s.(type) {
	case *Credential:
		add(secretField, s.Secret)
	case *Channel:
		add(secretField, s.Secret)
		add(signingField, s.SigningSecret)
	}
	return out
}

// Renews reports whether the secrets of a thing that is there are to be sent.
func (c *Change) Renews() bool {
	return slices.ContainsFunc(c.Fields, func(d Difference) bool { return d.Field == secretField || d.Field == signingField })
}

// Touches reports whether a field with this beginning differs.
func (c *Change) Touches(prefix string) bool {
	return slices.ContainsFunc(c.Fields, func(d Difference) bool { return strings.HasPrefix(d.Field, prefix) })
}

// edit adds a difference to the plan.
func (p *Plan) edit(file, server *Thing, d Difference) {
	for _, c := range p.Changes {
		if c.File == file {
			c.Fields = append(c.Fields, d)
			return
		}
	}
	at := 0
	for at < len(p.Changes) && slices.Index(Kinds, p.Changes[at].Kind) < slices.Index(Kinds, file.Kind) && p.Changes[at].Action != Remove {
		at++
	}
	p.Changes = slices.Insert(p.Changes, at, newChange(Edit, file, server, []Difference{d}))
}

// said are the fields of a thing that are not as they are when nothing is said.
func said(s Spec) (out []Difference) {
	for _, v := range s.values() {
		switch Text(v.is) {
		case `""`, "[]", "{}", "0", "false":
		default:
			out = append(out, Difference{Field: v.field, File: v.is})
		}
	}
	return out
}

// differences are the fields of a file that the server has otherwise.
func differences(file, server Spec) (out []Difference) {
	have := map[string]any{}
	for _, v := range server.values() {
		have[v.field] = v.is
	}
	for _, v := range file.values() {
		if is := have[v.field]; !same(v.is, is) {
			out = append(out, Difference{Field: v.field, Server: is, File: v.is})
		}
	}
	return out
}

// actionOf is the word for a change of these fields.
func actionOf(differ []Difference) Action {
	if len(differ) > 1 || differ[0].Field != "active" {
		return Edit
	}
	if differ[0].File == true {
		return Activate
	}
	return Pause
}

// Stage is a part of the way. They come in this order: what is to stand still
// does so before anything changes, and nothing flows before all is there.
type Stage int

// The stages.
const (
	Pausing Stage = iota
	Making
	Activating
	Removing
)

// Step is one step of a plan.
type Step struct {
	Stage  Stage
	Change *Change
}

// Steps are the plan's steps in their order.
func (p *Plan) Steps() (steps []Step) {
	add := func(s Stage, c *Change) { steps = append(steps, Step{s, c}) }
	for _, c := range p.Changes {
		// A dataset goes with its source, but for one that is to be removed alone.
		if c.Server != nil && active(c.Server) && (c.Action == Remove || c.Kind != Datasets && !active(c.File)) {
			add(Pausing, c)
		}
	}
	for _, c := range p.Changes {
		if c.Action == Add || c.Action == Edit {
			add(Making, c)
		}
	}
	for _, k := range []Kind{Destinations, Sources} {
		for _, c := range p.Changes {
			if c.Kind == k && c.File != nil && active(c.File) && (c.Server == nil || !active(c.Server)) {
				add(Activating, c)
			}
		}
	}
	for _, c := range p.Changes {
		if c.Action == Remove {
			add(Removing, c)
		}
	}
	return steps
}

// active reports whether a thing is, or is to be, switched on.
func active(t *Thing) bool {
	switch s := t.Spec.(type) {
	case *Source:
		return s.Active
	case *Dataset:
		return s.Active
	case *Destination:
		return s.Active
	}
	return false
}
