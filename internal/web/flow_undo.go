package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// undoable is a flow that was just deleted, with what brings it back.
type undoable struct {
	Name  string
	Path  string // of the form
	Parts []string
}

// partMark names a part of a deleted flow in a form: its kind and its id.
func partMark(r store.Resource) string { return fmt.Sprintf("%s.%d", r.Kind, r.ID) }

// flowsWith is the address of the list of flows, with what undoes a deletion.
func flowsWith(root *flow.Node) string {
	q := url.Values{}
	for _, part := range root.Parts() {
		q.Add("deleted", partMark(part))
	}
	return "/flows?" + q.Encode()
}

// undo is what the address says was just deleted; nil for nothing, and for what
// is not the visitor's to bring back.
func (v *visit) undo() *undoable {
	parts := v.query()["deleted"]
	if len(parts) == 0 {
		return nil
	}
	kind, id := markedPart(parts[0])
	r, err := v.Store.DeletedResource(v.r.Context(), v.who.Org, kind, id)
	if err != nil || kind != store.KindSource || v.People.Allowed(v.r.Context(), v.who, identity.RoleAdmin, kind, id) != nil {
		return nil
	}
	return &undoable{Name: r.Name, Path: fmt.Sprintf("/flows/%d/restore", id), Parts: parts}
}

func markedPart(mark string) (store.Kind, int64) {
	kind, digits, _ := strings.Cut(mark, ".")
	id, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return "", 0
	}
	return store.Kind(kind), id
}

// restoreFlow brings back the parts of a flow that was deleted, paused, in the
// order in which they need each other: the form names them so.
func (v *visit) restoreFlow() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	ctx := v.r.Context()
	for _, mark := range form["part"] {
		kind, id := markedPart(mark)
		if kind != store.KindSource && kind != store.KindDataset && kind != store.KindDestination {
			return nothingThere()
		}
		if err := v.People.Allowed(ctx, v.who, identity.RoleAdmin, kind, id); err != nil {
			return err
		}
		if err := v.Flows.Restore(ctx, v.actor(), kind, id); err != nil {
			return v.told("/flows", "", err)
		}
	}
	return v.to(v.thisFlow(), ui.Good, "It is back, and paused.")
}
