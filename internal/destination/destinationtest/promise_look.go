package destinationtest

import (
	"context"
	"testing"

	"github.com/weirhq/weir"
)

// Glance is a look at a place, before anything is delivered there.
type Glance interface {
	// Fits gives why a batch would be refused, whatever is in it.
	Fits(ctx context.Context, b weir.Batch) error
	Close() error
}

// looked holds a look against what Load then says: word for word.
func looked(t *testing.T, p Place) {
	if p.Look == nil {
		t.Skip("there is nothing to look at")
	}
	if err := p.fits(t, batch(0, Booking("a", 1))); err != nil {
		t.Errorf("an empty place does not fit: %v", err)
	}
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1, "Kei")))
	// What is taken comes last: a batch that has come is taken once more.
	for _, c := range []struct {
		what   string
		change func(*weir.Batch)
	}{
		{"another source", func(b *weir.Batch) { b.Source = "" }},
		{"another mode", func(b *weir.Batch) { b.Mode, b.Layout = weir.ModeHistory, historyLayout() }},
		{"another key", func(b *weir.Batch) { b.Layout.Tables[0].Key = []string{"title"} }},
		{"another dataset's root table", func(b *weir.Batch) { *b = inDataset(batch(0, Booking("a", 2)), "other", dataset, "other_own") }},
		{"another dataset's child table", func(b *weir.Batch) {
			*b = inDataset(batch(0, Booking("a", 2)), "other", "other", "booking_attendees")
		}},
		{"another dataset", func(b *weir.Batch) { *b = inDataset(batch(0, Booking("a", 2)), "other", "other", "other_own") }},
		{"more of the same", func(*weir.Batch) {}},
	} {
		b := batch(1, Booking("a", 2))
		c.change(&b)
		says := p.fits(t, b)
		_, err := d.Load(t.Context(), b)
		if (says == nil) != (err == nil) || says != nil && (says.Error() != err.Error() || weir.CodeOf(says) != weir.CodeConflict) {
			t.Errorf("%s: a look says %v, and then Load %v", c.what, says, err)
		}
	}
}

// fits takes one look.
func (p Place) fits(t testing.TB, b weir.Batch) error {
	t.Helper()
	at := p.Look(t)
	defer func() {
		if err := at.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	return at.Fits(t.Context(), b)
}
