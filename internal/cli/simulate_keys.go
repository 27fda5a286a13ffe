package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/simulator"
)

type simulateKeys struct {
	Add    simulateKeysAdd    `cmd:"" help:"Issue a key and show it, this once."`
	List   simulateKeysList   `cmd:"" help:"List the keys; an issued one's text is not kept."`
	Remove simulateKeysRemove `cmd:"" help:"Remove a key: it is dead at once."`
}

// simulatorAt is where a running simulator answers.
type simulatorAt struct {
	URL string `name:"url" default:"http://127.0.0.1:8085" help:"Where the simulator runs, on this machine."`
}

type simulateKeysAdd struct {
	simulatorAt
	Name    string   `arg:"" help:"The key's name."`
	User    string   `default:"alice" help:"Whom the key opens: alice, bob, carol, dave, erin, orgadmin or orgmember."`
	Note    string   `help:"What the key is for."`
	Expires string   `default:"30d" enum:"30d,90d,1y,never" help:"When it expires: 30d, 90d, 1y or never."`
	Limit   []string `placeholder:"NAME=N/WINDOW" help:"An own limit, such as short=5/10s; may be given more than once."`
}

type simulateKeysList struct {
	simulatorAt
	JSON bool `name:"json" help:"Print JSON."`
}

type simulateKeysRemove struct {
	simulatorAt
	Name string `arg:"" help:"The key's name."`
}

// Run issues a key.
func (c simulateKeysAdd) Run(s *session) error {
	request := simulator.KeyRequest{Name: c.Name, User: c.User, Note: c.Note, Expires: c.Expires}
	for _, text := range c.Limit {
		limit, err := parseLimit(text)
		if err != nil {
			return err
		}
		request.Limits = append(request.Limits, limit)
	}
	var issued struct {
		Name string `json:"name"`
		Key  string `json:"key"`
	}
	if err := c.control(s.ctx, http.MethodPost, "keys", request, &issued); err != nil {
		return err
	}
	fmt.Fprintln(s.data, issued.Key)
	fmt.Fprintf(s.Stderr, "weir: this is key %s, shown this once\n", issued.Name)
	return nil
}

// parseLimit reads NAME=N/WINDOW.
func parseLimit(text string) (simulator.KeyLimitRequest, error) {
	name, rest, _ := strings.Cut(text, "=")
	count, window, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(count)
	if err != nil || name == "" || window == "" {
		return simulator.KeyLimitRequest{}, &weir.Error{Code: weir.CodeUsage, Where: "--limit", Message: "this is no limit: " + text, Remedy: "Write it as short=5/10s"}
	}
	return simulator.KeyLimitRequest{Name: name, Limit: n, Window: window}, nil
}

// Run lists the keys.
func (c simulateKeysList) Run(s *session) error {
	var keys []struct {
		Name    string  `json:"name"`
		Owner   string  `json:"owner"`
		Expires *string `json:"expires"`
		Digest  string  `json:"digest"`
		Note    string  `json:"note"`
	}
	if err := c.control(s.ctx, http.MethodGet, "keyring", nil, &keys); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.Stdout, keys)
	}
	t := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "name\towner\texpires\tdigest\tnote")
	for _, k := range keys {
		expires := "never"
		if k.Expires != nil {
			expires, _, _ = strings.Cut(*k.Expires, "T")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", k.Name, k.Owner, expires, k.Digest, k.Note)
	}
	return t.Flush()
}

// Run removes a key.
func (c simulateKeysRemove) Run(s *session) error {
	var removed struct {
		Removed string `json:"removed"`
	}
	if err := c.control(s.ctx, http.MethodDelete, "keys?name="+url.QueryEscape(c.Name), nil, &removed); err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "Removed key %s.\n", removed.Removed)
	return nil
}

// maxControlAnswer bounds what a simulator's control API may answer.
const maxControlAnswer = 4 << 20

// control asks the control API of the simulator.
func (c simulatorAt) control(ctx context.Context, method, name string, send, into any) error {
	base := strings.TrimSuffix(c.URL, "/")
	fail := func(message, remedy string, err error) error {
		return &weir.Error{Code: weir.CodeUsage, Where: "--url", Message: message, Remedy: remedy, Err: err}
	}
	if u, err := url.Parse(base); err != nil || u.Hostname() != "localhost" && !isLoopback(u.Hostname()) {
		return fail("the simulator's control API answers on this machine only", "Write http://127.0.0.1:PORT", err)
	}
	guard, err := netguard.New(base)
	if err != nil {
		return err
	}
	body, err := json.Marshal(send)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, base+simulator.ControlPrefix+name, bytes.NewReader(body))
	if err != nil {
		return fail("this is not an address", "Write http://127.0.0.1:PORT", err)
	}
	answer, err := guard.Client().Do(r)
	if err != nil {
		return fail("no simulator answers there", "Start one with `weir simulate calcom`, or say where it runs", err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxControlAnswer))
	if err != nil {
		return fail("the simulator broke off", "Try again", err)
	}
	if answer.StatusCode >= 300 {
		return refused(data)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fail("what answers there is no simulator", "Say where one runs", err)
	}
	return nil
}

// refused passes on what the control API says is wrong.
func refused(data []byte) error {
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(data, &said) != nil || said.Error == "" {
		said.Error = "what answers there is no simulator"
	}
	return &weir.Error{Code: weir.CodeUsage, Where: "simulator", Message: said.Error, Remedy: "See `weir simulate calcom keys --help`"}
}
