package web

import (
	"net/url"
	"time"

	"github.com/a-h/templ"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// linesShown is how many lines of a run's log its page shows, the newest.
const linesShown = 200

// runView is a run as its page shows it.
type runView struct {
	*flow.Run
	Flow       string // its name; "" when it was deleted
	Credential int64  // that it reads with; 0 when the flow was deleted
	By         string // who began it; "" for Weir
	Totals     store.Totals
	Streams    []flow.StreamResult
	Waiting    []waitView
	Deliveries []deliveryView
	Lines      []store.RunLine
	LineTotal  int
	Operates   bool
	Now        time.Time
}

// runHere is the run that the path names, as it is now. One whose flow was
// deleted is for administrators.
func (v *visit) runHere() (*runView, error) {
	ctx := v.r.Context()
	r, err := v.Flows.Run(ctx, v.who.Org, v.r.PathValue("run"))
	if err != nil {
		return nil, err
	}
	role, err := v.People.RoleOn(ctx, v.who, store.KindSource, r.Resource)
	if err != nil && (weir.CodeOf(err) != weir.CodeNotFound || !v.admin()) {
		return nil, err
	}
	if err := v.rights().Runs(ctx, v.who, r); err != nil {
		return nil, err
	}
	view := &runView{Run: r, Totals: r.Run.Totals, Streams: r.Result.Streams, Operates: role.AtLeast(identity.RoleOperator), Now: v.Now()}
	if src, err := v.Flows.Source(ctx, v.who.Org, r.Resource); err == nil {
		view.Flow, view.Credential = src.Name, src.Credential
	} else if weir.CodeOf(err) != weir.CodeNotFound {
		return nil, err
	}
	if r.Order.By != 0 {
		by, err := v.Store.Member(ctx, v.who.Org, r.Order.By)
		if err != nil && weir.CodeOf(err) != weir.CodeNotFound { // they may have left
			return nil, err
		}
		view.By = by.User.FullName
	}
	if err := v.addDeliveries(view); err != nil {
		return nil, err
	}
	f := store.LogFilter{Org: v.who.Org, Source: r.Resource, Run: string(r.ID), Page: 1, Size: linesShown}
	if view.Lines, view.LineTotal, err = v.Store.RunLines(ctx, f); err != nil {
		return nil, err
	}
	return view, v.rights().Lines(ctx, v.who, view.Lines)
}

// Path is where its page lies.
func (r *runView) Path() string { return runPath(string(r.ID)) }

// quarantinedBy is how many records a run counts as quarantined, and the way to
// them.
func quarantinedBy(r *runView) templ.Component {
	n := int64(r.Totals.Quarantined)
	if n == 0 {
		return ui.Count(n)
	}
	return ui.Link("/quarantine?"+url.Values{"run": {string(r.ID)}, "state": {everyState}}.Encode(), ui.Number(n))
}

// Why is what it began for, and who wanted it.
func (r *runView) Why() string {
	if words := r.Order.Why.Words(); r.By != "" && words != "" {
		return words + ", " + r.By
	}
	return r.Order.Why.Words()
}

// Running reports whether it is not over.
func (r *runView) Running() bool { return r.Open() }

// Title names it by its flow.
func (r *runView) Title() string {
	if r.Flow == "" {
		return "Run of a deleted flow"
	}
	return "Run of " + r.Flow
}

// Took is how long it took, or has taken so far.
func (r *runView) Took() time.Duration {
	end := r.Now
	if r.Ended != 0 {
		end = micros(r.Ended)
	}
	return end.Sub(micros(r.Started))
}

// Tries is how often its reading was tried; "" for one that reads nothing.
func (r *runView) Tries() string {
	switch r.Attempts {
	case 0:
		return ""
	case 1:
		return "once"
	}
	return ui.Plural(int64(r.Attempts), "time")
}

// Rate is how fast it reads, in words.
func (r *runView) Rate() string {
	if s := r.Took().Seconds(); s > 0 {
		return ui.Plural(int64(float64(r.Totals.Read)/s+0.5), "record") + " a second"
	}
	return ""
}

// KeyTrouble reports whether what went wrong is mended at the credential.
func (r *runView) KeyTrouble() bool {
	return r.Credential != 0 && r.Failure != nil && (r.Failure.Code == weir.CodeAuth || r.Failure.Code == weir.CodeForbidden)
}

func (v *visit) run() error {
	r, err := v.runHere()
	if err != nil {
		return err
	}
	return v.shown(r.Title(), runPage(r))
}

// runLive sends the moving part of the page whenever it has changed.
func (v *visit) runLive() error {
	stamp := func() (string, error) { return v.Store.StampOfRun(v.r.Context(), weir.RunID(v.r.PathValue("run"))) }
	return v.watched(stamp, func() (templ.Component, error) {
		r, err := v.runHere()
		if err != nil {
			return nil, err
		}
		return runLivePart(r), nil
	})
}

// cancelRun stops a run after the request under way, whichever process makes it.
func (v *visit) cancelRun() error {
	r, err := v.runHere()
	if err != nil {
		return err
	}
	if err := v.People.Allowed(v.r.Context(), v.who, identity.RoleOperator, store.KindSource, r.Resource); err != nil {
		return err
	}
	if !r.Open() {
		return v.to(r.Path(), ui.Note, "It is over.")
	}
	if err := v.Runner.Cancel(v.r.Context(), v.who.Org, r.Resource); err != nil {
		return err
	}
	return v.to(r.Path(), ui.Note, "The run stops after the request under way. What was read is kept.")
}
