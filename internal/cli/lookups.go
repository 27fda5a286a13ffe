package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// lookupsCommand is `weir lookups`.
type lookupsCommand struct {
	List    lookupsList    `cmd:"" default:"withargs" help:"List lookups."`
	Add     lookupsAdd     `cmd:"" help:"Make a lookup, with the rows of a file."`
	Rows    lookupsRows    `cmd:"" help:"Show a lookup's rows, or those with some keys."`
	Put     lookupsPut     `cmd:"" help:"Store rows, each in place of the one with its key."`
	Drop    lookupsDrop    `cmd:"" help:"Take rows away by their keys."`
	Copy    lookupsCopy    `cmd:"" help:"Copy a lookup and its rows."`
	Delete  lookupsDelete  `cmd:"" help:"Delete a lookup that no source reads by."`
	Restore lookupsRestore `cmd:"" help:"Bring a deleted lookup back."`
}

const lookupsNoun = "data_maps"

type lookupsList struct{ remoteFlags }

// printLookups prints lookups as a table.
func (f remoteFlags) printLookups(s *session, all ...client.Lookup) error {
	return f.print(s, all, "ID\tNAME\tKEY\tROWS\tCOLUMNS\tSOURCES", func(w io.Writer) {
		for _, l := range all {
			columns, _ := l.Schema["properties"].(map[string]any)
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\n", l.ID, l.Name, l.PrimaryKey, l.Entries, strings.Join(sortedKeys(columns), ", "), list(l.Referenced.Sources))
		}
	})
}

// Run lists them.
func (c lookupsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Lookup](s.ctx, server, "/"+lookupsNoun, nil)
	if err != nil {
		return err
	}
	return c.printLookups(s, all...)
}

type lookupsAdd struct {
	remoteFlags
	Name        string            `arg:"" help:"What to call it."`
	By          string            `required:"" placeholder:"COLUMN" help:"The column whose values are the keys."`
	From        string            `placeholder:"FILE" help:"File with the rows: .csv with a line of names, .json with a list of objects, or .jsonl with an object on each line."`
	Type        string            `default:"string" help:"What the rows are of, in your words (default string)."`
	Description string            `help:"What it is for."`
	Default     map[string]string `placeholder:"COLUMN=VALUE" help:"What stands for a key or a column that is not there; may be repeated."`
}

// Run makes it. Rows that do not go into one request follow in others; when one
// of those is refused, the lookup is there without the rest.
func (c lookupsAdd) Run(s *session) error {
	chunks, err := readRows(c.From)
	if err != nil {
		return err
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	body := map[string]any{"name": c.Name, "data_type": c.Type, "map_primary_key": c.By, "description": c.Description}
	if len(c.Default) > 0 {
		body["data_defaults"], body["emit_data_default"] = c.Default, true
	}
	if len(chunks) > 0 {
		body["data_map"] = chunks[0]
		chunks = chunks[1:]
	}
	var made client.Lookup
	if err := server.Call(s.ctx, http.MethodPost, "/"+lookupsNoun, body, &made); err != nil {
		return err
	}
	if err := putChunks(s, server, made.ID, c.From, chunks); err != nil {
		return err
	}
	if made, err = client.Get[client.Lookup](s.ctx, server, lookupsNoun, made.ID); err != nil {
		return err
	}
	return c.printLookups(s, made)
}

// putChunks stores rows part by part, and says where it broke off.
func putChunks(s *session, server *client.Client, id int64, file string, chunks [][]client.Row) error {
	for i, rows := range chunks {
		if err := server.PutLookupRows(s.ctx, id, rows); err != nil {
			if i == 0 && len(chunks) == 1 {
				return err
			}
			return &weir.Error{Code: weir.CodeOf(err), Where: fmt.Sprintf("lookup %d", id), Message: fmt.Sprintf("part %d of %d was not stored, nor what follows: %v", i+1, len(chunks), err),
				Remedy: fmt.Sprintf("Mend it, then run `weir lookups put %d --from %s`: rows that are there already do no harm", id, file), Err: err}
		}
	}
	return nil
}

type lookupsRows struct {
	remoteFlags
	ID   int64    `arg:"" help:"Id of the lookup."`
	Keys []string `arg:"" optional:"" help:"Keys of the rows; all rows when none is named."`
}

// Run shows them. Keys of which none is there fail.
func (c lookupsRows) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	of, err := client.Get[client.Lookup](s.ctx, server, lookupsNoun, c.ID)
	if err != nil {
		return err
	}
	rows, err := server.LookupRows(s.ctx, c.ID, c.Keys...)
	if err != nil {
		return err
	}
	if len(rows) == 0 && len(c.Keys) > 0 {
		return &weir.Error{Code: weir.CodeNotFound, Where: fmt.Sprintf("lookup %d", c.ID), Message: "it has no row with this key", Remedy: fmt.Sprintf("`weir lookups rows %d` shows all", c.ID)}
	}
	columns, _ := of.Schema["properties"].(map[string]any)
	names := keyFirst(of.PrimaryKey, sortedKeys(columns))
	return c.print(s, rows, strings.ToUpper(strings.Join(names, "\t")), func(w io.Writer) {
		for _, row := range rows {
			cells := make([]string, len(names))
			for i, name := range names {
				cells[i] = cell(row[name])
			}
			fmt.Fprintln(w, strings.Join(cells, "\t"))
		}
	})
}

