package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/weirhq/weir/internal/pipeline"
)

// progress shows streams while they run: one redrawn line each on a terminal,
// a plain line when a stream ends otherwise.
type progress struct {
	s     *session
	quiet bool
	mu    sync.Mutex
	bars  *mpb.Progress
	lines map[string]*line
}

type line struct {
	bar  *mpb.Bar
	last pipeline.Progress
}

func newProgress(s *session, quiet bool, streams int) *progress {
	p := &progress{s: s, quiet: quiet, lines: map[string]*line{}}
	if !quiet && s.Interactive && streams > 0 {
		p.bars = mpb.New(mpb.WithOutput(s.Stderr), mpb.WithRefreshRate(200*time.Millisecond))
	}
	return p
}

// show takes a snapshot; it is called from several goroutines.
func (p *progress) show(now pipeline.Progress) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lines[now.Name]
	if l == nil {
		l = &line{}
		p.lines[now.Name] = l
	}
	l.last = now
	switch {
	case p.bars == nil && now.Done:
		fmt.Fprintln(p.s.Stderr, describe(now))
	case p.bars != nil && l.bar == nil:
		l.bar = p.bars.New(0, mpb.NopStyle(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return describe(l.last)
		})))
	}
	if p.bars != nil && now.Done {
		l.bar.EnableTriggerComplete()
		l.bar.SetTotal(-1, true)
	}
}

func describe(p pipeline.Progress) string {
	text := fmt.Sprintf("%-24s %8d read %8d written %5d requests", p.Name, p.Read, p.Written, p.Requests)
	if p.Done {
		text += fmt.Sprintf("  %s in %.1f s", p.Status, p.Seconds)
	}
	return text
}

// close waits for the last redraw.
func (p *progress) close() {
	if p.bars == nil {
		return
	}
	p.mu.Lock()
	for _, l := range p.lines {
		l.bar.EnableTriggerComplete()
		l.bar.SetTotal(-1, true)
	}
	p.mu.Unlock()
	p.bars.Wait()
}
