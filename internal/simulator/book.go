package simulator

// book is all bookings with their indexes. It is guarded by Simulator.mu.
type book struct {
	dir     *directory
	rows    []row // erased ones stay as holes, so that row numbers keep
	byTag   map[uint64]int32
	indexes [sortKeys]index
	live    [mostUsers + 1]int // bookings that are not erased, by host
	series  [][]int32          // the rows of each recurring series
	names   map[int32]string   // uids of series that were booked through the API
	details map[int32]*detail  // of rows that do not say all themselves
	longest int64              // milliseconds that the longest booking takes
	seed    uint64
	lag     int64 // milliseconds by which a replica lags
	version int   // how often anything changed
	totals  totals
}

func newBook(dir *directory, seed uint64, capacity int) *book {
	return &book{dir: dir, seed: seed, rows: make([]row, 0, capacity), byTag: make(map[uint64]int32, capacity), names: map[int32]string{}, details: map[int32]*detail{}}
}

// draft adds a row that is not indexed yet.
func (b *book) draft(r row) int32 {
	b.version++
	i := int32(len(b.rows))
	r.tag = mix(mix(b.seed) + uint64(i))
	b.rows = append(b.rows, r)
	b.byTag[r.tag] = i
	b.longest = max(b.longest, r.end()-r.start)
	b.live[r.user]++
	return i
}

// index indexes all rows at once.
func (b *book) index() {
	for by := range b.indexes {
		entries := make([]entry, len(b.rows))
		for i := range b.rows {
			entries[i] = b.entry(int32(i), sortKey(by))
		}
		b.indexes[by].build(entries)
	}
}

func (b *book) entry(i int32, by sortKey) entry {
	r := &b.rows[i]
	return entry{r.key(by), i, r.user}
}

// add makes a new row and indexes it.
func (b *book) add(r row) int32 {
	i := b.draft(r)
	for by := range b.indexes {
		b.indexes[by].insert(b.entry(i, sortKey(by)))
	}
	return i
}

// change lets edit change a row and keeps the indexes right.
func (b *book) change(i int32, edit func(*row)) {
	b.version++
	var before [sortKeys]entry
	for by := range before {
		before[by] = b.entry(i, sortKey(by))
	}
	edit(&b.rows[i])
	for by := range before {
		if now := b.entry(i, sortKey(by)); now != before[by] {
			b.indexes[by].remove(before[by])
			b.indexes[by].insert(now)
		}
	}
}

// erase deletes a row for good.
func (b *book) erase(i int32) {
	b.version++
	for by := range b.indexes {
		b.indexes[by].remove(b.entry(i, sortKey(by)))
	}
	r := &b.rows[i]
	r.status = erased
	delete(b.details, i)
	delete(b.byTag, r.tag)
	b.live[r.user]--
}

// lookup finds a live row by its uid.
func (b *book) lookup(uid string) (int32, bool) {
	tag, ok := tagOf(uid)
	if !ok {
		return 0, false
	}
	i, ok := b.byTag[tag]
	return i, ok
}

func (b *book) seriesTag(series int32) uint64 { return mix(b.seed ^ 0x5e71e5<<32 ^ uint64(series)) }

func (b *book) seriesUID(series int32) string {
	if name := b.names[series]; name != "" {
		return name
	}
	return uidOf(b.seriesTag(series))
}

// lookupSeries finds the live rows of a recurring series by its uid.
func (b *book) lookupSeries(uid string) []int32 {
	for n, name := range b.names {
		if name == uid {
			return b.seriesRows(n)
		}
	}
	tag, ok := tagOf(uid)
	if !ok {
		return nil
	}
	for n := range b.series {
		if b.seriesTag(int32(n)) == tag {
			return b.seriesRows(int32(n))
		}
	}
	return nil
}

func (b *book) seriesRows(n int32) []int32 {
	var rows []int32
	for _, i := range b.series[n] {
		if b.rows[i].status != erased {
			rows = append(rows, i)
		}
	}
	return rows
}
