package storetest

import (
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// resourcePromises are about what users make and own.
var resourcePromises = map[string]func(*world){
	"AResourceIsReadBackAsItWasMade":              asItWasMade,
	"AResourceOfAnotherOrganizationIsNotThere":    notThere,
	"OfTwoWhoChangeAResourceTheSecondIsRefused":   secondRefused,
	"ADeletedResourceIsInNoListAndCanBeRead":      deletedAside,
	"WhoUsesAResourceIsKnownUntilItIsDeleted":     usesKnown,
	"WhatIsBesideAResourceIsReadWithinAChange":    besideWithin,
	"ListsArePagedAndFiltered":                    pagedAndFiltered,
	"ASharedResourceIsInTheListOfThatRoleAlone":   sharedByRole,
	"ARowThatIsNotOursIsInNoListOfAll":            forgedAside,
	"NothingOfATransactionThatFailsIsThere":       nothingOfIt,
	"ASnapshotIsTheDatabaseAsItIs":                snapshot,
	"ARestoredDatabaseSaysSoAndClosesWhatRan":     restored,
	"ASecretIsReplacedByItsSuccessorAndTakenAway": secretReplaced,
}

func (w *world) make(r store.Resource) store.Resource {
	w.Helper()
	if r.Org == 0 {
		r.Org = 1
	}
	if r.Spec == nil {
		r.Spec = []byte(`{}`)
	}
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.CreateResource(w.Context(), &r, true) }))
	return r
}

func besideWithin(w *world) {
	key := w.make(store.Resource{Kind: store.KindCredential, Type: "sqlite"})
	w.make(store.Resource{Kind: store.KindCredential, Type: "postgres"})
	w.make(store.Resource{Org: 2, Kind: store.KindCredential, Type: "sqlite"})
	there, gone, other := w.make(store.Resource{Kind: store.KindDestination}), w.make(store.Resource{Kind: store.KindDestination}), w.make(store.Resource{Kind: store.KindSource})
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		for _, r := range []store.Resource{there, gone, other} {
			w.must(tx.Refer(w.Context(), r.ID, store.Reference{Role: store.RoleCredential, Target: key.ID}))
		}
		gone.Deleted = 9
		return tx.UpdateResource(w.Context(), &gone)
	}))
	is := func(what string, all []store.Resource, want ...int64) {
		w.Helper()
		ids := make([]int64, len(all))
		for i, r := range all {
			ids[i] = r.ID
		}
		if !slices.Equal(ids, want) {
			w.Errorf("%s: %v, not %v", what, ids, want)
		}
	}
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		all, err := tx.UsedBy(w.Context(), store.KindDestination, key.ID)
		w.must(err)
		is("what uses it", all, there.ID)
		all, err = tx.UsedBy(w.Context(), store.KindDestination)
		w.must(err)
		is("what uses nothing", all)
		all, err = tx.EverUsedBy(w.Context(), store.KindDestination, key.ID)
		w.must(err)
		is("what ever used it", all, there.ID, gone.ID)
		all, err = tx.ResourcesOfType(w.Context(), 1, store.KindCredential, "sqlite")
		w.must(err)
		is("what is of its type", all, key.ID)
		return nil
	}))
	all, err := w.db.EverUsedBy(w.Context(), store.KindDestination, key.ID)
	w.must(err)
	is("what ever used it, outside", all, there.ID, gone.ID)
}

func asItWasMade(w *world) {
	made := w.make(store.Resource{Owner: 7, Kind: store.KindSource, Type: "cal_com_api", Name: "Büro", Description: "d", Status: "init", Spec: []byte(`{"a":[1,null]}`), Tags: []string{"x", "y"}, CopiedFrom: 3, Created: 5})
	got, err := w.db.Resource(w.Context(), 1, store.KindSource, made.ID)
	w.must(err)
	if got.Name != "Büro" || string(got.Spec) != `{"a":[1,null]}` || !slices.Equal(got.Tags, []string{"x", "y"}) || got.Node == 0 || got.Version != 1 || got.Created != 5 || got.Updated != 5 || got.CopiedFrom != 3 || got.Owner != 7 {
		w.Errorf("read back as %+v", got)
	}
	byNode, err := w.db.NodeResource(w.Context(), 1, got.Node)
	w.must(err)
	if byNode.ID != got.ID {
		w.Errorf("node %d is of %d", got.Node, byNode.ID)
	}
}

