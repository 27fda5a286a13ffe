package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/weirhq/weir/internal/simulator"
)

// A planted key is looked for in everything a run leaves: both outputs at
// debug level, Weir's own files, the destination, and the arguments.
func TestAPlantedKeyAppearsInNothingThatARunLeaves(t *testing.T) {
	sim, err := simulator.New(simulator.Options{Bookings: 300, Seed: 11, RateLimit: 120})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()
	for _, key := range sim.Keys() {
		t.Run(key.Name, func(t *testing.T) {
			dir := t.TempDir()
			out := runDebug(t, dir, server.URL, key.Key)
			needles := encodings(key.Key)
			search(t, "the program's output", out, needles)
			err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				content, err := os.ReadFile(path)
				search(t, path, append(content, path...), needles)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func runDebug(t *testing.T, dir, base, key string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "--log-level", "debug", "sync", "--base-url", base,
		"--to", "sqlite:"+filepath.Join(dir, "cal.db"), "--data", filepath.Join(dir, "data")) // #nosec G204 -- our own test binary
	cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "CAL_API_KEY="+key)
	out, _ := cmd.CombinedOutput() // some of the keys are bad: how it ends is not the question
	if len(out) == 0 {
		t.Fatal("the program printed nothing, so there is nothing to search")
	}
	return out
}

// encodings lists the forms in which a key could slip out.
func encodings(key string) map[string][]byte {
	reversed := []byte(key)
	slices.Reverse(reversed)
	var wide, wideBig []byte
	var escaped, entities strings.Builder
	for _, u := range utf16.Encode([]rune(key)) {
		wide, wideBig = append(wide, byte(u), byte(u>>8)), append(wideBig, byte(u>>8), byte(u))
		fmt.Fprintf(&escaped, `\u%04x`, u)
		fmt.Fprintf(&entities, "&#%d;", u)
	}
	out := map[string][]byte{
		"raw": []byte(key), "reversed": reversed, "hex": []byte(hex.EncodeToString([]byte(key))),
		"HEX": []byte(strings.ToUpper(hex.EncodeToString([]byte(key)))), "percent": []byte(url.QueryEscape(key)), "utf-16": wide, "utf-16 big-endian": wideBig,
		"JSON escapes": []byte(escaped.String()), "HTML entities": []byte(entities.String()),
		"its secret part": []byte(key[strings.LastIndex(key, "_")+1:]),
	}
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + key))
		out["base64 at "+string(rune('0'+shift))] = []byte(encoded[4 : len(encoded)-4])
	}
	return out
}

func search(t *testing.T, where string, content []byte, needles map[string][]byte) {
	t.Helper()
	for form, needle := range needles {
		if bytes.Contains(content, needle) {
			t.Errorf("the key is in %s (%s)", where, form)
		}
	}
}
