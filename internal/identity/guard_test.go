package identity_test

import (
	"bytes"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

func TestWhatWasThereBeforeTheUpgradeIsSealedOnceAndNeverAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		old := w.resource(owner) // nobody guards yet: it has no MAC
		w.must(w.s.Guard(w.Context()))
		if w.roleOn(owner, old) != identity.RoleOwner {
			w.Error("what was there is refused")
		}
		w.exec(`INSERT INTO resource (org, owner, kind, type, name, description, status, spec, tags, version, created, updated)
			SELECT org, owner, kind, type, name, description, status, spec, tags, version, created, updated FROM resource WHERE id = $1`, old)
		w.start()
		w.must(w.s.Guard(w.Context()))
		if w.roleOn(owner, old) != identity.RoleOwner || w.roleOn(owner, old+1) != identity.RoleNone {
			w.Error("a row without a MAC was sealed at a later start")
		}
		w.must(w.s.Close())
		if n := w.audited("resource.seal"); n != 1 {
			w.Errorf("sealed %d times", n)
		}
		if n := w.audited("resource.forged"); n != 1 {
			w.Errorf("the forged row was written down %d times", n)
		}
	})
}

func TestNothingIsSealedBesideABrokenAuditLog(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		w.must(w.s.Guard(w.Context()))
		id := w.resource(owner)
		w.exec(`UPDATE resource SET owner = 99, mac = '' WHERE id = $1`, id)
		w.exec(`DELETE FROM audit_entry WHERE action = 'resource.seal'`)
		w.start()
		w.refused(w.s.Guard(w.Context()), weir.CodeIntegrity)
	})
}

func TestAForgedRowDoesNotBecomeGenuineByAChange(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		w.must(w.s.Guard(w.Context()))
		ann := w.user(owner, "ann", identity.RoleCollaborator)
		id := w.resource(owner)
		w.exec(`UPDATE resource SET owner = $2 WHERE id = $1`, id, ann.User)
		w.refused(w.give(owner, id, owner.User), weir.CodeIntegrity)
		w.refused(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.Refer(w.Context(), id) }), weir.CodeIntegrity)
		if n, err := w.s.Transfer(w.Context(), owner, ann.User, owner.User); n != 0 || err != nil {
			w.Errorf("%d were transferred, %v", n, err)
		}
		all, _, err := w.db.Resources(w.Context(), store.ResourceFilter{Org: owner.Org, Kind: store.KindSource})
		if len(all) != 0 || err != nil {
			w.Errorf("it is in a list: %v, %v", all, err)
		}
		w.refused(w.s.Allowed(w.Context(), ann, identity.RoleCollaborator, store.KindSource, id), weir.CodeIntegrity)
		w.must(w.s.Close())
	})
}

func TestAChangeOfKeysKeepsResourcesAndNoForgedOne(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		w.must(w.s.Guard(w.Context()))
		good, bad := w.resource(owner), w.resource(owner)
		w.exec(`UPDATE resource SET owner = 99 WHERE id = $1`, bad)
		w.s = w.rekeyed()
		_, err := w.s.Reseal(w.Context(), bytes.Repeat([]byte("m"), 32))
		w.must(err)
		w.must(w.s.Guard(w.Context()))
		_, err = w.db.OwnedBy(w.Context(), owner.Org, store.KindSource, good)
		w.must(err)
		_, err = w.db.OwnedBy(w.Context(), owner.Org, store.KindSource, bad)
		w.refused(err, weir.CodeIntegrity)
		w.must(w.s.Close())
	})
}
