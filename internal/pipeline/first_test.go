package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// growing answers as the simulator does, with one more field in the bookings of
// each page.
type growing struct {
	rest.Exchanger
	pages atomic.Int64 // one may be asked for while the one before it is written
}

func (g *growing) Exchange(ctx context.Context, r rest.Request) (rest.Response, error) {
	res, err := g.Exchanger.Exchange(ctx, r)
	if err == nil && strings.Contains(r.URL, "/v2/bookings") {
		n := g.pages.Add(1)
		res.Body = []byte(strings.ReplaceAll(string(res.Body), `"uid":`, fmt.Sprintf(`"page%d":1,"uid":`, n)))
	}
	return res, err
}

// A first reading that takes several slices is one reading: what it meets late is
// no drift. What a later run meets is.
func TestWhatAFirstReadingFindsIsNoDriftHoweverManySlicesItTakes(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 1_000, Seed: 3}, "bookings")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	source, err := a.flow.Store.EnsureSource(t.Context(), a.flow.SourceSpec())
	must(err)
	lease, err := a.flow.Store.AcquireSource(t.Context(), source, "the test")
	must(err)
	defer lease.Release()
	dataset, err := a.flow.Store.EnsureDataset(t.Context(), source, "bookings")
	must(err)
	pages := &growing{Exchanger: a.flow.Exchanger}
	var before int64
	a.flow.Exchanger, a.flow.Over = pages, func() bool { return pages.pages.Load() > before } // a page is a slice
	read := func(run weir.RunID) (slices int, err error) {
		t.Helper()
		for {
			a.flow.RunID, before = run, pages.pages.Load()
			result, err := pipeline.Ingest(t.Context(), a.flow, source, lease.Epoch)
			if slices++; !result.Unfinished() {
				return slices, err
			}
			if pages.pages.Load() == before {
				t.Fatalf("slice %d has read nothing", slices)
			}
		}
	}
	if slices, err := read("first"); err != nil || slices < 3 {
		t.Fatalf("it took %d slices: %v", slices, err)
	}
	told, n, err := a.flow.Store.SchemaChanges(t.Context(), dataset.ID, 1, 1)
	must(err)
	if n != 0 {
		t.Errorf("%d changes in a first reading of %d pages, such as %+v", n, pages.pages.Load(), told[0])
	}
	a.flow.FullRefresh = true
	a.flow.Then = func(context.Context, *store.Tx, string) error { return errors.New("no page is taken") }
	if _, err := read("in vain"); err == nil {
		t.Fatal("it has taken a page")
	}
	if _, n, err := a.flow.Store.SchemaChanges(t.Context(), dataset.ID, 1, 1); n != 0 || err != nil {
		t.Errorf("%d changes of a page that was taken back, %v", n, err)
	}
	a.flow.Then = nil
	first := pages.pages.Load()
	_, err = read("second")
	must(err)
	told, n, err = a.flow.Store.SchemaChanges(t.Context(), dataset.ID, 1, 100)
	must(err)
	if n == 0 || n > int(pages.pages.Load()-first) || told[n-1].Run != "second" || told[n-1].Kind != "new_column" || told[n-1].Path != fmt.Sprintf("page%d", first+1) {
		t.Errorf("%d changes in %d pages of a second one: %+v", n, pages.pages.Load()-first, told)
	}
}
