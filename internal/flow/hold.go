package flow

import (
	"context"
	"maps"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// used says of each role of which kind it is, and in which field users name it.
var used = map[string]struct {
	kind  store.Kind
	field string
}{
	roleCredential: {store.KindCredential, "data_credentials_id"},
	roleSource:     {store.KindSource, ""},
	roleParent:     {store.KindDataset, "parent_data_set_id"},
	roleDataset:    {store.KindDataset, "data_set_id"},
	roleLookup:     {store.KindLookup, fieldMapID},
	roleTransform:  {store.KindTransform, "transform_id"},
}

// holds hold rows, by their ids.
type holds map[int64]func() error

// take takes all of them in the order of the ids, as everybody does.
func (h holds) take() error {
	for _, id := range slices.Sorted(maps.Keys(h)) {
		if err := h[id](); err != nil {
			return err
		}
	}
	return nil
}

// hold keeps others from deleting what is referred to until the transaction
// ends. It comes before the audit log's line: everybody takes them in this order.
func hold(ctx context.Context, tx *store.Tx, org int64, uses []store.Reference) error {
	for _, ref := range uses {
		if ref.Target == 0 {
			continue
		}
		_, err := tx.Resource(ctx, org, used[ref.Role].kind, ref.Target)
		if weir.CodeOf(err) == weir.CodeNotFound && used[ref.Role].field != "" {
			err = about(used[ref.Role].field, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// held are holds of what a dataset refers to.
func (d *Dataset) held(ctx context.Context, tx *store.Tx) holds {
	all := holds{}
	for _, ref := range d.references() {
		all[ref.Target] = func() error { return hold(ctx, tx, d.Org, []store.Reference{ref}) }
	}
	return all
}
