package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/pipeline"
)

// printJSON prints v as one indented JSON value.
func printJSON(w io.Writer, v any) error {
	if err := json.MarshalWrite(w, v, jsontext.WithIndent("  "), json.Deterministic(true)); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// emptyShown is how many streams without a record are named.
const emptyShown = 5

// printResult prints a run as a table with a line per stream.
func printResult(w io.Writer, r *pipeline.Result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "stream\tread\twritten\tunchanged\tgone\tquarantined\trequests\tseconds\t  status\t")
	var empty []string
	for _, s := range r.Streams {
		if s.Status == pipeline.StatusSucceeded && s.Read+s.Written+s.Deleted == 0 {
			empty = append(empty, s.Name)
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f\t  %s\t\n",
			s.Name, s.Read, s.Written, s.Unchanged, s.Deleted, s.Quarantined, s.Requests, s.Seconds, s.Status)
	}
	_ = t.Flush()
	if len(empty) > 0 {
		more := ""
		if n := len(empty) - emptyShown; n > 0 {
			empty, more = empty[:emptyShown], fmt.Sprintf(", and %d more (--json lists them)", n)
		}
		fmt.Fprintf(w, "Nothing to read: %s%s.\n", strings.Join(empty, ", "), more)
	}
	for _, s := range r.Streams {
		switch {
		case s.Error != "" && s.Status == pipeline.StatusSucceeded:
			fmt.Fprintf(w, "%s, in part skipped: %s\n", s.Name, s.Error)
		case s.Error != "":
			fmt.Fprintf(w, "%s: %s\n", s.Status, s.Error)
		}
	}
	fmt.Fprintf(w, "Run %s %s: %d requests, %d refused.\n", r.RunID, r.Status, r.Requests, r.Refused)
}
