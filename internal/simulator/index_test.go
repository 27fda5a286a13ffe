package simulator

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAnIndexStaysSortedUnderChange(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var model []entry
	for i := range int32(3000) {
		model = append(model, entry{key: random.Int64N(200), row: i})
	}
	var x index
	x.build(slices.Clone(model))
	for i := range int32(20_000) {
		if random.IntN(2) == 0 || len(model) == 0 {
			e := entry{key: random.Int64N(200), row: 10_000 + i}
			model = append(model, e)
			x.insert(e)
			continue
		}
		n := random.IntN(len(model))
		x.remove(model[n])
		model = slices.Delete(model, n, n+1)
	}
	slices.SortFunc(model, entry.compare)
	for range 200 {
		low := random.Int64N(220) - 10
		high := low + random.Int64N(100)
		var want []entry
		for _, e := range model {
			if e.key >= low && e.key <= high {
				want = append(want, e)
			}
		}
		collect := func(backwards bool) (got []entry) {
			x.scan(low, high, backwards, func(e entry) bool { got = append(got, e); return true })
			return got
		}
		if !slices.Equal(collect(false), want) || x.count(low, high) != len(want) {
			t.Fatalf("%d to %d: %d found, %d counted, want %d", low, high, len(collect(false)), x.count(low, high), len(want))
		}
		slices.Reverse(want)
		if !slices.Equal(collect(true), want) {
			t.Fatalf("%d to %d backwards", low, high)
		}
	}
}

func TestAnEmptyIndexYieldsNothingAndCanBeFilled(t *testing.T) {
	var x index
	for _, backwards := range []bool{false, true} {
		x.scan(0, 10, backwards, func(entry) bool { t.Error("something"); return true })
	}
	x.remove(entry{key: 1})
	x.insert(entry{key: 1})
	if x.count(0, 10) != 1 {
		t.Error("the entry is not there")
	}
	x.remove(entry{key: 1})
	if x.count(0, 10) != 0 || len(x.blocks) != 0 {
		t.Error("the entry is still there")
	}
}
