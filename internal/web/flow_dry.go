package web

import (
	"github.com/a-h/templ"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/pipeline"
)

// dryView is what the next run of a flow would do.
type dryView struct {
	Flow      *flow.Source
	Estimates []pipeline.Estimate
	Shown     []templ.Component // the first records of each endpoint
}

// Requests is what the run would cost.
func (d *dryView) Requests() (n int64) {
	for _, e := range d.Estimates {
		n += int64(e.Requests)
	}
	return n
}

// Open reports whether it may cost more.
func (d *dryView) Open() bool {
	for _, e := range d.Estimates {
		if e.Open {
			return true
		}
	}
	return false
}

// dryRun says what the next run would read and cost, and shows the first records;
// nothing is stored, and no destination is written to.
func (v *visit) dryRun() error {
	ctx := v.r.Context()
	src, err := v.Flows.Source(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	d := &dryView{Flow: src}
	if d.Estimates, err = v.Flows.Plan(ctx, v.actor(), src.ID); err != nil {
		return v.told(v.thisFlow(), "", err)
	}
	draft, err := v.draftOf(src)
	if err != nil {
		return err
	}
	if d.Shown, err = v.tests(draft); err != nil {
		return err
	}
	return v.shown("Dry run of "+src.Name, dryRunPage(d))
}

// afterDryRun leads to the flow: looking at a dry run once more would make its
// requests once more.
func (v *visit) afterDryRun() error { return v.to(v.thisFlow(), "", "") }

// draftOf is a flow as if it were being made.
func (v *visit) draftOf(src *flow.Source) (*flowDraft, error) {
	c, err := v.Credentials.Credential(v.r.Context(), v.who.Org, src.Credential)
	if err != nil {
		return nil, err
	}
	d := &flowDraft{Credential: &credentialView{Credential: c}, Params: src.Params}
	if c.Kind.Connector == nil {
		return d, nil
	}
	for _, e := range c.Kind.Connector.Endpoints {
		for _, id := range src.Endpoints {
			if id == e.ID {
				d.Endpoints = append(d.Endpoints, e)
			}
		}
	}
	return d, nil
}
