package simulator

import (
	"net/http"
	"slices"
	"strconv"
)

// thing is one of the smaller things that people keep beside their bookings:
// an attribute, a role, a workflow. It is kept as it is shown.
type thing struct {
	id    string
	scope string // whose it is
	data  object
}

// mostThings bounds how many of a kind one owner can have.
const mostThings = 1000

// collection describes one kind of thing, and with it what its routes do.
// Shapes are those of the API's document; they were not observed.
type collection struct {
	kind    string // names the kind, and in the path the id's parameter
	member  string // that shows the id; "" means "id"
	numeric bool   // the id is a number
	in      input
	scope   func(c *call) string
	fresh   func(c *call, o object) (object, *answer) // what a new thing shows beside its id
	change  func(c *call, t *thing, o object) *answer // nil: what is written replaces what is shown
	missing func(c *call) *answer
	inList  bool // one is answered as a list of one, as the document says
}

func (k *collection) all(c *call) []*thing {
	scope := k.scope(c)
	var own []*thing
	for _, t := range c.sim.dir.things[k.kind] {
		if t.scope == scope {
			own = append(own, t)
		}
	}
	return own
}

func (k *collection) shown(t *thing) object {
	name := k.member
	if name == "" {
		name = "id"
	}
	var id any = t.id
	if k.numeric {
		id, _ = strconv.Atoi(t.id)
	}
	return append(object{{name, id}}, t.data...)
}

func (k *collection) find(c *call) (*thing, *answer) {
	for _, t := range k.all(c) {
		if t.id == c.path[k.kind] {
			return t, nil
		}
	}
	return nil, k.missing(c)
}

func (k *collection) ok(c *call, t *thing) *answer {
	if k.inList {
		return c.ok(list{k.shown(t)})
	}
	return c.ok(k.shown(t))
}

func (k *collection) list(c *call) *answer { return okSpan(c, k.all(c), k.shown) }

func (k *collection) get(c *call) *answer {
	t, refusal := k.find(c)
	if refusal != nil {
		return refusal
	}
	return k.ok(c, t)
}

func (k *collection) create(c *call) *answer {
	o, refusal := c.read(k.in)
	if refusal != nil {
		return refusal
	}
	if len(k.all(c)) >= mostThings {
		return c.fail(http.StatusBadRequest, "The simulator keeps no more than "+strconv.Itoa(mostThings)+" of these for one owner.")
	}
	data, refusal := k.fresh(c, o)
	if refusal != nil {
		return refusal
	}
	t := c.sim.dir.addThing(k, k.scope(c), data)
	return k.ok(c, t)
}

func (d *directory) addThing(k *collection, scope string, data object) *thing {
	t := &thing{id: d.nextUUID(), scope: scope, data: data}
	if k.numeric {
		t.id = strconv.Itoa(d.nextID(k.kind))
	}
	d.things[k.kind] = append(d.things[k.kind], t)
	return t
}

func (k *collection) patch(c *call) *answer {
	o, refusal := c.read(k.in.partial())
	if refusal != nil {
		return refusal
	}
	t, refusal := k.find(c)
	if refusal != nil {
		return refusal
	}
	if k.change != nil {
		if refusal := k.change(c, t, o); refusal != nil {
			return refusal
		}
	} else {
		t.data = t.data.merged(o)
	}
	if t.data.given("updatedAt") {
		t.data = t.data.with("updatedAt", clockText(c.now.UnixMilli()))
	}
	return k.ok(c, t)
}

func (k *collection) delete(c *call) *answer {
	t, refusal := k.find(c)
	if refusal != nil {
		return refusal
	}
	c.sim.dir.things[k.kind] = slices.DeleteFunc(c.sim.dir.things[k.kind], func(other *thing) bool { return other == t })
	return k.ok(c, t)
}

// routes are the five routes of a collection.
func (k *collection) routes(prefix string, guards ...handler) []route {
	one := prefix + "/{" + k.kind + "}"
	return []route{
		get(prefix, authRequired, k.list, guards...),
		post(prefix, authRequired, k.create, guards...),
		get(one, authRequired, k.get, guards...),
		patch(one, authRequired, k.patch, guards...),
		remove(one, authRequired, k.delete, guards...),
	}
}

// scopedBy scopes a collection by parameters of the path.
func scopedBy(names ...string) func(*call) string {
	return func(c *call) string {
		scope := ""
		for _, name := range names {
			scope += "/" + c.path[name]
		}
		return scope
	}
}

// notFound answers 404 with a text.
func notFound(message string) func(*call) *answer {
	return func(c *call) *answer { return c.fail(http.StatusNotFound, message) }
}

// stamped adds the times of making and changing.
func (c *call) stamped(o object) object {
	now := clockText(c.now.UnixMilli())
	return append(o, field{"createdAt", now}, field{"updatedAt", now})
}
