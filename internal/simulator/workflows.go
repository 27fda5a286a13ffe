package simulator

import "slices"

var stepInput = input{
	required("action", isString), optional("stepNumber", isInt), optional("recipient", isString), optional("template", isString), optional("sender", isString),
	optional("message", isObject), optional("includeCalendarEvent", isBool), optional("verifiedEmailId", isInt), optional("verifiedPhoneId", isInt),
	optional("phoneRequired", isBool), optional("id", isInt), optional("email", isString), optional("phone", isString),
}

// newWorkflows describes a team's workflows of one type.
func newWorkflows(kind, of string) *collection {
	k := &collection{
		kind: "workflow", numeric: true, inList: true, scope: func(c *call) string { return kind + "/" + c.path["team"] },
		missing: func(c *call) *answer {
			return c.fail(404, "IsWorkflowInTeam - "+of+" workflow ("+c.path["workflow"]+") not found.")
		},
		in: input{
			required("name", isString), required("activation", isObject), required("trigger", isObject), required("steps", isArray, atLeastItems(1)).each(stepInput),
		},
	}
	k.fresh = func(c *call, o object) (object, *answer) {
		team, _ := c.id("team")
		return c.stamped(object{
			{"name", o.text("name")}, {"userId", c.user.id}, {"teamId", team}, {"type", of}, {"activation", o.object("activation")}, {"trigger", o.object("trigger")},
			{"steps", c.workflowSteps(o.list("steps"))},
		}), nil
	}
	k.change = func(c *call, t *thing, o object) *answer {
		if o.given("steps") {
			o = o.with("steps", c.workflowSteps(o.list("steps")))
		}
		t.data = t.data.merged(o)
		return nil
	}
	return k
}

// workflowSteps gives each step an id, a number and what the document requires.
func (c *call) workflowSteps(given list) list {
	steps := list{}
	for n, v := range given {
		had := v.(object)
		step := object{
			{"id", c.sim.dir.nextID("step")}, {"stepNumber", n + 1}, {"recipient", "attendee"}, {"template", "custom"}, {"sender", "Cal.com"},
			{"message", object{{"subject", ""}}}, {"action", had.text("action")},
		}
		steps = append(steps, step.merged(had.without("id", "verifiedEmailId", "verifiedPhoneId")))
	}
	return steps
}

var (
	eventWorkflows = newWorkflows("event", "event-type")
	formWorkflows  = newWorkflows("form", "routing-form")
)

func workflowRoutes() []route {
	const prefix = "/v2/organizations/{org}/teams/{team}/workflows"
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization)
	return slices.Concat([]route{
		get(prefix+"/routing-form", authRequired, formWorkflows.list, inTeam...),
		post(prefix+"/routing-form", authRequired, formWorkflows.create, inTeam...),
		get(prefix+"/{workflow}/routing-form", authRequired, formWorkflows.get, inTeam...),
		patch(prefix+"/{workflow}/routing-form", authRequired, formWorkflows.patch, inTeam...),
		remove(prefix+"/{workflow}/routing-form", authRequired, emptied(formWorkflows.delete), inTeam...),
		remove(prefix+"/{workflow}", authRequired, emptied(eventWorkflows.delete), inTeam...),
	}, eventWorkflows.routes(prefix, inTeam...))
}

// emptied answers a success with its status alone.
func emptied(h handler) handler {
	return func(c *call) *answer {
		if a := h(c); a.status >= 300 {
			return a
		}
		return &answer{status: 200, body: marshal(object{{"status", "success"}})}
	}
}
