package file

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir"
)

// ownDir is the directory of the manifests; no table may have its name.
const ownDir = "_weir"

// plainName is what may become a directory: no separators, no dots, no upper
// case, so that it means the same on every file system.
var plainName = regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]{0,99}$`)

// deviceNames mean devices, not files, on Windows, in any directory.
var deviceNames = []string{"con", "prn", "aux", "nul"}

// checkName refuses a dataset's or table's name that cannot be a directory.
func checkName(kind, name string) error {
	base := strings.TrimRight(name, "0123456789")
	device := slices.Contains(deviceNames, name) || (base == "com" || base == "lpt") && len(name) == 4
	if plainName.MatchString(name) && !device && name != ownDir {
		return nil
	}
	return &weir.Error{Code: weir.CodeConfig, Where: kind + " " + quote(name), Message: "the name cannot be a directory of files",
		Remedy: "Use lower-case letters, digits, _ and - only"}
}

// checkLayout refuses layouts whose names cannot be directories or columns.
func checkLayout(l weir.Layout) error {
	if len(l.Tables) == 0 {
		return &weir.Error{Code: weir.CodeInternal, Message: "a layout without tables"}
	}
	seen := map[string]bool{}
	for _, t := range l.Tables {
		if err := checkName("table", t.Name); err != nil {
			return err
		}
		if seen[t.Name] {
			return &weir.Error{Code: weir.CodeInternal, Where: "table " + t.Name, Message: "the layout has it twice"}
		}
		seen[t.Name] = true
		for _, k := range t.Key {
			if t.Column(k) < 0 {
				return &weir.Error{Code: weir.CodeInternal, Where: "table " + t.Name, Message: "its key column " + quote(k) + " is missing"}
			}
		}
	}
	return nil
}

// fileName is where a table's file of a batch lies. The month is that of the
// extraction, so that the same batch always has the same name.
func fileName(table string, extractedAt int64, seq int64, id string, f Format) string {
	at := time.UnixMicro(extractedAt).UTC()
	return fmt.Sprintf("%s/%04d/%02d/%010d-%s.%s", table, at.Year(), int(at.Month()), seq, id, f)
}

// mergedName is where Finish writes part n of a table.
func mergedName(dir string, seq int64, id string, part int, f Format) string {
	return fmt.Sprintf("%s/%010d-%s-%d.%s", dir, seq, id, part, f)
}

// manifestName is the manifest's name in the dataset's own directory.
func manifestName(seq int64) string { return fmt.Sprintf("MANIFEST-%010d.json", seq) }

// quote shortens a name that came from outside, for a message.
func quote(s string) string {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return strconv.Quote(s)
}
