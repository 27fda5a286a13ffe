package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/flow"
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
	r, err := v.deletedPart(parts[0])
	if err != nil || r.Kind != store.KindSource {
		return nil
	}
	return &undoable{Name: r.Name, Path: fmt.Sprintf("/flows/%d/restore", r.ID), Parts: parts}
}

// deletedPart is a part of a flow that was deleted and that the visitor may bring back.
func (v *visit) deletedPart(mark string) (r store.Resource, err error) {
	kind, digits, _ := strings.Cut(mark, ".")
	id, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !slices.Contains([]store.Kind{store.KindSource, store.KindDataset, store.KindDestination}, store.Kind(kind)) {
		return r, nothingThere()
	}
	found, err := v.mayRestore(store.Kind(kind), id)
	if err != nil {
		return r, err
	}
	return *found, nil
}

// restoreFlow brings back the parts of a flow that was deleted, paused, in the
// order in which they need each other: the form names them so.
func (v *visit) restoreFlow() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	for _, mark := range form["part"] {
		r, err := v.deletedPart(mark)
		if err != nil {
			return err
		}
		read, err := v.rights().Restore(v.r.Context(), v.who, r)
		if err == nil {
			err = v.Flows.Restore(v.r.Context(), v.actor(), r.Kind, r.ID, read...)
		}
		if err != nil {
			return v.told("/flows", "", err)
		}
	}
	return v.to(v.thisFlow(), ui.Good, "It is back, and paused.")
}