// keyFirst moves the key to the front of the columns.
func keyFirst(key string, names []string) []string {
	out := []string{key}
	for _, name := range names {
		if name != key {
			out = append(out, name)
		}
	}
	return out
}

// cell is a value in a table, in one line: nothing for null.
func cell(v jsontext.Value) string {
	var text string
	switch {
	case len(v) == 0 || v.Kind() == 'n':
		return ""
	case json.Unmarshal(v, &text) != nil:
		return v.String()
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

type lookupsPut struct {
	remoteFlags
	ID   int64             `arg:"" help:"Id of the lookup."`
	From string            `placeholder:"FILE" xor:"rows" required:"" help:"File with the rows: .csv, .json or .jsonl."`
	Set  map[string]string `placeholder:"COLUMN=VALUE" xor:"rows" required:"" help:"One row, column by column; may be repeated."`
}

// Run stores them.
func (c lookupsPut) Run(s *session) error {
	chunks, err := readRows(c.From)
	if err != nil {
		return err
	}
	if c.From == "" {
		row := client.Row{}
		for column, text := range c.Set {
			if row[column], err = json.Marshal(text); err != nil {
				return err
			}
		}
		chunks = [][]client.Row{{row}}
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	if err := putChunks(s, server, c.ID, c.From, chunks); err != nil {
		return err
	}
	after, err := client.Get[client.Lookup](s.ctx, server, lookupsNoun, c.ID)
	if err != nil {
		return err
	}
	return c.printLookups(s, after)
}

type lookupsDrop struct {
	remoteFlags
	ID   int64    `arg:"" help:"Id of the lookup."`
	Keys []string `arg:"" help:"Keys of the rows."`
}

// Run takes them away.
func (c lookupsDrop) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	if err := server.DropLookupRows(s.ctx, c.ID, c.Keys...); err != nil {
		return err
	}
	after, err := client.Get[client.Lookup](s.ctx, server, lookupsNoun, c.ID)
	if err != nil {
		return err
	}
	return c.printLookups(s, after)
}

type lookupsCopy struct {
	remoteFlags
	ID   int64  `arg:"" help:"Id of the lookup."`
	Name string `help:"What to call the copy (default: its name and (copy))."`
}

// Run copies it.
func (c lookupsCopy) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	copied, err := client.Do[client.Lookup](s.ctx, server, http.MethodPost, lookupsNoun, c.ID, "copy", copyBody(c.Name))
	if err != nil {
		return err
	}
	return c.printLookups(s, copied)
}

type lookupsDelete struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the lookup."`
}

// Run deletes it.
func (c lookupsDelete) Run(s *session) error { return c.remove(s, lookupsNoun, c.ID) }

type lookupsRestore struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the lookup."`
}

// Run brings it back.
func (c lookupsRestore) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	back, err := client.Do[client.Lookup](s.ctx, server, http.MethodPost, lookupsNoun, c.ID, "restore", nil)
	if err != nil {
		return err
	}
	return c.printLookups(s, back)
}
