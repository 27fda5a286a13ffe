package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// Catalogue is what a server knows.
type Catalogue struct {
	Endpoints map[string][]string // of its connectors, by the type of credential that reads them
	Events    []string            // what can be told
}

// checker looks for what a file's things refer to.
type checker struct {
	file, server *Manifest
	prune        bool
	problems     Problems
}

// Check tells what is wrong with a file in view of the server that it is for:
// references to nothing, things that cannot be told apart, endpoints that do
// not exist. It fills in which endpoint is meant where a source has one alone,
// and puts the things into the order in which they can be made.
func Check(file, server *Manifest, catalogue Catalogue, prune bool) Problems {
	c := &checker{file: file, server: server, prune: prune}
	for _, t := range file.Things {
		if found := server.named(t.Kind, t.Name); len(found) > 1 {
			c.wrong(t, "", fmt.Sprintf("the server has %d %s of this name (%s), and they cannot be told apart", len(found), t.Kind, ids(found)), "Give each a name of its own on the server")
		} else if len(found) == 1 {
			c.sameType(t, found[0])
		} else {
			c.secretsOf(t)
		}
		for _, ref := range t.Spec.uses() {
			c.find(t, ref)
		}
	}
	if len(c.problems) > 0 {
		return c.problems.sorted()
	}
	for _, t := range file.Things {
		switch spec := t.Spec.(type) {
		case *Source:
			c.endpoints(t, spec, catalogue.Endpoints)
		case *Dataset:
			c.from(t, &spec.From)
			if before := c.server.named(Datasets, t.Name); len(before) == 1 && before[0].Spec.(*Dataset).From != spec.From {
				c.wrong(t, "", "on the server it is made of another dataset, and stays so", "Choose another name for a new one")
			}
		case *Destination:
			c.from(t, &spec.From)
		case *Rule:
			if !slices.Contains(catalogue.Events, spec.Event) {
				c.wrong(t, "event", "there is no such event", "Use one of "+strings.Join(catalogue.Events, ", "))
			}
		}
	}
	c.order()
	c.folders()
	if prune {
		c.kept()
	}
	return c.problems.sorted()
}

func (c *checker) wrong(t *Thing, field, message, remedy string) {
	c.problems = append(c.problems, t.place.problem(field, message, remedy))
}

func ids(things []*Thing) string {
	all := make([]string, len(things))
	for i, t := range things {
		all[i] = fmt.Sprintf("id %d", t.ID)
	}
	return strings.Join(all, ", ")
}

// sameType refuses to make one kind of thing of another.
func (c *checker) sameType(t, found *Thing) {
	switch spec := t.Spec.(type) {
	case *Credential:
		if have := found.Spec.(*Credential).Type; have != spec.Type {
			c.wrong(t, "type", "on the server it is of type "+have, "Write that, or choose another name for a new one")
		}
	case *Channel:
		if have := found.Spec.(*Channel).Type; have != spec.Type {
			c.wrong(t, "type", "on the server it is of type "+have, "Write that, or choose another name for a new one")
		}
	}
}

// secretsOf makes sure that what is new says where its secret comes from.
func (c *checker) secretsOf(t *Thing) {
	const message, remedy = "it is missing, and the server has none of this name", "Write {env: VARIABLE} or {file: PATH}"
	switch spec := t.Spec.(type) {
	case *Credential:
		if spec.Secret.IsZero() && (spec.Type == "cal_com_api" || spec.Type == "s3") {
			c.wrong(t, "secret", message, remedy+", or make it with weir credentials add")
		}
	case *Channel:
		if spec.Secret.IsZero() && spec.Type != "email" {
			c.wrong(t, "secret", message, remedy)
		}
		if spec.SigningSecret.IsZero() && spec.Type == "webhook" {
			c.wrong(t, "signing_secret", message, remedy+": whsec_ and 24 to 64 bytes in base64")
		}
	}
}

// target finds what is of a name once the file is applied: in the file, or on
// the server.
func (c *checker) target(k Kind, name string) *Thing {
	if found := c.file.named(k, name); len(found) > 0 {
		return found[0]
	}
	if found := c.server.named(k, name); len(found) == 1 && !c.removes(found[0]) {
		return found[0]
	}
	return nil
}

// removes reports whether a thing of the server's is to be removed.
func (c *checker) removes(t *Thing) bool {
	return c.prune && c.file.Sections[t.Kind] && len(c.file.named(t.Kind, t.Name)) == 0 && (&writer{m: c.server}).unfit(t) == ""
}

// find makes sure that a reference leads to one thing.
func (c *checker) find(t *Thing, ref reference) {
	if ref.name == "" || c.target(ref.kind, ref.name) != nil {
		return
	}
	switch found := c.server.named(ref.kind, ref.name); {
	case len(found) > 1:
		c.wrong(t, ref.field, fmt.Sprintf("the server has %d %s called %s (%s), and they cannot be told apart", len(found), ref.kind, ref.name, ids(found)), "Give each a name of its own on the server")
	case len(found) == 1:
		c.wrong(t, ref.field, fmt.Sprintf("the %s %s is to be removed: it is not in the file", ref.kind.One(), ref.name), "Add it to "+string(ref.kind)+", or leave out --prune")
	default:
		c.wrong(t, ref.field, fmt.Sprintf("there is no %s called %s, neither in the file nor on the server", ref.kind.One(), ref.name), c.offer(ref.kind))
	}
}

