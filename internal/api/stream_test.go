package api

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

func TestAStreamGoesOutAsItIsWritten(t *testing.T) {
	w := newWorld(t)
	more := make(chan string)
	type output struct {
		Type string `header:"Content-Type"`
		Body func(huma.Context)
	}
	register(w.api, Route{Method: "GET", Path: "/stream", Tag: "things", Summary: "Stream", Policy: identity.Authenticated(), Stream: true},
		func(_ context.Context, in *struct {
			Fail flag `query:"fail"`
		}) (*output, error) {
			if in.Fail.On {
				return nil, &weir.Error{Code: weir.CodeConflict, Message: "not now"}
			}
			return &output{"text/event-stream", func(c huma.Context) {
				for line := range more {
					if line == "panic" {
						panic(line)
					}
					_, _ = io.WriteString(c.BodyWriter(), line+"\n")
					c.BodyWriter().(http.Flusher).Flush()
				}
			}}, nil
		})
	w.call("GET", "/api/stream?fail=1", "ada", "").refused(http.StatusConflict, "CONF_001")
	r, err := http.NewRequestWithContext(t.Context(), "GET", w.server.URL+"/api/stream", nil)
	w.must(err)
	r.Header.Set("Authorization", "Bearer ada")
	go func() { more <- "one" }()
	answer, err := w.server.Client().Do(r)
	w.must(err)
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	for _, want := range []string{"one\n", "two\n"} {
		if line, err := lines.ReadString('\n'); line != want || err != nil || answer.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%q %v %v", line, err, answer.Header)
		}
		if want == "one\n" {
			more <- "two"
		}
	}
	more <- "panic"
	if _, err := lines.ReadString('\n'); err == nil || err == io.EOF {
		t.Errorf("%v: the client cannot know that the stream is cut", err)
	}
}
