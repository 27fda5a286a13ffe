package sqldb_test

import (
	"net"
	neturl "net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
)

// cutter stands before a server and cuts a connection after so many bytes
// in one direction.
type cutter struct {
	net.Listener
	socket string

	mu    sync.Mutex
	armed [2]int // bytes left to and from the server; negative is never
	seen  [2]int
	fired bool
}

func newCutter(t *testing.T, url string) (c *cutter, through string) {
	u, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c = &cutter{Listener: listener, socket: u.Query().Get("socket"), armed: [2]int{-1, -1}}
	if u.Scheme == "postgres" {
		c.socket = u.Query().Get("host") + "/.s.PGSQL.5432"
	}
	t.Cleanup(func() { _ = listener.Close() })
	go c.serve()
	u.Host, u.RawQuery = listener.Addr().String(), "sslmode=disable"
	return c, u.String()
}

func (c *cutter) serve() {
	for {
		near, err := c.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("unix", c.socket)
		if err != nil {
			_ = near.Close()
			continue
		}
		go c.pipe(near, far, 0)
		go c.pipe(far, near, 1)
	}
}

// pipe copies one direction until its end or the cut. A cut goes through both
// directions.
func (c *cutter) pipe(from, to net.Conn, direction int) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		n, cut := c.allow(direction, n)
		if _, werr := to.Write(buffer[:n]); werr != nil || err != nil || cut {
			return
		}
	}
}

func (c *cutter) allow(direction, n int) (allowed int, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.armed[direction] >= 0 && n > c.armed[direction] {
		n, cut = c.armed[direction], true
	} else if c.armed[direction] >= 0 {
		c.armed[direction] -= n
	}
	c.seen[direction] += n
	if cut { // once
		c.fired = true
		c.armed = [2]int{-1, -1}
	}
	return n, cut
}

func (c *cutter) arm(direction, after int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.seen, c.fired = [2]int{-1, -1}, [2]int{}, false
	c.armed[direction] = after
}

func (c *cutter) traffic() (seen [2]int, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen, c.fired
}

// cuts is about how many places of a batch's exchange are cut, in each
// direction; WEIR_CUTS=all cuts after every byte.
const cuts = 12

// The connection is cut after some byte of a batch's exchange, before, in and
// after its COMMIT. Load says it is loaded when it is, and otherwise that it
// may be loaded again; either way it is there once.
func TestACutConnectionNeitherLosesNorDoublesABatch(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		if strings.HasPrefix(url, "sqlite") {
			t.Skip("there is no connection")
		}
		cutAnywhere(t, url)
	})
}

func cutAnywhere(t *testing.T, url string) {
	c, through := newCutter(t, url)
	w := destinationtest.NewWorld(11)
	load := func(b weir.Batch) error {
		db := open(t, through)
		defer db.Close()
		_, err := db.Load(t.Context(), b)
		return err
	}
	if err := load(w.Next(20)); err != nil {
		t.Fatal(err)
	}
	db := open(t, through)
	if _, err := db.Load(t.Context(), w.Next(20)); err != nil {
		t.Fatal(err)
	}
	c.arm(0, -1)
	if _, err := db.Load(t.Context(), w.Next(20)); err != nil {
		t.Fatal(err)
	}
	all, _ := c.traffic()
	committed, lost := 0, 0
	for direction := range 2 {
		for _, after := range places(all[direction]) {
			b := w.Next(20)
			c.arm(direction, after)
			_, err := db.Load(t.Context(), b)
			_, cut := c.traffic()
			c.arm(0, -1)
			at, perr := db.Position(t.Context(), b.Log, b.Dataset)
			if perr != nil {
				t.Fatal(perr)
			}
			switch {
			case err == nil && at == b.To:
				if cut {
					committed++
				}
			case err != nil && at == b.From && weir.CodeOf(err).Retryable():
				if _, err := db.Load(t.Context(), b); err != nil {
					t.Fatalf("cut after %d of %d: loading again: %v", after, all[direction], err)
				}
				lost++
			default:
				t.Fatalf("cut after %d of %d: %v, and the position is %d of %d to %d", after, all[direction], err, at, b.From, b.To)
			}
		}
	}
	w.Check(t, place(url))
	if committed == 0 || lost == 0 {
		t.Error("no cut was on both sides of a commit, so this proves little")
	}
	t.Logf("%d bytes to and %d from the server; cut before the commit %d times, after it %d times", all[0], all[1], lost, committed)
}

// places are the offsets to cut at: some over the whole exchange, and each of
// the last few bytes, where COMMIT and its answer are.
func places(n int) []int {
	var out []int
	step := max(1, n/cuts)
	if os.Getenv("WEIR_CUTS") == "all" {
		step = 1
	}
	for at := 0; at < n-24; at += step {
		out = append(out, at)
	}
	for at := max(0, n-24); at < n; at++ {
		out = append(out, at)
	}
	return out
}

// kills is how often a loader is killed: 20, or what WEIR_KILLS says.
func kills(t *testing.T) int {
	text := os.Getenv("WEIR_KILLS")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
