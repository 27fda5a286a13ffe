package web

import (
	"fmt"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/rights"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerFlowAct() {
	operate, change := identity.Access(store.KindSource, identity.RoleOperator), identity.Access(store.KindSource, identity.RoleAdmin)
	w.do("/flows/{id}/run", operate, (*visit).runFlow)
	w.do("/flows/{id}/cancel", operate, (*visit).cancelFlow)
	w.do("/flows/{id}/activate", operate, (*visit).activateFlow)
	w.do("/flows/{id}/pause", operate, (*visit).pauseFlow)
	w.do("/flows/{id}/copy", change, (*visit).copyFlow)
	w.do("/flows/{id}/delete", change, (*visit).deleteFlow)
	w.do("/flows/{id}/restore", maker, (*visit).restoreFlow)
	w.do("/flows/{id}/dry-run", operate, (*visit).dryRun)
	w.show("/flows/{id}/dry-run", operate, (*visit).afterDryRun)
}

// thisFlow is the path of the flow that a form is about.
func (v *visit) thisFlow() string { return fmt.Sprintf("/flows/%d", v.number("id")) }

// runFlow reads the source now.
func (v *visit) runFlow() error {
	_, started, err := v.Runner.Start(v.r.Context(), v.actor(), flow.Order{Source: v.number("id")})
	if err == nil && !started {
		return v.to(v.thisFlow(), ui.Note, "It is running already.")
	}
	return v.told(v.thisFlow(), "The run has begun.", err)
}

// cancelFlow stops the run after the request under way.
func (v *visit) cancelFlow() error {
	err := v.Runner.Cancel(v.r.Context(), v.who.Org, v.number("id"))
	return v.told(v.thisFlow(), "The run stops. What was read is kept.", err)
}

func (v *visit) activateFlow() error {
	spared, err := v.spared()
	if err == nil {
		err = v.Runner.Activate(v.r.Context(), v.actor(), store.KindSource, v.number("id"), true, spared...)
	}
	return v.told(v.thisFlow(), "It is active, and its first run has begun.", err)
}

func (v *visit) pauseFlow() error {
	spared, err := v.spared()
	if err == nil {
		err = v.Runner.Pause(v.r.Context(), v.actor(), store.KindSource, v.number("id"), true, spared...)
	}
	return v.told(v.thisFlow(), "It is paused.", err)
}

// rights says what rights to a part of a flow let somebody do with the rest.
func (w *Web) rights() rights.Judge { return rights.Judge{People: w.People, Flows: w.Flows} }

// spared are the destinations of the flow that are not the visitor's to operate.
func (v *visit) spared() ([]int64, error) {
	ctx := v.r.Context()
	root, _, err := v.Flows.Tree(ctx, v.who.Org, store.KindSource, v.number("id"))
	if err != nil {
		return nil, err
	}
	return v.rights().Spared(ctx, v.who, root)
}

// copyFlow makes a flow of its own with the same parts.
func (v *visit) copyFlow() error {
	ctx := v.r.Context()
	if err := v.People.Authorize(ctx, v.who, maker, 0); err != nil {
		return err
	}
	root, _, err := v.Flows.Tree(ctx, v.who.Org, store.KindSource, v.number("id"))
	if err != nil {
		return err
	}
	if err := v.rights().Copy(ctx, v.who, root); err != nil {
		return err
	}
	made, err := v.Flows.CopyFlow(ctx, v.actor(), root, flow.Copying{})
	if err != nil {
		return v.told(v.thisFlow(), "", err)
	}
	said := "This is the copy. Nothing of it is active yet."
	if len(made.Parts(store.KindDestination)) > 0 {
		said += " Give its destinations places of their own before you activate it."
	}
	return v.to(flowPath(made), ui.Good, said)
}

// deleteFlow deletes a flow of which nothing is active.
func (v *visit) deleteFlow() error {
	ctx := v.r.Context()
	root, _, err := v.Flows.Tree(ctx, v.who.Org, store.KindSource, v.number("id"))
	if err != nil {
		return err
	}
	if err := v.People.AllowedAll(ctx, v.who, identity.RoleAdmin, root.Parts(store.KindSource, store.KindDestination)...); err != nil {
		return err
	}
	if err := v.Runner.Pause(ctx, v.actor(), store.KindSource, root.ID, true); err != nil {
		return v.told(v.thisFlow(), "", err)
	}
	if root, _, err = v.Flows.Tree(ctx, v.who.Org, store.KindSource, root.ID); err != nil {
		return err
	}
	if err := v.Flows.DeleteFlow(ctx, v.actor(), root); err != nil {
		return v.told("/flows", "", err)
	}
	return v.to(flowsWith(root), "", "")
}
