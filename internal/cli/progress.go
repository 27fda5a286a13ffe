package cli

import (
	"fmt"
	"io"
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
	bars  *mpb.Progress // nil without a terminal

	mu    sync.Mutex
	lines map[string]*line
}

// line is one stream's. The drawing goroutine reads it while mpb may be held
// up by us, so it has a lock of its own that nobody holds for long.
type line struct {
	bar  *mpb.Bar
	mu   sync.Mutex
	last pipeline.Progress
}

func (l *line) set(now pipeline.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = now
}

func (l *line) text(decor.Statistics) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return describe(l.last)
}

func newProgress(s *session, quiet bool, streams int) *progress {
	p := &progress{s: s, quiet: quiet, lines: map[string]*line{}}
	if !quiet && s.Interactive && streams > 0 {
		// What is drawn passes the redactor, in which mpb sees no terminal.
		p.bars = mpb.New(mpb.WithOutput(s.Stderr), mpb.WithRefreshRate(200*time.Millisecond), mpb.WithAutoRefresh())
	}
	return p
}

// show takes a snapshot; it is called from several goroutines.
func (p *progress) show(now pipeline.Progress) {
	switch {
	case p.quiet:
	case p.bars == nil && now.Done:
		fmt.Fprintln(p.s.Stderr, describe(now))
	case p.bars != nil:
		p.draw(now)
	}
}

func (p *progress) draw(now pipeline.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lines[now.Name]
	if l == nil {
		l = &line{last: now}
		l.bar = p.bars.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Any(l.text)))
		p.lines[now.Name] = l
	}
	l.set(now)
	if now.Done {
		l.end()
	}
}

// end draws a line for the last time.
func (l *line) end() {
	l.bar.EnableTriggerComplete()
	l.bar.SetTotal(-1, true)
}

// above is where other lines go while streams are drawn.
func (p *progress) above() io.Writer {
	if p.bars == nil {
		return p.s.Stderr
	}
	return p.bars
}

func describe(p pipeline.Progress) string {
	text := fmt.Sprintf("%-40s %8d read %8d written %5d requests", p.Name, p.Read, p.Written, p.Requests)
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
		l.end()
	}
	p.mu.Unlock()
	p.bars.Wait()
}
