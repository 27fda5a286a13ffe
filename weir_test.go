package weir_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

func TestASecretCannotPrintItself(t *testing.T) {
	const value = "cal_live_planted"
	s := weir.NewSecret(value)
	held := struct {
		Key  weir.Secret
		Keys []weir.Secret
		Ptr  *weir.Secret
	}{s, []weir.Secret{s}, &s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb, s)
		fmt.Fprintf(&out, verb, held)
		fmt.Fprintf(&out, verb, &held)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "secret", s, "held", held)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, func(v any) ([]byte, error) { return jsonv2.Marshal(v) }} {
		b, err := marshal(held)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	fmt.Fprint(&out, fmt.Errorf("wrapped: %v", s))
	if got := out.String(); strings.Contains(got, value) || strings.Contains(got, fmt.Sprintf("%x", value)) {
		t.Errorf("the value is in %s", got)
	}
	if s.Expose() != value {
		t.Error("the value is lost")
	}
}

func TestAnErrorSaysWhereWhatAndWhatNext(t *testing.T) {
	cause := errors.New("cause")
	err := weir.At("calcom", weir.At("bookings", &weir.Error{Code: weir.CodeForbidden, Where: "page 3", Message: "no permission", Remedy: "Ask the owner", Err: cause}))
	if got, want := err.Error(), "calcom: bookings: page 3: no permission. Ask the owner"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := weir.At("", &weir.Error{Where: "path", Message: "did you mean \"sync\"?", Remedy: "Run it"}).Error(), `path: did you mean "sync"? Run it`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, cause) || weir.CodeOf(err) != weir.CodeForbidden || weir.CodeOf(err).ExitCode() != 4 {
		t.Errorf("cause or code is lost: %v", weir.CodeOf(err))
	}
	if weir.At("x", nil) != nil || weir.CodeOf(nil) != "" {
		t.Error("nothing became an error")
	}
	if weir.CodeOf(fmt.Errorf("reading: %w", context.Canceled)) != weir.CodeCancelled {
		t.Error("a cancelled context is not cancelled")
	}
}

func TestKeysOfSeveralPartsCannotCollide(t *testing.T) {
	if weir.KeyOf("a", "bc") == weir.KeyOf("ab", "c") {
		t.Error("two keys are one")
	}
	if got := weir.KeyParts(weir.KeyOf("a", "", "c")); len(got) != 3 || got[2] != "c" {
		t.Errorf("got %q", got)
	}
}
