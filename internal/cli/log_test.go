package cli

import (
	"bytes"
	"strings"
	"testing"
)

// logged is what a command line logs of a line for information.
func logged(t *testing.T, args ...string) string {
	t.Helper()
	var c commands
	parser := grammarOf(t, &c)
	parsed, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log, err := c.logger(&out, parsed.Selected())
	if err != nil {
		t.Fatal(err)
	}
	log.Info("run began", "run", "r1")
	return out.String()
}

func TestAServerSaysMoreThanACommandUnlessItIsTold(t *testing.T) {
	if line := logged(t, "serve"); !strings.Contains(line, "run=r1") {
		t.Errorf("a server says %q", line)
	}
	if line := logged(t, "--log-level", "warn", "serve") + logged(t, "version"); line != "" {
		t.Errorf("%q", line)
	}
}

func TestALogForProgramsIsJSON(t *testing.T) {
	if line := logged(t, "--log-format", "json", "serve"); !strings.HasPrefix(line, "{") || !strings.Contains(line, `"run":"r1"`) {
		t.Errorf("%q", line)
	}
}
