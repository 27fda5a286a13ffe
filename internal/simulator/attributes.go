package simulator

import (
	"net/http"
	"slices"
	"strconv"
)

const missingOption = "Attribute option not found"

var optionInput = input{required("value", isString), required("slug", isString)}

var attributeCollection = &collection{
	kind: "attribute", scope: scopedBy("org"), missing: notFound("Attribute not found"),
	in: input{
		required("name", isString), required("slug", isString), required("type", oneWord("TEXT", "NUMBER", "SINGLE_SELECT", "MULTI_SELECT")),
		required("options", isArray).each(optionInput), optional("enabled", isBool),
	},
	fresh: func(c *call, o object) (object, *answer) {
		id, _ := c.id("org")
		for _, t := range attributesOf(c) {
			if t.data.text("slug") == o.text("slug") {
				return nil, c.errorAnswer(http.StatusConflict, "CONFLICT", "Invalid Input: Trying to create a record that already exists.", nil)
			}
		}
		enabled, given := o.value("enabled")
		if !given {
			enabled = true
		}
		return object{
			{"teamId", id}, {"type", o.text("type")}, {"name", o.text("name")}, {"slug", o.text("slug")}, {"enabled", enabled}, {"usersCanEditRelation", false},
		}, nil
	},
}

func attributesOf(c *call) []*thing {
	var all []*thing
	for _, t := range c.sim.dir.things["attribute"] {
		if t.scope == "/"+c.path["org"] {
			all = append(all, t)
		}
	}
	return all
}

var optionCollection = &collection{
	kind: "option", scope: scopedBy("attribute"), missing: notFound(missingOption), in: optionInput,
	fresh: func(c *call, o object) (object, *answer) {
		return object{{"attributeId", c.path["attribute"]}, {"value", o.text("value")}, {"slug", o.text("slug")}}, nil
	},
}

func attributeRoutes() []route {
	const prefix = "/v2/organizations/{org}/attributes"
	hasAttribute := func(c *call) *answer { _, refusal := attributeCollection.find(c); return refusal }
	options := optionCollection.routes(prefix+"/{attribute}/options", append(slices.Clone(administered), hasAttribute)...)
	options = slices.DeleteFunc(options, func(r route) bool { return r.method == "GET" && r.pattern == prefix+"/{attribute}/options/{option}" })
	user := append(slices.Clone(administered), (*call).isUserOfOrganization)
	attributes := attributeCollection.routes(prefix, administered...)
	for i := range attributes {
		if attributes[i].method == "POST" {
			attributes[i].handle = (*call).createAttribute
		}
	}
	return slices.Concat([]route{
		get(prefix+"/options/{user}", authRequired, (*call).listAssigned, user...),
		post(prefix+"/options/{user}", authRequired, (*call).assignOption, user...),
		remove(prefix+"/options/{user}/{option}", authRequired, (*call).unassignOption, user...),
		get(prefix+"/slugs/{slug}/options/assigned", authRequired, (*call).listAssignedOfSlug, administered...),
		get(prefix+"/{attribute}/options/assigned", authRequired, (*call).listAssignedOptions, append(slices.Clone(administered), hasAttribute)...),
	}, attributes, options)
}

// createAttribute makes the options too.
func (c *call) createAttribute() *answer {
	o, refusal := c.read(attributeCollection.in)
	if refusal != nil {
		return refusal
	}
	data, refusal := attributeCollection.fresh(c, o)
	if refusal != nil {
		return refusal
	}
	if len(attributesOf(c)) >= mostThings {
		return c.fail(http.StatusBadRequest, "The simulator keeps no more than "+strconv.Itoa(mostThings)+" of these for one owner.")
	}
	t := c.sim.dir.addThing(attributeCollection, "/"+c.path["org"], data)
	for _, v := range o.list("options") {
		option := v.(object)
		c.sim.dir.addThing(optionCollection, "/"+t.id, object{{"attributeId", t.id}, {"value", option.text("value")}, {"slug", option.text("slug")}})
	}
	return attributeCollection.ok(c, t)
}

func (c *call) isUserOfOrganization() *answer {
	_, refusal := c.organizationUser()
	return refusal
}

// assignments are kept as things whose scope is the user.
var assignmentCollection = &collection{kind: "assignment"}

// assigned says which options a user has.
func (c *call) assigned(user string) []*thing {
	var all []*thing
	for _, t := range c.sim.dir.things["assignment"] {
		if t.scope == user {
			all = append(all, t)
		}
	}
	return all
}

func (c *call) option(id string) *thing {
	for _, t := range c.sim.dir.things["option"] {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (c *call) listAssigned() *answer {
	all := list{}
	for _, a := range c.assigned(c.path["user"]) {
		if o := c.option(a.data.text("attributeOptionId")); o != nil {
			all = append(all, optionCollection.shown(o))
		}
	}
	return c.ok(all)
}

func (c *call) assignOption() *answer {
	o, refusal := c.read(input{optional("value", isString), optional("attributeOptionId", isString), required("attributeId", isString)})
	if refusal != nil {
		return refusal
	}
	i := slices.IndexFunc(attributesOf(c), func(t *thing) bool { return t.id == o.text("attributeId") })
	if i < 0 {
		return c.fail(http.StatusNotFound, "Attribute not found")
	}
	attribute := attributesOf(c)[i]
	kind := attribute.data.text("type")
	option := c.option(o.text("attributeOptionId"))
	switch free := kind == "TEXT" || kind == "NUMBER"; {
	case !free && o.given("value"):
		return c.fail(http.StatusBadRequest, "Attribute type does not support value")
	case free && o.given("value"):
		option = c.sim.dir.addThing(optionCollection, "/"+attribute.id, object{{"attributeId", attribute.id}, {"value", o.text("value")}, {"slug", o.text("value")}})
	case option == nil || option.data.text("attributeId") != attribute.id:
		return c.fail(http.StatusNotFound, missingOption)
	}
	member, _ := c.id("user")
	t := c.sim.dir.addThing(assignmentCollection, c.path["user"], object{{"memberId", c.sim.dir.membership(member, organizationID).id}, {"attributeOptionId", option.id}})
	return c.ok(assignmentCollection.shown(t))
}

func (c *call) unassignOption() *answer {
	for _, t := range c.assigned(c.path["user"]) {
		if t.data.text("attributeOptionId") == c.path["option"] {
			c.sim.dir.things["assignment"] = slices.DeleteFunc(c.sim.dir.things["assignment"], func(other *thing) bool { return other == t })
			return c.ok(assignmentCollection.shown(t))
		}
	}
	return c.fail(http.StatusNotFound, "Attribute does not belong to this user")
}

// listAssignedOptions shows the options of an attribute that somebody has.
func (c *call) listAssignedOptions() *answer {
	var all []object
	for _, o := range optionCollection.all(c) {
		users := list{}
		for _, a := range c.sim.dir.things["assignment"] {
			if a.data.text("attributeOptionId") == o.id {
				id, _ := strconv.Atoi(a.scope)
				users = append(users, id)
			}
		}
		if len(users) > 0 {
			all = append(all, append(optionCollection.shown(o), field{"assignedUserIds", users}))
		}
	}
	return okSpan(c, all, func(o object) object { return o })
}

func (c *call) listAssignedOfSlug() *answer {
	for _, t := range attributesOf(c) {
		if t.data.text("slug") == c.path["slug"] {
			c.path["attribute"] = t.id
			return c.listAssignedOptions()
		}
	}
	return c.fail(http.StatusNotFound, "Attribute not found")
}