// offered is how many names a remedy lists.
const offered = 6

// offer lists the names there are.
func (c *checker) offer(k Kind) string {
	names := []string{}
	for _, m := range []*Manifest{c.file, c.server} {
		for _, t := range m.Of(k) {
			if !slices.Contains(names, t.Name) {
				names = append(names, t.Name)
			}
		}
	}
	switch {
	case len(names) == 0:
		return "Add it to " + string(k) + ": there are none"
	case len(names) > offered:
		names = append(names[:offered], "…")
	}
	return "Add it to " + string(k) + ", or use one that there is: " + strings.Join(names, ", ")
}

// endpoints makes sure that what a source reads exists.
func (c *checker) endpoints(t *Thing, s *Source, catalogue map[string][]string) {
	of := c.target(Credentials, s.Credential)
	if of == nil {
		return
	}
	kind := of.Spec.(*Credential).Type
	known, isConnector := catalogue[kind]
	if !isConnector && len(s.Endpoints) > 0 {
		c.wrong(t, "endpoints", "a credential of type "+kind+" has no endpoints", "Choose a credential of cal_com_api, or write config instead")
		return
	}
	for i, endpoint := range s.Endpoints {
		if !slices.Contains(known, endpoint) {
			c.wrong(t, fmt.Sprintf("endpoints.%d", i), "there is no endpoint of this name", "Use one of those that weir connectors describe calcom lists"+near(endpoint, known))
		}
	}
}

// near lists the names that begin as what was written does, or hold it.
func near(wrote string, names []string) string {
	var found []string
	for _, n := range names {
		if len(wrote) > 2 && (strings.Contains(n, wrote) || strings.Contains(wrote, n) || strings.HasPrefix(n, wrote[:3])) && len(found) < offered {
			found = append(found, n)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return ", such as " + strings.Join(found, ", ")
}

// from fills in which of a source's endpoints is meant, and makes sure that
// the source reads it.
func (c *checker) from(t *Thing, f *From) {
	of := c.target(Sources, f.Source)
	if of == nil {
		return
	}
	reads := of.Spec.(*Source).yields()
	switch {
	case f.Endpoint == "" && len(reads) == 1:
		f.Endpoint = reads[0]
	case f.Endpoint == "":
		c.wrong(t, "endpoint", "it is missing, and the source "+f.Source+" reads several", "Use one of "+strings.Join(reads, ", "))
	case !slices.Contains(reads, f.Endpoint):
		c.wrong(t, "endpoint", "the source "+f.Source+" does not read it", "Use one of "+strings.Join(reads, ", ")+", or add it to the source's endpoints")
	}
}

// yields are the endpoints of the datasets that a source yields.
func (s *Source) yields() []string {
	if len(s.Config) > 0 {
		return []string{ByHand}
	}
	return s.Endpoints
}

// order puts what others of its kind wait for before them, and refuses circles.
func (c *checker) order() {
	var ordered []*Thing
	state := map[*Thing]int{} // 1 while its uses are being placed, 2 when it is placed
	var put func(t *Thing) bool
	put = func(t *Thing) bool {
		if state[t] == 1 {
			return false
		}
		if state[t] == 2 {
			return true
		}
		state[t] = 1
		for _, ref := range t.Spec.uses() {
			for _, before := range c.file.named(ref.kind, ref.name) {
				if ref.kind == t.Kind && !put(before) {
					c.wrong(t, ref.field, "it leads back to itself", "Take one "+ref.field+" out of the circle")
					state[t] = 2
					return true
				}
			}
		}
		state[t] = 2
		ordered = append(ordered, t)
		return true
	}
	for _, k := range Kinds {
		for _, t := range c.file.Of(k) {
			put(t)
		}
	}
	c.file.Things = ordered
}

// folders makes sure that a flow is in one project alone, as on a server.
func (c *checker) folders() {
	in := map[string]string{}
	for _, t := range c.file.Of(Projects) {
		for i, name := range t.Spec.(*Project).Sources {
			if other := in[name]; other != "" {
				c.wrong(t, fmt.Sprintf("sources.%d", i), "the source "+name+" is in the project "+other+" already", "A flow is in one project: take it out of one of the two")
			}
			in[name] = t.Name
		}
	}
}

// kept makes sure that nothing stays that uses what is to be removed.
func (c *checker) kept() {
	for _, t := range c.server.Things {
		if c.removes(t) || len(c.file.named(t.Kind, t.Name)) > 0 {
			continue
		}
		for _, ref := range t.Spec.uses() {
			for _, gone := range c.server.named(ref.kind, ref.name) {
				if c.removes(gone) {
					c.problems = append(c.problems, Problem{File: "on the server", Field: string(t.Kind) + "." + t.Name,
						Message: fmt.Sprintf("it stays, and uses the %s %s, which --prune would remove", ref.kind.One(), ref.name),
						Remedy:  fmt.Sprintf("Add %s to the file, or a section %s, so that this is removed, too", ref.name, t.Kind)})
				}
			}
		}
	}
}
