package client

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/weirhq/weir"
)

// Ready asks whether the server can do its work: nil when it can.
func (c *Client) Ready(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Address()+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return &weir.Error{Code: weir.CodeNotSent, Where: c.Address(), Message: "nobody answers: " + err.Error(), Remedy: "Start `weir serve`, or give --server", Err: err}
	}
	defer func() { _ = res.Body.Close() }() // it is read
	const enough = 200
	words, err := io.ReadAll(io.LimitReader(res.Body, enough))
	if err != nil || res.StatusCode != http.StatusOK {
		return &weir.Error{Code: weir.CodeTransient, Where: c.Address(), Message: "it is not ready: " + strings.TrimSpace(string(words)), Remedy: "Look at its log", Err: err}
	}
	return nil
}
