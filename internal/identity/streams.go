package identity

import (
	"context"
	"fmt"
	"sync"

	"github.com/weirhq/weir"
)

// MostStreams is how many answers that go on, such as those that follow runs,
// one user may have open with a browser, and with each key.
const MostStreams = 16

// MostExports is how many files one user may have made and sent at once.
const MostExports = 2

// Streams counts answers that go on, and ends them when the server stops. The
// zero value counts none.
type Streams struct {
	Stopping <-chan struct{} // closed when the server stops; nil is never

	mu   sync.Mutex
	open map[string]int
}

// Until is ctx for a stream: it ends when the server stops, or the server would
// wait for its end.
func (s *Streams) Until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.Stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Enter takes a place for a stream; leave gives it back. Who has too many is
// CodeThrottled.
func (s *Streams) Enter(p Principal) (leave func(), err error) {
	return s.enter(p, MostStreams, &weir.Error{Code: weir.CodeThrottled, Where: "stream", Message: fmt.Sprintf("%d streams are open already, which is the most", MostStreams),
		Remedy: "Close pages or programs that follow runs, or follow all runs with one stream"})
}

// Exports counts files that are made and sent. The zero value counts none.
type Exports struct{ open Streams }

// Enter takes a place for a file; leave gives it back. Who has too many is
// CodeThrottled.
func (e *Exports) Enter(p Principal) (leave func(), err error) {
	return e.open.enter(p, MostExports, &weir.Error{Code: weir.CodeThrottled, Where: "export", Message: fmt.Sprintf("%d files are on their way to you already, which is the most", MostExports),
		Remedy: "Wait until one of them is there, or stop it, and ask again"})
}

func (s *Streams) enter(p Principal, most int, full *weir.Error) (leave func(), err error) {
	who := fmt.Sprint(p.Org, p.User, p.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[who] >= most {
		return nil, full
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	s.open[who]++
	return sync.OnceFunc(func() { s.leave(who) }), nil
}

func (s *Streams) leave(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[who]--; s.open[who] == 0 {
		delete(s.open, who)
	}
}
