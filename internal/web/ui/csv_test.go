package ui

import (
	"strings"
	"testing"
)

func TestAValueComesBackFromAFileAsItWas(t *testing.T) {
	for _, text := range []string{"", "a", "=1+1", "'=1+1", "''=1+1", "-5", "'-5", "+49 30 1", "@x", " =x", "＝x", "'", "it's", "\t=x", "-", "'-"} {
		if back := FromCSV(unformula(text)); back != text {
			t.Errorf("%q is %q in a file, and comes back as %q", text, unformula(text), back)
		}
	}
}

func TestNoFileMakesASpreadsheetCompute(t *testing.T) {
	var b strings.Builder
	out := NewCSV(&b)
	for _, text := range []string{"=1+1", "+cmd", "-cmd", "@x", " =1", "＝1", "'=1"} {
		if err := out.Line(text, "-5"); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "'") && !strings.HasPrefix(line, `"'`) || !strings.HasSuffix(line, ",-5\n") {
			t.Errorf("%q", line)
		}
	}
}
