package cli

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir/internal/pipeline"
)

// screen is a terminal that many write to.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func TestStreamsThatReportAtOnceAreDrawnWhileTheyRun(t *testing.T) {
	out := &screen{}
	p := newProgress(&session{Terminal: Terminal{Stderr: out, Interactive: true}}, false, 8)
	var all sync.WaitGroup
	for stream := range 8 {
		all.Go(func() {
			for n := range 500 {
				now := pipeline.Progress{StreamResult: pipeline.StreamResult{Name: fmt.Sprint("stream-", stream), Read: n}}
				now.Done = n == 499 && stream%2 == 0 // the others are cut off
				p.show(now)
			}
		})
	}
	all.Wait()
	p.close()
	if text := out.text.String(); !strings.Contains(text, "stream-1 ") || !strings.Contains(text, "499 read") {
		t.Errorf("drawn was %q", text)
	}
}

func TestWithoutATerminalAStreamIsALineAtItsEnd(t *testing.T) {
	out := &screen{}
	p := newProgress(&session{Terminal: Terminal{Stderr: out}}, false, 1)
	for n := range 3 {
		p.show(pipeline.Progress{StreamResult: pipeline.StreamResult{Name: "bookings", Read: n, Status: pipeline.StatusSucceeded}, Done: n == 2})
	}
	p.close()
	if text := out.text.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "2 read") || !strings.Contains(text, "succeeded") {
		t.Errorf("printed was %q", text)
	}
}
