package flow_test

import (
	"sync"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

func (w *world) project(name string, sources ...int64) int64 {
	w.Helper()
	p, err := w.flows.CreateProject(w.Context(), me, flow.Common{Name: name}, sources...)
	if err != nil {
		w.Fatal(err)
	}
	return p.ID
}

func TestFlowsThatManyMoveAtOnceAreInOneProject(t *testing.T) {
	onBoth(t, 1, func(w *world) { manyMove(w.T, w) })
}

func manyMove(t *testing.T, w *world) {
	t.Helper()
	a, b := w.source("event-types").ID, w.source("event-types").ID
	p, q := w.project("p", a), w.project("q", b)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			to, sources := p, []int64{a, b}
			if i%2 == 1 {
				to, sources = q, []int64{b, a}
			}
			if err := w.flows.AddToProject(t.Context(), me, to, sources...); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	entries, _, err := w.flows.ProjectFlows(t.Context(), 1, p, q)
	if err != nil || len(entries) != 2 || entries[0].Source == entries[1].Source {
		t.Errorf("%+v, %v", entries, err)
	}
}

func TestASourceOfAnotherOrganizationGoesIntoNoProject(t *testing.T) {
	w := newWorld(t, 1)
	a := w.source("event-types").ID
	theirs, err := w.flows.CreateProject(t.Context(), flow.Actor{Org: 2, User: 9}, flow.Common{Name: "Theirs"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.flows.AddToProject(t.Context(), flow.Actor{Org: 2, User: 9}, theirs.ID, a); weir.CodeOf(err) != weir.CodeNotFound {
		t.Errorf("our source goes into their project: %v", err)
	}
	if err := w.flows.AddToProject(t.Context(), me, theirs.ID, a); weir.CodeOf(err) != weir.CodeNotFound {
		t.Errorf("we change their project: %v", err)
	}
	if _, err := w.flows.CreateProject(t.Context(), me, flow.Common{Name: "x"}, a, 4711); weir.CodeOf(err) != weir.CodeNotFound {
		t.Errorf("a source that is not there: %v", err)
	}
	if all, _, err := w.flows.Projects(t.Context(), store.ResourceFilter{Org: 1}); err != nil || len(all) != 0 {
		t.Errorf("half a project was left: %+v, %v", all, err)
	}
}

func TestDeletingAProjectDeletesNoFlow(t *testing.T) {
	w := newWorld(t, 1)
	a := w.source("event-types").ID
	p := w.project("p", a)
	if err := w.flows.Delete(t.Context(), me, store.KindProject, p); err != nil {
		t.Fatal(err)
	}
	root, _, err := w.flows.Tree(t.Context(), 1, store.KindSource, a)
	if err != nil || root.Project != 0 {
		t.Errorf("the flow is in %d, %v", root.Project, err)
	}
	q := w.project("q", a)
	if err := w.flows.Restore(t.Context(), me, store.KindProject, p); err != nil {
		t.Fatal(err)
	}
	if entries, _, err := w.flows.ProjectFlows(t.Context(), 1, p, q); err != nil || len(entries) != 1 || entries[0].Project != q {
		t.Errorf("the restored project took its flow back: %+v, %v", entries, err)
	}
}