func notThere(w *world) {
	made := w.make(store.Resource{Kind: store.KindSource})
	_, err := w.db.Resource(w.Context(), 2, store.KindSource, made.ID)
	w.refused(err, weir.CodeNotFound)
	_, err = w.db.Resource(w.Context(), 1, store.KindDataset, made.ID)
	w.refused(err, weir.CodeNotFound)
	_, err = w.db.NodeResource(w.Context(), 2, made.Node)
	w.refused(err, weir.CodeNotFound)
	err = w.db.Change(w.Context(), func(tx *store.Tx) error {
		_, err := tx.Resource(w.Context(), 2, store.KindSource, made.ID)
		return err
	})
	w.refused(err, weir.CodeNotFound)
}

func secondRefused(w *world) {
	first := w.make(store.Resource{Kind: store.KindSource, Name: "a"})
	second := first
	update := func(r *store.Resource) error {
		return w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.UpdateResource(w.Context(), r) })
	}
	first.Name = "b"
	w.must(update(&first))
	second.Name = "c"
	w.refused(update(&second), weir.CodeConflict)
	got, err := w.db.Resource(w.Context(), 1, store.KindSource, first.ID)
	w.must(err)
	if got.Name != "b" || got.Version != 2 {
		w.Errorf("it is %q, version %d", got.Name, got.Version)
	}
}

func (w *world) remove(r store.Resource) {
	w.Helper()
	r.Deleted = 9
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.UpdateResource(w.Context(), &r) }))
}

func deletedAside(w *world) {
	made := w.make(store.Resource{Kind: store.KindSource})
	w.remove(made)
	_, err := w.db.Resource(w.Context(), 1, store.KindSource, made.ID)
	w.refused(err, weir.CodeNotFound)
	all, total, err := w.db.Resources(w.Context(), store.ResourceFilter{Org: 1, Kind: store.KindSource})
	w.must(err)
	if len(all) != 0 || total != 0 {
		w.Errorf("the list has %d of %d", len(all), total)
	}
	got, err := w.db.DeletedResource(w.Context(), 1, store.KindSource, made.ID)
	w.must(err)
	if got.Deleted != 9 {
		w.Errorf("deleted at %d", got.Deleted)
	}
}

func usesKnown(w *world) {
	key, src := w.make(store.Resource{Kind: store.KindCredential}), w.make(store.Resource{Kind: store.KindSource, Name: "s"})
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		return tx.Refer(w.Context(), src.ID, store.Reference{Role: "credential", Target: key.ID})
	}))
	uses, err := w.db.Uses(w.Context(), key.ID)
	w.must(err)
	if len(uses) != 1 || uses[0].ID != src.ID || uses[0].Name != "s" || uses[0].Role != "credential" {
		w.Errorf("used by %+v", uses)
	}
	refs, err := w.db.References(w.Context(), src.ID)
	w.must(err)
	if len(refs) != 1 || refs[0].Target != key.ID {
		w.Errorf("uses %+v", refs)
	}
	w.remove(src)
	if uses, err = w.db.Uses(w.Context(), key.ID); err != nil || len(uses) != 0 {
		w.Errorf("a deleted source uses it: %+v, %v", uses, err)
	}
}

