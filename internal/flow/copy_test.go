package flow_test

import (
	"context"
	"errors"
	"testing"

	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

// errNoHeir is the fault of a heritage that cannot be given.
var errNoHeir = errors.New("there is no heir")

// stingy gives so many things their heritage, and then fails.
type stingy struct{ left int }

func (s *stingy) Hold(context.Context, *store.Tx) error { return nil }

func (s *stingy) Give(context.Context, *store.Tx, int64, *store.Resource) error {
	if s.left--; s.left < 0 {
		return errNoHeir
	}
	return nil
}

// However far a copy came, a fault leaves nothing of it: no part, no credential
// and no secret.
func TestACopyIsMadeWholeOrNotAtAll(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src, derived, _ := w.derived("Tidy", []transform.Rule{{Operation: "trim", Spec: []byte(`{"field":"title"}`)}})
		root, _, err := w.flows.Tree(w.Context(), 1, store.KindSource, src.ID)
		w.must(err)
		project := w.project("Folder", src.ID)
		to := root.Parts(store.KindDestination)[0]
		lookup := w.lookup(0, 3)
		rules, err := w.flows.CreateTransform(w.Context(), me, flow.TransformInput{Common: flow.Common{Name: "Rules"}, Rules: []transform.Rule{{Operation: "trim", Spec: []byte(`{"field":"title"}`)}}})
		w.must(err)
		everything := func() (n int) {
			for _, kind := range []store.Kind{store.KindCredential, store.KindSource, store.KindDataset, store.KindDestination, store.KindLookup, store.KindTransform, store.KindProject} {
				all, err := w.db.ResourceIDs(w.Context(), store.ResourceFilter{Org: me.Org, Kind: kind})
				w.must(err)
				n += len(all)
			}
			uses, err := w.db.KeyUses(w.Context())
			w.must(err)
			for _, u := range uses {
				n += int(u.Secrets)
			}
			return n
		}
		ctx, before := w.Context(), everything()
		for name, copied := range map[string]func(c flow.Copying) error{
			"credential":  func(c flow.Copying) error { _, err := w.creds.Copy(ctx, me, w.key, c.Copying); return err },
			"source":      func(c flow.Copying) error { _, err := w.flows.CopySource(ctx, me, src.ID, c); return err },
			"dataset":     func(c flow.Copying) error { _, err := w.flows.CopyDataset(ctx, me, derived.ID, c); return err },
			"destination": func(c flow.Copying) error { _, err := w.flows.CopyDestination(ctx, me, to.ID, c); return err },
			"lookup":      func(c flow.Copying) error { _, err := w.flows.CopyLookup(ctx, me, lookup.ID, c); return err },
			"transform":   func(c flow.Copying) error { _, err := w.flows.CopyTransform(ctx, me, rules.ID, c); return err },
			"flow":        func(c flow.Copying) error { _, err := w.flows.CopyFlow(ctx, me, root, c); return err },
			"project":     func(c flow.Copying) error { _, err := w.flows.CopyProject(ctx, me, project, c, root); return err },
		} {
			for given := 0; ; given++ {
				err := copied(flow.Copying{Copying: credential.Copying{Heritage: &stingy{left: given}}, OwnCredentials: true})
				if err == nil {
					break // so many things are the whole of it
				}
				if !errors.Is(err, errNoHeir) || given > 20 {
					w.Fatalf("%s, after %d things: %v", name, given, err)
				}
				if after := everything(); after != before {
					w.Errorf("%s: a fault after %d things left %d rows behind", name, given, after-before)
				}
			}
			before = everything()
		}
	})
}
