package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Lookup is a table of rows, of which one column is the key.
type Lookup struct {
	ID          int64          `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Tags        []string       `json:"tags"`
	Type        string         `json:"data_type"`
	PrimaryKey  string         `json:"map_primary_key"`
	Defaults    map[string]any `json:"data_defaults"`
	EmitDefault bool           `json:"emit_data_default"`
	Entries     int            `json:"map_entry_count"`
	Schema      map[string]any `json:"map_entry_schema"`
	Referenced  struct {
		Sources []int64 `json:"data_sources"`
	} `json:"referenced_resource_ids"`
}

// Row is one row of a lookup: a text, number, boolean or null in each column,
// as JSON, so that a number keeps its digits.
type Row = map[string]jsontext.Value

// LookupRows gives the rows with these keys; all rows when none is named. For
// a key that is not there a lookup may give its defaults.
func (c *Client) LookupRows(ctx context.Context, id int64, keys ...string) ([]Row, error) {
	path := fmt.Sprintf("/data_maps/%d/entries", id)
	if len(keys) == 0 {
		return List[Row](ctx, c, path, nil)
	}
	var rows []Row
	err := c.Call(ctx, http.MethodGet, path+"/"+pathOfKeys(keys), nil, &rows)
	return rows, err
}

// PutLookupRows stores rows, each in place of the one that has its key: all of
// them, or none. The server takes at most 5,000 rows and 1 MiB at once.
func (c *Client) PutLookupRows(ctx context.Context, id int64, rows []Row) error {
	return c.Call(ctx, http.MethodPut, fmt.Sprintf("/data_maps/%d/entries", id), map[string]any{"entries": rows}, nil)
}

// DropLookupRows takes the rows with these keys away. Keys that are not there
// are no error.
func (c *Client) DropLookupRows(ctx context.Context, id int64, keys ...string) error {
	return c.Call(ctx, http.MethodDelete, fmt.Sprintf("/data_maps/%d/entries/%s", id, pathOfKeys(keys)), nil, nil)
}

// pathOfKeys writes keys so that nothing in them looks like what stands
// between them, nor like a step up in the path.
func pathOfKeys(keys []string) string {
	if len(keys) == 1 && keys[0] == "/" {
		keys = []string{"/", "/"} // an escaped slash alone is routed as the path's end; a key may be named twice
	}
	escaped := make([]string, len(keys))
	for i, key := range keys {
		escaped[i] = strings.NewReplacer("*", "%2A", ".", "%2E").Replace(url.PathEscape(key))
	}
	return strings.Join(escaped, ",")
}
