package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// How many pages are open that move, and what they may cost the server together.
const (
	openPages   = 200
	openPagesMB = 50
)

// uses is how many MB of memory the server's process uses. What it keeps for later
// is not in it, nor what the race detector has.
func (s *service) uses() float64 {
	s.Helper()
	var all, idle float64
	for line := range strings.Lines(metricsOf(s.T, s.out.String())) {
		_, _ = fmt.Sscanf(line, "go_memstats_sys_bytes %g", &all) // mostly it is another line
		_, _ = fmt.Sscanf(line, "go_memstats_heap_idle_bytes %g", &idle)
	}
	if all == 0 || idle == 0 {
		s.Fatal("the process has no memory")
	}
	return (all - idle) / 1e6
}

// usesAtRest is how little it uses when what was done before is forgotten: to read its
// metrics makes garbage, too, and so lets it tidy up.
func (s *service) usesAtRest() float64 {
	s.Helper()
	least := s.uses()
	for same := 0; same < 100; same++ {
		if now := s.uses(); now < least {
			least, same = now, 0
		}
	}
	return least
}

// sessions are those of programs, each with a key of its own: one may have 16
// streams open.
func (s *service) sessions(n int) (tokens []string) {
	s.Helper()
	owner, err := client.New(client.Options{URL: s.url})
	if err != nil {
		s.Fatal(err)
	}
	token, err := owner.SignIn(s.Context(), "ada@example.com", weir.NewSecret(servicePassword))
	if err != nil {
		s.Fatal(err)
	}
	signedIn, err := client.New(client.Options{URL: s.url, Token: token})
	if err != nil {
		s.Fatal(err)
	}
	for i := range n {
		key, err := signedIn.NewKey(s.Context(), fmt.Sprintf("watcher %d", i))
		if err != nil {
			s.Fatal(err)
		}
		req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+"/api/token", http.NoBody)
		if err != nil {
			s.Fatal(err)
		}
		req.Header.Set("Authorization", "Basic "+key.Expose())
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			s.Fatal(err)
		}
		var answer struct {
			Token string `json:"access_token"`
		}
		err = json.UnmarshalRead(res.Body, &answer)
		_ = res.Body.Close()
		if err != nil || answer.Token == "" {
			s.Fatalf("the key begins no session: %d, %v", res.StatusCode, err)
		}
		tokens = append(tokens, answer.Token)
	}
	return tokens
}

// follow opens a stream and waits for its first part.
func (s *service) follow(token, path string) {
	s.Helper()
	at, err := url.Parse(s.url)
	if err != nil {
		s.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(s.Context(), "tcp", at.Host)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: weir-%s=%s\r\nAccept: text/event-stream\r\n\r\n", path, at.Host, at.Port(), token)
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	lines := bufio.NewReaderSize(conn, 4096)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			s.Fatalf("the stream says nothing: %v", err)
		}
		if strings.HasPrefix(line, "HTTP/1.1") && !strings.Contains(line, " 200 ") {
			s.Fatalf("the stream answers %s", line)
		}
		if strings.HasPrefix(line, "data: ") {
			_ = conn.SetReadDeadline(time.Time{})
			go func() { _, _ = lines.WriteTo(nothing{}) }() // until the connection is closed
			return
		}
	}
}

// nothing is where what is read goes.
type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }

func TestTwoHundredOpenPagesCostLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it watches for seconds")
	}
	t.Setenv("GOGC", "10") // or garbage is counted; what is used at its usual 100 is at most twice as much
	s := newService(t, 300, "--metrics-address", "127.0.0.1:0")
	s.setup()
	s.weir([]string{"CAL_API_KEY=" + s.sim.Keys()[0].Key}, "credentials", "add", "Ours")
	s.weir(nil, "sources", "add", "Bookings", "--credential", "1", "--endpoint", "bookings")
	s.weir(nil, "sources", "activate", "2", "--all")
	s.weir(nil, "sources", "run", "2")
	tokens := s.sessions(openPages/15 + 1)
	s.follow(tokens[0], "/flows/2/live") // what the first one needs is not the price of many
	before := s.usesAtRest()
	for i := range openPages {
		s.follow(tokens[i%len(tokens)], "/flows/2/live")
	}
	most := s.uses()
	begun, busy := time.Now(), s.cpu()
	for watch := time.NewTicker(250 * time.Millisecond); time.Since(begun) < 10*time.Second; <-watch.C {
		most = max(most, s.uses())
	}
	used := (s.cpu() - busy).Seconds() / time.Since(begun).Seconds()
	cost := 2 * (most - before)
	t.Logf("%d open pages: %.1f MB beside %.1f MB, %.0f %% of a processor", openPages, cost, before, 100*used)
	if cost > openPagesMB {
		t.Errorf("%d open pages cost %.1f MB", openPages, cost)
	}
}

// cpu is how long the server's process has computed.
func (s *service) cpu() time.Duration {
	s.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		s.Fatal(err)
	}
	_, after, _ := strings.Cut(string(content), ") ")
	fields := strings.Fields(after)
	ticks := 0
	for _, i := range []int{11, 12} { // in user mode and in the kernel, hundredths of a second
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			s.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