func pagedAndFiltered(w *world) {
	for i := range 7 {
		w.make(store.Resource{Kind: store.KindCredential, Type: []string{"a", "b"}[i%2], Owner: int64(1 + i%3), Status: "s"})
	}
	w.make(store.Resource{Org: 2, Kind: store.KindCredential, Type: "a"})
	count := func(f store.ResourceFilter) (n, total int) {
		w.Helper()
		f.Org, f.Kind = 1, store.KindCredential
		all, total, err := w.db.Resources(w.Context(), f)
		w.must(err)
		return len(all), total
	}
	for what, c := range map[string]struct {
		f        store.ResourceFilter
		n, total int
	}{
		"all":         {store.ResourceFilter{}, 7, 7},
		"page 1":      {store.ResourceFilter{Page: 1, Number: 3}, 3, 7},
		"page 3":      {store.ResourceFilter{Page: 3, Number: 3}, 1, 7},
		"page 4":      {store.ResourceFilter{Page: 4, Number: 3}, 0, 7},
		"type a":      {store.ResourceFilter{Types: []string{"a"}}, 4, 4},
		"types":       {store.ResourceFilter{Types: []string{"a", "b"}}, 7, 7},
		"owner":       {store.ResourceFilter{Owner: 1}, 3, 3},
		"no ids":      {store.ResourceFilter{IDs: []int64{}}, 0, 0},
		"status":      {store.ResourceFilter{Status: "t"}, 0, 0},
		"b, paged":    {store.ResourceFilter{Types: []string{"b"}, Page: 1, Number: 2}, 2, 3},
		"the deleted": {store.ResourceFilter{Deleted: true}, 0, 0},
	} {
		if n, total := count(c.f); n != c.n || total != c.total {
			w.Errorf("%s: %d of %d, want %d of %d", what, n, total, c.n, c.total)
		}
	}
}

func sharedByRole(w *world) {
	mine, shared, other := w.make(store.Resource{Kind: store.KindSource, Owner: 7}), w.make(store.Resource{Kind: store.KindSource, Owner: 8}), w.make(store.Resource{Kind: store.KindSource, Owner: 8})
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		return tx.PutAccessor(w.Context(), store.Accessor{Resource: shared.ID, Kind: "TEAM", Who: 3, Role: "operator", Created: 1, MAC: []byte("m")})
	}))
	ids := func(s store.Sharing) (ids []int64) {
		w.Helper()
		all, _, err := w.db.Resources(w.Context(), store.ResourceFilter{Org: 1, Kind: store.KindSource, Sharing: &s})
		w.must(err)
		for _, r := range all {
			ids = append(ids, r.ID)
		}
		return ids
	}
	if got := ids(store.Sharing{User: 7, Teams: []int64{3}, Roles: []string{"operator"}, Own: true}); !slices.Equal(got, []int64{mine.ID, shared.ID}) {
		w.Errorf("own and shared are %v; %d is neither", got, other.ID)
	}
	if got := ids(store.Sharing{User: 7, Teams: []int64{3}, Roles: []string{"admin"}}); got != nil {
		w.Errorf("shared as admin are %v", got)
	}
	if got := ids(store.Sharing{User: 7, Roles: []string{"operator"}}); got != nil {
		w.Errorf("shared without the team are %v", got)
	}
}

func nothingOfIt(w *world) {
	refused := &weir.Error{Code: weir.CodeUsage, Message: "no"}
	r := store.Resource{Org: 1, Kind: store.KindSource, Spec: []byte(`{}`)}
	err := w.db.Change(w.Context(), func(tx *store.Tx) error {
		if err := tx.CreateResource(w.Context(), &r, true); err != nil {
			return err
		}
		return refused
	})
	w.refused(err, weir.CodeUsage)
	_, err = w.db.Resource(w.Context(), 1, store.KindSource, r.ID)
	w.refused(err, weir.CodeNotFound)
}

func snapshot(w *world) {
	made := w.make(store.Resource{Kind: store.KindSource, Name: "kept"})
	path := w.TempDir() + "/copy.db"
	w.must(w.db.Snapshot(w.Context(), path))
	copied, err := store.Open(w.Context(), "sqlite:"+path, store.Options{})
	w.must(err)
	defer func() { _ = copied.Close() }() // only read
	got, err := copied.Resource(w.Context(), 1, store.KindSource, made.ID)
	w.must(err)
	if got.Name != "kept" || copied.InstanceID() != w.db.InstanceID() {
		w.Errorf("the copy of %s holds %+v", copied.InstanceID(), got)
	}
	w.make(store.Resource{Kind: store.KindSource}) // and the original is written as before
}

