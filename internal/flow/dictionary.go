package flow

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// dictionarySamples is how many of the newest records a dictionary looks at.
const dictionarySamples = 200

// Dictionary describes a dataset in Markdown, from its learned schema and its
// newest records: columns, types, how often they are empty, keys, freshness.
// The same data give the same text. Examples are shown only where they can be
// nobody's: switches, numbers, times, and words that many records share.
func (s *Service) Dictionary(ctx context.Context, d *Dataset) (string, error) {
	o, err := s.openDataset(ctx, d)
	if err != nil {
		return "", err
	}
	schema, _, err := s.Schema(ctx, d)
	if err != nil {
		return "", err
	}
	samples, err := s.Samples(ctx, d, dictionarySamples)
	if err != nil {
		return "", err
	}
	columns := map[string]*column{}
	columnsOf(schema, "", columns)
	for i := range samples {
		var v map[string]any
		if err := json.Unmarshal(samples[i].Data, &v); err != nil {
			continue // it would not be in the log
		}
		for path, c := range columns {
			c.see(valuesAt(v, path))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", line(d.Name))
	if d.Description != "" {
		fmt.Fprintf(&b, "%s\n\n", line(d.Description))
	}
	fmt.Fprintf(&b, "- Read from: %s, endpoint `%s`, by source %d (%s).\n", line(o.flow.Connector.Title), d.Endpoint, o.source.ID, line(o.source.Name))
	if key := o.endpoint.PrimaryKey; len(key) > 0 {
		fmt.Fprintf(&b, "- Key: `%s`. One record for each.\n", strings.Join(key, "`, `"))
	}
	if o.endpoint.VersionField != "" {
		fmt.Fprintf(&b, "- Changes are told by `%s`; the newest version counts.\n", o.endpoint.VersionField)
	}
	if err := s.freshness(ctx, &b, o); err != nil {
		return "", err
	}
	writeColumns(&b, columns, len(samples))
	return b.String(), nil
}

// freshness says how much there is, and how new.
func (s *Service) freshness(ctx context.Context, b *strings.Builder, o *opened) error {
	if o.log.ID == 0 {
		fmt.Fprint(b, "- Nothing has been read yet; the columns are what the connector declares.\n")
		return nil
	}
	n, _, err := s.Store.CountMissing(ctx, o.log.ID, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "- Records: %d.\n", n)
	runs, _, err := s.ListRuns(ctx, store.RunFilter{Org: o.source.Org, Sources: []int64{o.source.ID}, Status: "succeeded", Page: 1, Size: 1})
	if err == nil && len(runs) > 0 {
		fmt.Fprintf(b, "- Last read without an error: %s.\n", time.UnixMicro(runs[0].Ended).UTC().Format(time.RFC3339))
	}
	if o.log.SweepEnded > 0 {
		fmt.Fprintf(b, "- Last complete reading: %s.\n", time.UnixMicro(o.log.SweepEnded).UTC().Format(time.RFC3339))
	}
	if o.source.Schedule != "" {
		fmt.Fprintf(b, "- Read on schedule: `%s`.\n", o.source.Schedule)
	}
	return err
}

func writeColumns(b *strings.Builder, columns map[string]*column, samples int) {
	fmt.Fprintf(b, "\n## Columns\n\n")
	if samples > 0 {
		fmt.Fprintf(b, "Empty and examples are of the newest %d records. `[]` is a list; its columns lie in a table of their own.\n\n", samples)
	}
	fmt.Fprint(b, "| column | type | empty | examples |\n|---|---|---|---|\n")
	for _, path := range slices.Sorted(maps.Keys(columns)) {
		c := columns[path]
		empty := ""
		if c.seen > 0 {
			empty = fmt.Sprintf("%.0f %%", 100*float64(c.empty)/float64(c.seen))
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", line(path), c.kind, empty, c.examples(path))
	}
}

// column is what is known of one column.
type column struct {
	kind        string // as the schema has it
	seen, empty int
	low, high   float64
	early, late string
	words       map[string]int
	numbers     int
	switches    map[bool]bool
}

// columnsOf lists the columns of a JSON Schema: dotted paths, with [] after a
// list.
func columnsOf(schema map[string]any, path string, into map[string]*column) {
	kind := kindOf(schema)
	switch {
	case kind == "list":
		items, _ := schema["items"].(map[string]any)
		if properties, _ := items["properties"].(map[string]any); len(properties) > 0 {
			columnsOf(items, path+"[]", into)
			return
		}
	case schema["properties"] != nil:
		properties, _ := schema["properties"].(map[string]any)
		for name, inner := range properties {
			if inner, ok := inner.(map[string]any); ok {
				columnsOf(inner, strings.TrimPrefix(path+"."+escaped.Replace(name), "."), into)
			}
		}
		return
	}
	into[path] = &column{kind: kind, words: map[string]int{}, switches: map[bool]bool{}}
}

// escaped keeps the dots and lists in names apart from those of paths.
var escaped = strings.NewReplacer(`.`, "\x00", `[]`, "\x01")

// kindOf is a schema's type in a word.
func kindOf(schema map[string]any) string {
	kind, _ := schema["type"].(string)
	if kinds, ok := schema["type"].([]string); ok {
		kind = kinds[0]
	}
	switch {
	case schema["format"] == "date-time":
		return "time"
	case schema["format"] != nil:
		return fmt.Sprint(schema["format"])
	case kind == "array":
		return "list"
	case kind == "string":
		return "text"
	case kind == "":
		return "any"
	}
	return kind
}

// valuesAt gives the values at a path, each nil where there is none.
func valuesAt(v any, path string) []any {
	if path == "" {
		return []any{v}
	}
	name, rest, _ := strings.Cut(path, ".")
	name, isList := strings.CutSuffix(name, "[]")
	o, _ := v.(map[string]any)
	inner := o[unescaped.Replace(name)]
	if !isList {
		return valuesAt(inner, rest)
	}
	var all []any
	items, _ := inner.([]any)
	for _, item := range items {
		all = append(all, valuesAt(item, rest)...)
	}
	return all
}

var unescaped = strings.NewReplacer("\x00", ".", "\x01", "[]")

// most words that are counted: a column with more has none worth showing.
const mostWords = 50

func (c *column) see(values []any) {
	for _, v := range values {
		c.seen++
		switch v := v.(type) {
		case nil:
			c.empty++
		case string:
			c.text(v)
		case bool:
			c.switches[v] = true
		case float64:
			if c.numbers == 0 {
				c.low, c.high = v, v
			}
			c.numbers++
			c.low, c.high = min(c.low, v), max(c.high, v)
		}
	}
}

func (c *column) text(v string) {
	if v == "" {
		c.empty++
		return
	}
	if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
		day := at.UTC().Format(time.DateOnly)
		if c.early == "" || day < c.early {
			c.early = day
		}
		c.late = max(c.late, day)
	}
	if len(c.words) <= mostWords {
		c.words[v]++
	}
}

// What an example takes: so many records must share a word, which is short,
// plain, and in no column that people are in.
const (
	sharedBy = 5
	fewWords = 12
)

var (
	plainWord = regexp.MustCompile(`^[A-Za-z][A-Za-z_/ -]{0,31}$`)
	personal  = regexp.MustCompile(`(?i)name|mail|phone|user|title|descr|note|address|location|url|link|avatar|bio|respon|answer|meta|token|secret|key|password|uid|guest|host|attendee|organizer|reason|message|slug|owner`)
	number    = regexp.MustCompile(`(?i)id$|phone|number|pin|zip|postal|latitude|longitude|salary|age$`)
)

// examples shows what can be nobody's.
func (c *column) examples(path string) string {
	switch {
	case len(c.switches) == 2:
		return "true, false"
	case len(c.switches) == 1:
		return fmt.Sprint(c.switches[true])
	case c.early != "" && c.kind == "time":
		return c.early + " to " + c.late
	case c.numbers >= sharedBy && !number.MatchString(path) && !personal.MatchString(path):
		return fmt.Sprintf("%v to %v", c.low, c.high)
	case c.kind != "text" || personal.MatchString(path) || len(c.words) == 0 || len(c.words) > fewWords:
		return ""
	}
	var shown []string
	for _, word := range slices.Sorted(maps.Keys(c.words)) {
		if c.words[word] >= sharedBy && plainWord.MatchString(word) {
			shown = append(shown, "`"+word+"`")
		}
	}
	return strings.Join(shown, ", ")
}

// line makes one line of a table's cell out of a text.
func line(text string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "|", `\|`, "`", "'").Replace(unescaped.Replace(text))
}

// FlowDictionary describes a flow: each of its datasets, and where they go, as
// far as shown says.
func (s *Service) FlowDictionary(ctx context.Context, root *Node, shown func(*Node) bool) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# Flow: %s\n\n", line(root.Name))
	if root.Description != "" {
		fmt.Fprintf(&b, "%s\n\n", line(root.Description))
	}
	var first error
	root.Walk(func(n *Node) {
		if n.Kind != store.KindDataset || first != nil || !shown(n) {
			return
		}
		d, err := s.Dataset(ctx, n.Org, n.ID)
		text := ""
		if err == nil {
			text, err = s.Dictionary(ctx, d)
		}
		if weir.CodeOf(err) == weir.CodeConflict {
			text, err = fmt.Sprintf("# %s\n\n- Its source does not read `%s` any more.\n", line(n.Name), d.Endpoint), nil
		}
		if first = err; err != nil {
			return
		}
		b.WriteString(strings.ReplaceAll("\n"+text, "\n#", "\n##")[1:])
		for _, to := range n.Children {
			if to.Kind == store.KindDestination && shown(to) {
				fmt.Fprintf(&b, "\nGoes to destination %d (%s, %s).\n", to.ID, line(to.Name), to.Type)
			}
		}
		b.WriteString("\n")
	})
	return b.String(), first
}
