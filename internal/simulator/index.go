package simulator

import (
	"cmp"
	"slices"
	"sort"
)

// entry is a row's place in an index, with its host, so that walking needs no
// look at the row.
type entry struct {
	key  int64
	row  int32
	user uint8
}

func (e entry) compare(o entry) int {
	return cmp.Or(cmp.Compare(e.key, o.key), cmp.Compare(e.row, o.row))
}

// blockSize is how many entries a block holds at most before it is halved.
const blockSize = 1024

// index keeps entries sorted, in blocks: a change moves at most one block.
// There is never an empty block.
type index struct{ blocks [][]entry }

// build fills an empty index; it sorts the entries in place.
func (x *index) build(entries []entry) {
	slices.SortFunc(entries, entry.compare)
	for part := range slices.Chunk(entries, blockSize/2) {
		x.blocks = append(x.blocks, append(make([]entry, 0, blockSize), part...))
	}
}

// find gives the place of the first entry that is not before e; the block may
// be one past the last.
func (x *index) find(e entry) (block, at int) {
	block = sort.Search(len(x.blocks), func(i int) bool {
		b := x.blocks[i]
		return b[len(b)-1].compare(e) >= 0
	})
	if block < len(x.blocks) {
		at, _ = slices.BinarySearchFunc(x.blocks[block], e, entry.compare)
	}
	return block, at
}

func (x *index) insert(e entry) {
	i, at := x.find(e)
	if i == len(x.blocks) {
		if i == 0 {
			x.blocks = append(x.blocks, append(make([]entry, 0, blockSize), e))
			return
		}
		i--
		at = len(x.blocks[i])
	}
	b := slices.Insert(x.blocks[i], at, e)
	if len(b) >= blockSize {
		half := append(make([]entry, 0, blockSize), b[len(b)/2:]...)
		b = b[:len(b)/2]
		x.blocks = slices.Insert(x.blocks, i+1, half)
	}
	x.blocks[i] = b
}

func (x *index) remove(e entry) {
	i, at := x.find(e)
	if i == len(x.blocks) || x.blocks[i][at] != e {
		return
	}
	x.blocks[i] = slices.Delete(x.blocks[i], at, at+1)
	if len(x.blocks[i]) == 0 {
		x.blocks = slices.Delete(x.blocks, i, i+1)
	}
}

// scan yields the entries with low <= key <= high in order, or backwards.
func (x *index) scan(low, high int64, backwards bool, yield func(entry) bool) {
	if backwards {
		x.scanBack(low, high, yield)
		return
	}
	i, at := x.find(entry{key: low, row: none})
	for ; i < len(x.blocks); i, at = i+1, 0 {
		for _, e := range x.blocks[i][at:] {
			if e.key > high || !yield(e) {
				return
			}
		}
	}
}

func (x *index) scanBack(low, high int64, yield func(entry) bool) {
	i, at := x.after(high)
	for i < len(x.blocks) || i > 0 {
		if i == len(x.blocks) || at == 0 {
			if i--; i < 0 {
				return
			}
			at = len(x.blocks[i])
		}
		at--
		if e := x.blocks[i][at]; e.key < low || !yield(e) {
			return
		}
	}
}

// after gives the place just past all entries with the key or a lower one.
func (x *index) after(key int64) (block, at int) {
	return x.find(entry{key: key, row: 1<<31 - 1})
}

// count says how many entries have low <= key <= high.
func (x *index) count(low, high int64) int {
	i, from := x.find(entry{key: low, row: none})
	j, to := x.after(high)
	n := to - from
	for ; i < j; i++ {
		n += len(x.blocks[i])
	}
	return n
}