func restored(w *world) {
	if r, err := w.db.Restored(w.Context()); r != (store.Restored{}) || err != nil || !r.Time().IsZero() {
		w.Errorf("before it was restored it says %v, %v", r, err)
	}
	source, err := w.db.EnsureSource(w.Context(), store.SourceSpec{Connector: "calcom", Origin: "here", Account: "7"})
	w.must(err)
	lease, err := w.db.AcquireSource(w.Context(), source, "me")
	w.must(err)
	w.must(w.db.StartRun(w.Context(), store.Run{ID: "a", Source: source, Epoch: lease.Epoch, Started: 1}))
	w.must(w.db.FinishRun(w.Context(), "a", 2, "succeeded", nil))
	w.must(w.db.StartRun(w.Context(), store.Run{ID: "b", Source: source, Epoch: lease.Epoch, Started: 3}))
	w.must(w.db.MarkRestored(w.Context(), store.Restored{At: 9, Made: 5}))
	if r, err := w.db.Restored(w.Context()); r != (store.Restored{At: 9, Made: 5}) || err != nil {
		w.Errorf("it says %v, %v", r, err)
	}
	runs, err := w.db.Runs(w.Context(), source, 9)
	w.must(err)
	if len(runs) != 2 || runs[0].Status != store.RunInterrupted || runs[0].Ended != 9 || runs[1].Status != "succeeded" {
		w.Errorf("the runs are %+v", runs)
	}
}

func secretReplaced(w *world) {
	key := w.make(store.Resource{Kind: store.KindCredential})
	put := func(version int64) {
		w.Helper()
		s := weir.SealedSecret{Binding: weir.Binding{Org: 1, Credential: key.ID, Field: "api_key", Version: version, Kind: "k", Origin: "o"}, Key: "key", Sealed: []byte{byte(version)}}
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.PutSecret(w.Context(), s) }))
	}
	put(1)
	put(2)
	got, err := w.db.Secrets(w.Context(), 1, key.ID)
	w.must(err)
	if len(got) != 1 || got[0].Version != 2 || got[0].Sealed[0] != 2 {
		w.Errorf("stored %+v", got)
	}
	if foreign, err := w.db.Secrets(w.Context(), 2, key.ID); err != nil || len(foreign) != 0 {
		w.Errorf("another organization reads %+v, %v", foreign, err)
	}
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.DropSecrets(w.Context(), key.ID) }))
	if got, err = w.db.Secrets(w.Context(), 1, key.ID); err != nil || len(got) != 0 {
		w.Errorf("left are %+v, %v", got, err)
	}
}

// suspicious takes one row for somebody else's.
type suspicious struct{ forged int64 }

func (suspicious) Seal(store.Resource) []byte { return []byte{1} }

func (g suspicious) Genuine(r store.Resource) bool { return r.ID != g.forged }

func forgedAside(w *world) {
	made := make([]int64, 3)
	for i := range made {
		made[i] = w.make(store.Resource{Owner: 7, Kind: store.KindProvider, Status: "active"}).ID
	}
	w.db.SetGuard(suspicious{forged: made[1]})
	want := []int64{made[0], made[2]}
	lists := map[string][]store.Resource{}
	var err error
	lists["ids"], err = w.db.ResourceIDs(w.Context(), store.ResourceFilter{Org: 1, Kind: store.KindProvider})
	w.must(err)
	lists["of all"], err = w.db.ResourcesOfAll(w.Context(), store.KindProvider, "active")
	w.must(err)
	w.must(w.db.EachResource(w.Context(), store.KindProvider, func(r store.Resource) error {
		lists["each"] = append(lists["each"], r)
		return nil
	}))
	for after := int64(0); ; { // one by one
		page, err := w.db.LivingResources(w.Context(), store.KindProvider, after, 1)
		w.must(err)
		if len(page) == 0 {
			break
		}
		lists["living"], after = append(lists["living"], page...), page[0].ID
	}
	for what, all := range lists {
		var ids []int64
		for _, r := range all {
			ids = append(ids, r.ID)
			if r.Owner != 7 || r.Org != 1 {
				w.Errorf("%s: %+v", what, r)
			}
		}
		if !slices.Equal(ids, want) {
			w.Errorf("%s: %v, want %v", what, ids, want)
		}
	}
}
