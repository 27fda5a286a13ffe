package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir"
)

// Request is one request to the origin.
type Request struct {
	Method  string
	URL     string // absolute, of the client's origin
	Headers map[string]string
	Body    string
	Lane    weir.Lane
	AnyType bool // the answer may be something other than JSON
}

// Response is a good answer: status 2xx, its body whole and, unless AnyType
// was asked for, exactly one valid JSON value.
type Response struct {
	URL    string // of the request
	Status int
	Header http.Header
	Body   []byte
}

// Exchanger makes one exchange. Implementations do not retry. An answer that
// is not good is an error whose code says what to do about it.
type Exchanger interface {
	Exchange(ctx context.Context, r Request) (Response, error)
}

// ClientOptions are what a Client is made of.
type ClientOptions struct {
	HTTP       *http.Client // netguard's
	Origin     string       // scheme, host and port: the key goes nowhere else
	Key        weir.Secret
	AuthHeader string // "Authorization"
	AuthPrefix string // "Bearer "
	Budget     weir.Budget
	Hints      map[weir.Code]string // the connector's remedy for a code that has no better one
	Logger     *slog.Logger         // nil discards
}

// Client makes exchanges with one origin and one key, each holding a place in
// the key's window. It is safe for concurrent use.
type Client struct {
	o       ClientOptions
	base    *url.URL
	breaker *breaker

	spellings [][]byte // of the key, in answers
}

// NewClient checks the options.
func NewClient(o ClientOptions) (*Client, error) {
	base, err := url.Parse(o.Origin)
	if err != nil || base.Host == "" || base.Path != "" {
		return nil, &weir.Error{Code: weir.CodeUsage, Message: "an origin is scheme://host[:port]"}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Client{o: o, base: base, breaker: newBreaker(), spellings: spellings(o)}, nil
}

// Exchange implements Exchanger.
func (c *Client) Exchange(ctx context.Context, r Request) (Response, error) {
	req, sent, err := c.request(ctx, r)
	if err != nil {
		return Response{}, err
	}
	done, err := c.o.Budget.Take(ctx, r.Lane)
	if err != nil {
		return Response{}, err
	}
	if err := c.breaker.enter(); err != nil {
		done(weir.Answer{Sent: false})
		return Response{}, err
	}
	answer, err := c.send(ctx, r, req, sent, done)
	c.breaker.leave(ctx, err)
	return answer, err
}

// send makes the exchange; it tells done what the place was used for.
func (c *Client) send(ctx context.Context, r Request, req *http.Request, sent *atomic.Bool, done func(weir.Answer)) (Response, error) {
	began := time.Now()
	res, err := c.o.HTTP.Do(req)
	if err != nil {
		done(weir.Answer{Sent: sent.Load()})
		return Response{}, c.failed(ctx, sent.Load(), err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end, or given up
	body, err := readBody(res)
	done(weir.Answer{Sent: true, Status: res.StatusCode, Header: res.Header})
	c.o.Logger.Debug("exchange", "method", r.Method, "path", req.URL.Path, "status", res.StatusCode, "bytes", len(body), "ms", time.Since(began).Milliseconds())
	switch {
	case ctx.Err() != nil:
		return Response{}, ctx.Err()
	case err != nil && res.StatusCode < 400: // an error's status says enough without its body
		return Response{}, err
	}
	body = c.withoutKey(body)
	c.headersWithoutKey(res.Header)
	if err := classify(res, body, r.AnyType); err != nil {
		return Response{}, c.advise(err)
	}
	return Response{URL: r.URL, Status: res.StatusCode, Header: res.Header, Body: body}, nil
}

// request builds the request; sent turns true with the first byte on the wire.
func (c *Client) request(ctx context.Context, r Request) (*http.Request, *atomic.Bool, error) {
	target, err := url.Parse(r.URL)
	if err != nil || target.Scheme != c.base.Scheme || !strings.EqualFold(target.Host, c.base.Host) || target.User != nil {
		return nil, nil, &weir.Error{Code: weir.CodeCapability, Where: c.base.Host, Message: "the next address is of another host; the key is not sent there"}
	}
	sent := &atomic.Bool{}
	trace := &httptrace.ClientTrace{WroteHeaderField: func(string, []string) { sent.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), r.Method, r.URL, strings.NewReader(r.Body))
	if err != nil {
		return nil, nil, &weir.Error{Code: weir.CodeConfig, Where: "request", Message: "it cannot be built from the configuration"}
	}
	if r.Body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "weir")
	for name, value := range r.Headers {
		if err := checkHeader(name, value); err != nil {
			return nil, nil, err
		}
		req.Header.Set(name, value)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	authorize(req, c.o)
	return req, sent, nil
}

// failed explains an exchange without an answer. The transport's own text is
// not shown: it repeats the URL with its query.
func (c *Client) failed(ctx context.Context, sent bool, err error) error {
	var known *weir.Error
	var in *url.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &known):
		return known
	case errors.As(err, &in):
		err = in.Err
	}
	if !sent {
		return &weir.Error{Code: weir.CodeNotSent, Where: c.base.Host, Message: "the host cannot be reached: " + Clip(err.Error()), Remedy: "Check the address and the network", Err: err}
	}
	return &weir.Error{Code: weir.CodeTransient, Where: c.base.Host, Message: "the connection broke before the answer was whole: " + Clip(err.Error()), Err: err}
}

// advise gives the connector's advice where there is no better one.
func (c *Client) advise(err error) error {
	var e *weir.Error
	if errors.As(err, &e) && e.Remedy == "" {
		e.Remedy = c.o.Hints[e.Code]
	}
	return err
}

// The limits of one answer.
const (
	bodyLimit  = 32 << 20 // inflated
	ratioLimit = 100      // inflated bytes for each compressed one
	ratioFloor = 1 << 20  // below it the ratio does not matter
)

// readBody reads a whole body, inflated, within the limits.
func readBody(res *http.Response) ([]byte, error) {
	wire := &counter{r: res.Body}
	var body io.Reader = wire
	switch strings.ToLower(strings.TrimSpace(res.Header.Get("Content-Encoding"))) {
	case "", "identity":
	case "gzip":
		body = &inflater{wire: wire}
	default:
		return nil, &weir.Error{Code: weir.CodeCapability, Where: "answer", Message: "it is compressed in a way nobody asked for"}
	}
	content, err := io.ReadAll(io.LimitReader(body, bodyLimit+1))
	var known *weir.Error
	switch {
	case errors.As(err, &known):
		return nil, known
	case err != nil:
		return nil, &weir.Error{Code: weir.CodeTransient, Where: "answer", Message: "the body broke off", Err: err}
	case len(content) > bodyLimit:
		return nil, &weir.Error{Code: weir.CodeCapability, Where: "answer", Message: fmt.Sprintf("it is larger than %d MiB", bodyLimit>>20), Remedy: "Ask for smaller pages"}
	}
	return content, nil
}
