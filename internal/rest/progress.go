package rest

import (
	"context"
	"sync"
	"time"

	"github.com/weirhq/weir"
)

// progress is what the walks of one Read have in common. It is safe for
// concurrent use.
type progress struct {
	m          sync.Mutex
	checkpoint *checkpoint
	emit       Emit
}

// begin gives a walk as it was saved.
func (p *progress) begin(seed Seed) walk {
	p.m.Lock()
	defer p.m.Unlock()
	return p.checkpoint.Walks[seed.name()]
}

// commit emits records with the checkpoint after them. Other walks are in it
// as they were when they last emitted.
func (p *progress) commit(ctx context.Context, seed Seed, w walk, page weir.Page) error {
	p.m.Lock()
	defer p.m.Unlock()
	p.checkpoint.Walks[seed.name()] = w
	if len(page.Records)+len(page.Rejects) == 0 {
		return nil // a window's end goes out with the next page, or at the end
	}
	var err error
	if page.Checkpoint, err = p.checkpoint.save(); err != nil {
		return err
	}
	return p.emit(ctx, page)
}

// end closes the windows that were read to their end, all at once: what one
// list shows belongs together with what the others do.
func (p *progress) end(ctx context.Context, local time.Time, complete bool) error {
	for seed, w := range p.checkpoint.Walks {
		p.checkpoint.Walks[seed] = w.ended(local)
	}
	saved, err := p.checkpoint.save()
	if err != nil {
		return err
	}
	return p.emit(ctx, weir.Page{Checkpoint: saved, Complete: complete})
}
