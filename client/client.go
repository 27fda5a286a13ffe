// Package client speaks to a Weir server over its REST API. A Client signs in
// with a service key by itself, and again when its session has ended.
package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// Options are what a Client is made of.
type Options struct {
	URL   string      // of the server, such as http://127.0.0.1:8080
	Key   weir.Secret // a service key; empty for calls that need none
	Token weir.Secret // a session token instead of a key
	HTTP  *http.Client
}

// Client makes calls to one server. It is safe for concurrent use.
type Client struct {
	base string
	key  weir.Secret
	http *http.Client

	mu    sync.Mutex
	token weir.Secret
}

// timeout is how long one call may take: validations wait for another server.
const timeout = 60 * time.Second

// New checks the address. It makes no call.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--server", Message: "this is not the address of a server", Remedy: "Write it as https://host or http://127.0.0.1:8080"}
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--server", Message: "plain http shows keys to everybody on the way", Remedy: "Use https, or http on loopback through a tunnel"}
	}
	c := &Client{base: strings.TrimSuffix(strings.TrimRight(o.URL, "/"), "/api") + "/api", key: o.Key, token: o.Token, http: o.HTTP}
	if c.http == nil {
		c.http = &http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return c, nil
}

// Address is where the server is.
func (c *Client) Address() string { return strings.TrimSuffix(c.base, "/api") }

// Call makes one call: in is sent as JSON unless it is nil, and the answer is
// read into out unless that is nil. What the server refuses is an *Error.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	_, err := c.call(ctx, method, path, in, out)
	return err
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) (http.Header, error) {
	token, err := c.session(ctx, false)
	if err != nil {
		return nil, err
	}
	h, err := c.exchange(ctx, method, path, token, in, out)
	if refused, ok := err.(*Error); ok && refused.Status == http.StatusUnauthorized && !c.key.IsZero() { //nolint:errorlint // ours, unwrapped
		if token, err = c.session(ctx, true); err != nil {
			return nil, err
		}
		return c.exchange(ctx, method, path, token, in, out)
	}
	return h, err
}

// session gives a session token, and gets a new one where there is none or
// anew says that the old one has ended.
func (c *Client) session(ctx context.Context, anew bool) (weir.Secret, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.key.IsZero() || !c.token.IsZero() && !anew {
		return c.token, nil
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if _, err := c.exchange(ctx, http.MethodPost, "/token", c.key, nil, &answer); err != nil {
		return weir.Secret{}, err
	}
	c.token = weir.NewSecret(answer.Token)
	return c.token, nil
}

// End ends the session that the client began with its key, if it began one: a
// program that is done leaves none behind. The next call begins another.
func (c *Client) End(ctx context.Context) error {
	c.mu.Lock()
	token := c.token
	if !c.key.IsZero() {
		c.token = weir.Secret{}
	}
	c.mu.Unlock()
	if c.key.IsZero() || token.IsZero() {
		return nil
	}
	_, err := c.exchange(ctx, http.MethodPost, "/token/logout", token, nil, nil)
	return err
}

func (c *Client) exchange(ctx context.Context, method, path string, proof weir.Secret, in, out any) (http.Header, error) {
	var body io.Reader = http.NoBody
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "call", Message: "this is not a path of the API"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "weir")
	prove(req, proof, path == "/token")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end, or given up
	return res.Header, read(res, out)
}

// unreachable explains a call without an answer, without the URL's query.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if inner, ok := err.(*url.Error); ok { //nolint:errorlint // what Do returns
		err = inner.Err
	}
	return &weir.Error{Code: weir.CodeNotSent, Where: "server", Message: fmt.Sprintf("%s does not answer: %v", strings.TrimSuffix(c.base, "/api"), err), Remedy: "Check that `weir serve` runs there, and the address in --server or WEIR_URL", Err: err}
}

// answerLimit is more than any answer has.
const answerLimit = 64 << 20

func read(res *http.Response, out any) error {
	content, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return &weir.Error{Code: weir.CodeTransient, Where: "server", Message: "the answer broke off", Err: err}
	}
	if res.StatusCode >= http.StatusBadRequest {
		return refusal(res.StatusCode, content)
	}
	if out == nil || len(content) == 0 {
		return nil
	}
	if err := json.Unmarshal(content, out); err != nil {
		return &weir.Error{Code: weir.CodeCapability, Where: "server", Message: "the answer is not Weir's", Remedy: "Check the address: another program may be answering", Err: err}
	}
	return nil
}
