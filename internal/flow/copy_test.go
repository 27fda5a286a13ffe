package flow_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/weirhq/weir"
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
			"credential": func(c flow.Copying) error { _, err := w.creds.Copy(ctx, me, w.key, c.Copying); return err },
			"source":     func(c flow.Copying) error { _, err := w.flows.CopySource(ctx, me, root, c); return err },
			"dataset": func(c flow.Copying) error {
				_, err := w.flows.CopyDataset(ctx, me, root.Find(derived.ID).Resource, c)
				return err
			},
			"destination": func(c flow.Copying) error { _, err := w.flows.CopyDestination(ctx, me, to, c); return err },
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

// meanwhile does something once, while a service is asked for the first time.
func (w *world) meanwhile(do func()) {
	var ask func(http.ResponseWriter, *http.Request) bool
	ask = func(http.ResponseWriter, *http.Request) bool {
		if w.before.CompareAndSwap(&ask, nil) {
			do()
		}
		return false
	}
	w.before.Store(&ask)
}

// resources counts what there is of a kind.
func (w *world) resources(kind store.Kind) int {
	w.Helper()
	all, err := w.db.ResourceIDs(w.Context(), store.ResourceFilter{Org: me.Org, Kind: kind})
	w.must(err)
	return len(all)
}

// changed is whether an error says that somebody came between.
func changed(err error) bool {
	var e *weir.Error
	return errors.As(err, &e) && e.Code == weir.CodeConflict && e.Reason == store.ReasonChanged
}

// What somebody was found to have a right to is what is copied: not a credential,
// a parent or rules that the original has got since.
func TestACopyIsOfWhatWasFoundFitOrOfNothing(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		ctx := w.Context()
		own := flow.Copying{OwnCredentials: true}
		src, derived, _ := w.derived("Tidy", rules("trim", `{"field":"title"}`))
		other := w.credential("cal_com_api", "api_key", w.sim.Keys()[0].Key, "rate_limit", "1000")
		place := w.credential("sqlite", "path", "other.db")
		tree := func() *flow.Node {
			root, _, err := w.flows.Tree(ctx, me.Org, store.KindSource, src.ID)
			w.must(err)
			return root
		}
		to := tree().Parts(store.KindDestination)[0]
		swap := func(credential int64) func() {
			return func() {
				_, err := w.flows.UpdateSource(ctx, me, src.ID, flow.SourceEdit{Credential: &credential})
				w.must(err)
			}
		}
		redirect := func() {
			_, err := w.flows.UpdateDestination(ctx, me, to.ID, flow.DestinationEdit{Credential: &place})
			w.must(err)
		}
		reshape := func() {
			with := rules("trim", `{"field":"description"}`)
			_, err := w.runner.UpdateDataset(ctx, me, derived.ID, flow.DatasetEdit{Rules: &with})
			w.must(err)
		}
		keys, sources, destinations := w.resources(store.KindCredential), w.resources(store.KindSource), w.resources(store.KindDestination)
		for _, one := range []struct {
			name   string
			change func()
			asked  bool // the change is made while the service is asked
			copied func(root *flow.Node) error
		}{
			{"a source with another credential", swap(other), false, func(root *flow.Node) error { _, err := w.flows.CopySource(ctx, me, root, own); return err }},
			{"a flow with another credential", swap(w.key), false, func(root *flow.Node) error { _, err := w.flows.CopyFlow(ctx, me, root, own); return err }},
			{"a source that changes in between", swap(other), true, func(root *flow.Node) error { _, err := w.flows.CopySource(ctx, me, root, own); return err }},
			{"a flow that changes in between", swap(w.key), true, func(root *flow.Node) error { _, err := w.flows.CopyFlow(ctx, me, root, own); return err }},
			{"a flow with other rules", reshape, false, func(root *flow.Node) error { _, err := w.flows.CopyFlow(ctx, me, root, flow.Copying{}); return err }},
			{"a destination with another credential", redirect, false, func(root *flow.Node) error {
				_, err := w.flows.CopyDestination(ctx, me, root.Parts(store.KindDestination)[0], own)
				return err
			}},
		} {
			root := tree()
			if one.asked {
				w.meanwhile(one.change)
			} else {
				one.change()
			}
			if err := one.copied(root); !changed(err) {
				w.Errorf("%s: %v", one.name, err)
			}
			if w.resources(store.KindCredential) != keys || w.resources(store.KindSource) != sources || w.resources(store.KindDestination) != destinations {
				w.Fatalf("%s: something was copied", one.name)
			}
		}
		if _, err := w.flows.CopyFlow(ctx, me, tree(), own); err != nil {
			w.Errorf("as it is now: %v", err)
		}
	})
}

// A copy of a credential that was deleted, or whose key was replaced, while the
// service was asked would have a dead key, or one that nobody is to have.
func TestACredentialThatChangesWhileItIsCopiedHasNoCopy(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		ctx, key := w.Context(), w.sim.Keys()[0].Key
		for name, change := range map[string]func(id int64) error{
			"deleted": func(id int64) error { return w.creds.Delete(ctx, me, id) },
			"restored": func(id int64) error {
				if err := w.creds.Delete(ctx, me, id); err != nil {
					return err
				}
				_, err := w.creds.Restore(ctx, me, id)
				return err
			},
			"replaced": func(id int64) error {
				_, err := w.creds.Update(ctx, me, id, credential.Change{Values: map[string]weir.Secret{"api_key": weir.NewSecret(key)}})
				return err
			},
		} {
			id := w.credential("cal_com_api", "api_key", key, "rate_limit", "1000")
			w.meanwhile(func() { w.must(change(id)) })
			if made, err := w.creds.Copy(ctx, me, id, credential.Copying{}); !changed(err) {
				w.Errorf("%s: %v, %v", name, made, err)
			}
		}
	})
}

// heir makes somebody the owner of all that is made.
type heir struct{ user int64 }

func (heir) Hold(context.Context, *store.Tx) error { return nil }

func (h heir) Give(ctx context.Context, tx *store.Tx, _ int64, made *store.Resource) error {
	r, err := tx.Resource(ctx, made.Org, made.Kind, made.ID)
	if err != nil {
		return err
	}
	r.Owner = h.user
	return tx.UpdateResource(ctx, &r)
}

func TestACopyOfAFlowIsAnsweredAsItIsStored(t *testing.T) {
	w := newWorld(t, 5)
	src := w.source("bookings")
	w.destination(w.datasets(src)[0].ID)
	root, _, err := w.flows.Tree(w.Context(), me.Org, store.KindSource, src.ID)
	w.must(err)
	made, err := w.flows.CopyFlow(w.Context(), me, root, flow.Copying{Copying: credential.Copying{Heritage: heir{me.User + 1}}})
	w.must(err)
	for _, part := range made.Parts() {
		stored, err := w.db.Resource(w.Context(), me.Org, part.Kind, part.ID)
		if w.must(err); part.Owner != me.User+1 || part.Version != stored.Version {
			t.Errorf("%s %d is said to be of user %d in version %d of %d", part.Kind, part.ID, part.Owner, part.Version, stored.Version)
		}
	}
}
