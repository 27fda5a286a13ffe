package file

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"time"

	"github.com/weirhq/weir"
)

// verdict says what Finish does with the rows that have a position.
type verdict struct {
	dead    []int64 // positions of versions that a newer one replaces, sorted
	deleted []mark  // by position
}

// mark is a version whose record was deleted after it was loaded.
type mark struct {
	position  int64
	deletedAt int64 // µs since the epoch
}

// nothing reports that all rows stay as they are.
func (v verdict) nothing() bool { return len(v.dead) == 0 && len(v.deleted) == 0 }

// isDead reports whether the rows at a position go.
func (v verdict) isDead(position int64) bool {
	_, found := slices.BinarySearch(v.dead, position)
	return found
}

// deletedAt gives the time of deletion of the version at a position.
func (v verdict) deletedAt(position int64) (time.Time, bool) {
	i, found := slices.BinarySearchFunc(v.deleted, position, func(m mark, p int64) int { return cmp.Compare(m.position, p) })
	if !found {
		return time.Time{}, false
	}
	return time.UnixMicro(v.deleted[i].deletedAt).UTC(), true
}

// version is one row of the root table, or one deletion: 40 bytes, so that
// a million of them are 40 MB. The key is 128 bits of SHA-256: two different
// keys with the same are not to be expected in any number of records.
type version struct {
	high, low uint64
	position  int64
	deletedAt int64  // notDeleted for a row
	content   uint64 // history: of the row's hash
}

const notDeleted = math.MinInt64

// survey compares all versions of all records. Memory holds opts.MaxKeys of
// them at a time: with more, the keys are split by their hash and the files
// read once for each part.
func (c *chain) survey(ctx context.Context) (verdict, error) {
	var total int64
	for _, e := range c.state.Live {
		if c.hasKeys(e) {
			total += e.Rows
		}
	}
	parts := uint64(total/int64(c.opts.MaxKeys)) + 1 // #nosec G115 -- a count
	found := make([]version, 0, min(total, int64(c.opts.MaxKeys)))
	var v verdict
	for part := range parts {
		found = found[:0]
		for _, e := range c.state.Live {
			if !c.hasKeys(e) {
				continue
			}
			err := c.versions(ctx, e, func(x version) {
				if x.high%parts == part {
					found = append(found, x)
				}
			})
			if err != nil {
				return v, c.unreadable(e, err)
			}
		}
		v.judge(found, c.state.Mode == string(weir.ModeHistory))
	}
	slices.Sort(v.dead)
	slices.SortFunc(v.deleted, func(a, b mark) int { return cmp.Compare(a.position, b.position) })
	return v, nil
}

// hasKeys reports files that say which records there are.
func (c *chain) hasKeys(e entry) bool {
	return e.Kind == kindDeletions || e.Table == c.state.layout().Tables[0].Name
}

// judge adds to the verdict what follows from all versions of some records.
// In upsert mode the newest version lives; in history mode all do but those
// that only repeat the one before.
func (v *verdict) judge(found []version, history bool) {
	slices.SortFunc(found, func(a, b version) int {
		return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low), cmp.Compare(a.position, b.position))
	})
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].high == found[0].high && found[n].low == found[0].low {
			n++
		}
		if history {
			v.repetitions(found[:n])
		} else {
			v.judgeOne(found[:n])
		}
		found = found[n:]
	}
}

// repetitions judges the versions of one record in history mode: a log that
// was started anew tells the newest one again.
func (v *verdict) repetitions(versions []version) {
	for i, x := range versions {
		if i > 0 && x.deletedAt == notDeleted && versions[i-1].deletedAt == notDeleted && x.content == versions[i-1].content {
			v.dead = append(v.dead, x.position)
		}
	}
}

// judgeOne judges the versions of one record in upsert mode, oldest first.
func (v *verdict) judgeOne(versions []version) {
	live := -1
	for i, x := range versions {
		switch {
		case x.deletedAt != notDeleted:
		case live < 0:
			live = i
		default:
			v.dead = append(v.dead, versions[live].position)
			live = i
		}
	}
	if live < 0 {
		return
	}
	for _, x := range versions[live+1:] {
		if x.deletedAt != notDeleted {
			v.deleted = append(v.deleted, mark{position: versions[live].position, deletedAt: x.deletedAt})
			return
		}
	}
}

// versions reads the keys and positions of one file.
func (c *chain) versions(ctx context.Context, e entry, yield func(version)) error {
	root, opts := c.state.Known[e.Layout].Tables[0], c.opts
	names := slices.Clone(root.Key)
	t, history := onDisk(root), c.state.Mode == string(weir.ModeHistory)
	switch {
	case e.Kind == kindDeletions:
		t, opts.Format = deletionsTable(root), FormatJSONL
		names = append(names, weir.ColumnDeletedAt)
	case history:
		names = append(names, weir.ColumnDeletedAt, weir.ColumnHash)
	}
	names = append(names, columnPosition)
	from, to := typesOf(t, names), typesOf(onDisk(c.state.layout().Tables[0]), names)
	f, err := c.volume.open(e.Name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	r, err := newReader(f, t, names, opts)
	if err != nil {
		return err
	}
	row := make([]any, len(names))
	var key []byte
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return errors.Join(ctx.Err(), r.Close())
		}
		if err := r.Read(row); errors.Is(err, io.EOF) {
			return r.Close()
		} else if err != nil {
			return errors.Join(err, r.Close())
		}
		x := version{deletedAt: notDeleted}
		position, ok := row[len(row)-1].(int64)
		parts := row[:len(row)-1]
		if e.Kind == kindDeletions {
			at, isTime := parts[len(parts)-1].(time.Time)
			x.deletedAt, ok, parts = at.UnixMicro(), ok && isTime, parts[:len(parts)-1]
		}
		if !ok {
			return errors.Join(errors.New("a row without its position"), r.Close())
		}
		if history {
			if at, isTime := parts[len(parts)-2].(time.Time); isTime {
				x.deletedAt = at.UnixMicro()
			}
			hash, _ := parts[len(parts)-1].(string) // null in a deletion
			x.content, parts = contentOf(hash), parts[:len(parts)-2]
		}
		key = appendKey(key[:0], parts, from, to)
		sum := sha256.Sum256(key)
		x.high, x.low, x.position = binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16]), position
		yield(x)
	}
}

// contentOf is 64 bits of a row's hash.
func contentOf(hash string) uint64 {
	sum := sha256.Sum256([]byte(hash))
	return binary.BigEndian.Uint64(sum[:8])
}

// appendKey appends a key's values as the dataset's newest types have them,
// so that a key is the same before and after its column widened.
func appendKey(dst []byte, parts []any, from, to []weir.Type) []byte {
	for i, part := range parts {
		s := text(convert(part, from[i], to[i]))
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

// typesOf gives the types of named columns; "" for one the table has not.
func typesOf(t weir.Table, names []string) []weir.Type {
	types := make([]weir.Type, len(names))
	for i, name := range names {
		if at := t.Column(name); at >= 0 {
			types[i] = t.Columns[at].Type
		}
	}
	return types
}

// unreadable is the error of a listed file that is not as it was written.
func (c *chain) unreadable(e entry, err error) error {
	var known *weir.Error // of a bucket that could not be asked
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &known) {
		return err
	}
	return &weir.Error{Code: weir.CodeIntegrity, Where: e.Name, Message: "the file is missing or was changed after it was written",
		Remedy: "Restore it from a backup, or load into a new directory", Err: err}
}
