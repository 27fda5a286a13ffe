package pipeline

import (
	"context"
	"errors"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

func TestReshapingStopsBetweenRecords(t *testing.T) {
	program, err := transform.Compile(nil, []string{"id"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := &outlet{to: &Target{Mode: weir.ModeHistory}, reshaping: &Reshaping{Program: program}}
	_, _, _, err = o.reshape(ctx, store.LogChunk{Records: []store.LogRecord{{Record: weir.Record{Key: "1", Deleted: true}}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}
