package ui

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

func TestAValueComesBackFromAFileAsItWas(t *testing.T) {
	for _, text := range []string{"", "a", "=1+1", "'=1+1", "''=1+1", "-5", "'-5", "+49 30 1", "@x", " =x", "＝x", "'", "it's", "\t=x", "\n=x", "-", "'-"} {
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

// Some spreadsheets divide lines at semicolons or tabs.
func TestAValueIsOneWhateverDividesTheLine(t *testing.T) {
	values := []string{"a;=1+1", "b\t=1+1", "say \"c\"", " d", "e,f", `\.`, "g\nh", "", "i"}
	var b strings.Builder
	out := NewCSV(&b)
	if err := out.Line(values...); err != nil || out.Flush() != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "\"a;=1+1\",\"b\t=1+1\",") {
		t.Errorf("%q", b.String())
	}
	if back, err := csv.NewReader(strings.NewReader(b.String())).Read(); err != nil || !slices.Equal(back, values) {
		t.Errorf("%q comes back, %v", back, err)
	}
}
