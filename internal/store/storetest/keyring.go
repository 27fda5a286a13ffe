package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

var keyringPromises = map[string]func(*world){
	"AKeyComesBackAsItWasStored": func(w *world) {
		keys := []weir.StoredKey{storedKey("b", 1), storedKey("a", 2)}
		w.addKeys(keys...)
		w.wantKeys(keys...)
		keys[0].State, keys[0].Root, keys[0].Sealed = weir.KeyDecryptOnly, "another", []byte{9}
		w.addKeys(keys[0])
		w.wantKeys(keys...)
	},
	"ARefusedChangeOfTheKeyringWritesNothing": func(w *world) {
		no := errors.New("no")
		err := w.db.ChangeKeyring(w.Context(), func(keys []weir.StoredKey) ([]weir.StoredKey, error) {
			if len(keys) > 0 {
				w.Errorf("a new keyring has %d keys", len(keys))
			}
			return []weir.StoredKey{storedKey("a", 1)}, no
		})
		if !errors.Is(err, no) {
			w.Errorf("got %v", err)
		}
		w.wantKeys()
	},
	"OfManyWhoMakeTheFirstKeyOneDoes": func(w *world) {
		var group sync.WaitGroup
		for i, db := range []*store.DB{w.db, w.open(), w.open(), w.open()} {
			group.Go(func() {
				err := db.ChangeKeyring(w.Context(), func(keys []weir.StoredKey) ([]weir.StoredKey, error) {
					if len(keys) > 0 {
						return nil, nil
					}
					return []weir.StoredKey{storedKey(fmt.Sprint("key ", i), 1)}, nil
				})
				if err != nil {
					w.Error(err)
				}
			})
		}
		group.Wait()
		keys, err := w.db.Keyring(w.Context())
		if err != nil || len(keys) != 1 {
			w.Errorf("%d keys, %v", len(keys), err)
		}
	},
	"SecretsChangeKeysInBatchesAndStayWhereTheyAre": func(w *world) {
		w.addKeys(storedKey("old", 1), storedKey("new", 2))
		var want []weir.SealedSecret
		for i := int64(1); i <= 5; i++ {
			w.credential(i)
			for _, field := range []string{"a", "b"} {
				s := sealed(i, field, "old")
				w.putSecret(s)
				s.Key, s.Sealed = "new", []byte("again")
				want = append(want, s)
			}
		}
		var last weir.Binding
		for _, given := range []int{4, 4, 2, 0} {
			n, err := w.db.ChangeSecrets(w.Context(), "old", last.Credential, last.Field, 4, func(all []weir.SealedSecret) ([]weir.SealedSecret, error) {
				last = all[len(all)-1].Binding
				for i := range all {
					all[i].Key, all[i].Sealed = "new", []byte("again")
				}
				return all, nil
			})
			if err != nil || n != given {
				w.Fatalf("%d were given, want %d; %v", n, given, err)
			}
		}
		got, err := w.db.AllSecrets(w.Context(), 0, "", 100)
		w.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			w.Error(diff)
		}
		w.wantUses(weir.KeyUse{Key: "new", Secrets: 10, Wraps: 10})
	},
	"AFailedBatchChangesNothing": func(w *world) {
		w.credential(1)
		w.putSecret(sealed(1, "a", "old"))
		no := errors.New("no")
		_, err := w.db.ChangeSecrets(w.Context(), "old", 0, "", 4, func(all []weir.SealedSecret) ([]weir.SealedSecret, error) {
			all[0].Key = "new"
			return all, no
		})
		if !errors.Is(err, no) {
			w.Errorf("got %v", err)
		}
		w.wantUses(weir.KeyUse{Key: "old", Secrets: 1, Wraps: 1})
	},
	"EachSealUnderAKeyIsCounted": func(w *world) {
		w.credential(1)
		for range 3 {
			w.putSecret(sealed(1, "a", "one"))
			w.putSecret(sealed(1, "b", "one"))
		}
		w.wantUses(weir.KeyUse{Key: "one", Secrets: 2, Wraps: 6})
		w.putSecret(sealed(1, "b", "two"))
		w.wantUses(weir.KeyUse{Key: "one", Secrets: 1, Wraps: 3}, weir.KeyUse{Key: "two", Secrets: 1, Wraps: 1})
	},
	"AKeyWithSecretsIsNotRetiredAndARetiredOneGetsNone": func(w *world) {
		old := storedKey("old", 1)
		w.addKeys(old)
		w.credential(1)
		w.putSecret(sealed(1, "a", "old"))
		retired := old
		retired.State = weir.KeyRetired
		w.refused(w.db.RetireKey(w.Context(), retired), weir.CodeConflict)
		w.wantKeys(old)
		w.putSecret(sealed(1, "a", "new"))
		w.must(w.db.RetireKey(w.Context(), retired))
		w.wantKeys(retired)
		put := func(tx *store.Tx) error { return tx.PutSecret(w.Context(), sealed(1, "a", "old")) }
		w.refused(w.db.Change(w.Context(), put), weir.CodeConflict)
		_, err := w.db.ChangeSecrets(w.Context(), "new", 0, "", 1, func(all []weir.SealedSecret) ([]weir.SealedSecret, error) {
			all[0].Key = "old"
			return all, nil
		})
		w.refused(err, weir.CodeConflict)
		w.wantUses(weir.KeyUse{Key: "new", Secrets: 1, Wraps: 1})
	},
	"NoSecretIsPutUnderAKeyWhileItIsRetired": func(w *world) {
		for round := range 10 {
			key := storedKey(fmt.Sprint("key ", round), int64(round))
			w.addKeys(key)
			credential := int64(round + 1)
			w.credential(credential)
			other := w.open()
			var put, retired error
			var group sync.WaitGroup
			group.Go(func() {
				put = other.Change(w.Context(), func(tx *store.Tx) error { return tx.PutSecret(w.Context(), sealed(credential, "a", key.ID)) })
			})
			group.Go(func() {
				key := key
				key.State = weir.KeyRetired
				retired = w.db.RetireKey(w.Context(), key)
			})
			group.Wait()
			if (put == nil) == (retired == nil) {
				w.Errorf("put: %v, retired: %v; one of them must be refused", put, retired)
			}
		}
	},
	"SecretsAreReadByCredentialAndGoWithIt": func(w *world) {
		for i := int64(1); i <= 3; i++ {
			w.credential(i)
			w.putSecret(sealed(i, "b", "key"))
			w.putSecret(sealed(i, "a", "key"))
		}
		got, err := w.db.Secrets(w.Context(), 1, 2)
		w.must(err)
		if diff := cmp.Diff([]weir.SealedSecret{sealed(2, "a", "key"), sealed(2, "b", "key")}, got); diff != "" {
			w.Error(diff)
		}
		if foreign, err := w.db.Secrets(w.Context(), 2, 2); err != nil || len(foreign) > 0 {
			w.Errorf("another organization has %d, %v", len(foreign), err)
		}
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.DropSecrets(w.Context(), 2) }))
		w.wantUses(weir.KeyUse{Key: "key", Secrets: 4, Wraps: 4})
	},
}

