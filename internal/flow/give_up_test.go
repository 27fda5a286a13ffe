package flow_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/store"
)

// story does what people and jobs do, each thing three times, and says what has
// become of it: each resource with its version, each thing that was done as
// often as it was, and what the newest run did.
func (w *world) story() (out []string) {
	w.Helper()
	ctx := w.Context()
	src, d, to := w.derived("Accepted", rules("filter", `{"expression":"row.status == \"accepted\""}`))
	for i := range 3 {
		name := fmt.Sprint("name ", i)
		edit := flow.Edit{Name: &name}
		_, err := w.flows.UpdateSource(ctx, me, src.ID, flow.SourceEdit{Edit: edit})
		w.must(err)
		other := rules("filter", fmt.Sprintf(`{"expression":"row.duration > %d"}`, i))
		_, err = w.runner.UpdateDataset(ctx, me, d.ID, flow.DatasetEdit{Edit: edit, Rules: &other})
		w.must(err)
		_, err = w.runner.UpdateDestination(ctx, me, to.ID, flow.DestinationEdit{Edit: edit})
		w.must(err)
		_, err = w.flows.SetDocs(ctx, me, d.ID, []flow.Doc{{Name: name, Text: "words"}})
		w.must(err)
		w.runs(src)
		t, err := w.flows.CreateTransform(ctx, me, flow.TransformInput{Common: flow.Common{Name: name}, Rules: other})
		w.must(err)
		_, err = w.runner.UpdateTransform(ctx, me, t.ID, flow.TransformEdit{Rules: rules("drop", `{"fields":["metadata"]}`)}, anybody)
		w.must(err)
		l := w.lookup(0, 10)
		rows, err := w.flows.PutEntries(ctx, me, l.ID, numbered(5, 15))
		if w.must(err); len(rows) != 10 {
			w.Errorf("%d rows were put", len(rows))
		}
		w.must(w.flows.ImportEntries(ctx, me, l.ID, numbered(15, 20)))
		n, err := w.flows.DropEntries(ctx, me, l.ID, lookup.Keys{Exact: []string{"1", "2"}})
		if w.must(err); n != 2 {
			w.Errorf("%d rows were dropped", n)
		}
		copied, err := w.flows.CopyLookup(ctx, me, l.ID, flow.Copying{})
		w.must(err)
		w.counted(copied.ID, 18)
		p := w.project(name, src.ID)
		w.must(w.flows.SetProject(ctx, me, p))
		w.must(w.flows.AddToProject(ctx, me, p, src.ID))
		for _, part := range []struct {
			kind store.Kind
			id   int64
		}{{store.KindDestination, to.ID}, {store.KindSource, src.ID}} {
			w.must(w.runner.Pause(ctx, me, part.kind, part.id, false))
			w.must(w.runner.Activate(ctx, me, part.kind, part.id, false))
			w.runs(src)
		}
		now, err := w.flows.Destination(ctx, me.Org, to.ID)
		w.must(err)
		gone, err := w.flows.CopyDestination(ctx, me, now.Resource, flow.Copying{})
		w.must(err)
		w.must(w.flows.Delete(ctx, me, store.KindDestination, gone.ID))
		w.must(w.flows.Restore(ctx, me, store.KindDestination, gone.ID))
		c, err := w.creds.Check(ctx, me, w.key)
		if w.must(err); c.ID != w.key {
			w.Errorf("credential %d was checked", c.ID)
		}
		w.run(flow.Order{Source: src.ID, FullRefresh: true})
	}
	return w.became(src)
}

// became says what there is.
func (w *world) became(src *flow.Source) (out []string) {
	w.Helper()
	for _, kind := range []store.Kind{store.KindCredential, store.KindSource, store.KindDataset, store.KindDestination, store.KindTransform, store.KindLookup, store.KindProject} {
		all, _, err := w.db.Resources(w.Context(), store.ResourceFilter{Org: 1, Kind: kind})
		w.must(err)
		for _, r := range all {
			out = append(out, fmt.Sprintf("%s %q is %s, version %d", kind, r.Name, r.Status, r.Version))
		}
	}
	entries, _, err := w.db.AuditPage(w.Context(), store.AuditFilter{Org: 1, Page: 1, Number: 10_000})
	w.must(err)
	did := map[string]int{}
	for _, e := range entries {
		if e.Action != "credential.use" { // jobs that come together use it once
			did[e.Action]++
		}
	}
	for action, n := range did {
		out = append(out, fmt.Sprintf("%s %d times", action, n))
	}
	runs := w.runs(src)
	out = append(out, fmt.Sprintf("%d runs, the newest %s: %s", len(runs), runs[0].Status, runs[0].Totals.Words()), fmt.Sprintf("%d rows", w.count("SELECT count(*) FROM accepted"+live)))
	slices.Sort(out)
	return out
}

// Every third commit fails as of one of two transactions that wait for each
// other. Nobody notices: nothing is lost, done twice, or refused.
func TestWhatIsAskedForComesThroughWhenPostgresGivesTransactionsUp(t *testing.T) {
	calm := buildWorld(t, 60, jobtest.Fresh.Postgres(t), false).story()
	url := jobtest.Fresh.Postgres(t)
	w := buildWorld(t, 60, url, false)
	pgtest.GiveUp(t, url)
	if diff := cmp.Diff(strings.Join(calm, "\n"), strings.Join(w.story(), "\n")); diff != "" {
		t.Error(diff)
	}
	if _, err := w.flows.Audit.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