func storedKey(id string, created int64) weir.StoredKey {
	return weir.StoredKey{ID: id, Purpose: weir.KeyWraps, State: weir.KeyActive, Created: created, Root: "root", Sealed: []byte("sealed " + id), Sentinel: []byte{0, 1}}
}

func sealed(credential int64, field, key string) weir.SealedSecret {
	return weir.SealedSecret{
		Binding: weir.Binding{Org: 1, Credential: credential, Field: field, Version: 3, Kind: "cal_com_api", Origin: "https://api.cal.com"},
		Key:     key, Sealed: []byte("sealed"),
	}
}

func (w *world) addKeys(keys ...weir.StoredKey) {
	w.Helper()
	w.must(w.db.ChangeKeyring(w.Context(), func([]weir.StoredKey) ([]weir.StoredKey, error) { return keys, nil }))
}

func (w *world) wantKeys(want ...weir.StoredKey) {
	w.Helper()
	got, err := w.db.Keyring(w.Context())
	w.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		w.Error(diff)
	}
}

func (w *world) wantUses(want ...weir.KeyUse) {
	w.Helper()
	got, err := w.db.KeyUses(w.Context())
	w.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		w.Error(diff)
	}
}

func (w *world) putSecret(s weir.SealedSecret) {
	w.Helper()
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.PutSecret(w.Context(), s) }))
}

// credential makes the row that secrets hang on.
func (w *world) credential(id int64) {
	w.Helper()
	driver, address := "pgx", w.url
	if path, lite := strings.CutPrefix(w.url, "sqlite:"); lite {
		driver, address = "sqlite", path
	}
	raw, err := sql.Open(driver, address)
	w.must(err)
	defer func() { _ = raw.Close() }()
	_, err = raw.ExecContext(w.Context(), `INSERT INTO resource (id, org, owner, kind, type, name, description, status, spec, tags, version, created, updated)
		VALUES ($1, 1, 1, 'credential', 'cal_com_api', 'c', '', '', $2, '', 1, 0, 0)`, id, []byte{})
	w.must(err)
}
