// Package rest reads any REST API that a Config describes: it builds each
// request, sends it, classifies and strictly decodes the answer, and finds
// the next page. It knows HTTP and nothing of flows.
//
// A Config is the same thing whether a person wrote it by hand (manual
// configuration) or a connector's endpoint template was expanded into it.
package rest

// Config is a complete description of how to read one dataset: an ordered
// chain of steps, of which step N may use values of the answers of the steps
// before it ({step_key.path} in its templates). The records of the last step
// are the dataset's.
type Config struct {
	BaseURL string `json:"base_url"` // scheme and host; templates that start with "/" are relative to it
	Steps   []Step `json:"steps"`

	PrimaryKey   []string `json:"primary_key"`             // dotted paths into a record; the record's key
	VersionField string   `json:"version_field,omitempty"` // dotted path of an ISO 8601 time of change; may be null in records
	// Inject copies values of the seed (see Read) into every record, by the
	// record's new field name: {"teamId": "team_id"}.
	Inject map[string]string `json:"inject,omitempty"`
}

// Iteration is a way of finding the next page.
type Iteration string

// The fourteen iterations of the wire contract, under its names, and our own.
const (
	IterateStatic      Iteration = "static.url"
	IteratePage        Iteration = "paging.incrementing"
	IterateOffset      Iteration = "paging.incrementing.offset"
	IterateNextToken   Iteration = "paging.next.token"
	IterateNextURL     Iteration = "paging.next.url"
	IterateLinkHeader  Iteration = "link.header"
	IterateIDNumber    Iteration = "response.id.number"
	IterateIDString    Iteration = "response.id.string"
	IterateGraphQLPage Iteration = "graphql.page"
	IterateGraphQL     Iteration = "graphql.cursor"
	IterateLookup      Iteration = "data.map.key.queue"
	IterateAsyncPoll   Iteration = "async.poll"
	IterateFileBody    Iteration = "body.as.file"
	// IterateKeyset anchors each request on the sort column instead of
	// counting rows: the only way of paging that loses nothing while the
	// data moves or ties.
	IterateKeyset Iteration = "keyset"
)

// Step is one kind of request of a Config and how it is repeated.
type Step struct {
	Key         string            `json:"key"`
	Iteration   Iteration         `json:"iteration"`
	Method      string            `json:"method"`          // GET, POST or PUT
	URL         string            `json:"url"`             // template; may hold a query
	Query       map[string]string `json:"query,omitempty"` // templates, added to the URL's own query
	Headers     map[string]string `json:"headers,omitempty"`
	Body        string            `json:"body,omitempty"`         // template
	DateFormat  string            `json:"date_format,omitempty"`  // of {now} macros; Java pattern letters
	DateUnit    string            `json:"date_unit,omitempty"`    // of {now-N}: yyyy MM dd HH mm ss
	DataPath    string            `json:"data_path"`              // "$.data[*]": each match is a record; "$.data": that one object
	MetaPath    string            `json:"meta_path,omitempty"`    // copied into each record
	PassThrough bool              `json:"pass_through,omitempty"` // keep the earlier steps' results in the record, under their keys
	Parallelism int               `json:"parallelism,omitempty"`  // concurrent requests for independent inputs; 0 means 1
	// Require names paths that must exist in every good answer, such as
	// "pagination": an answer without them is not what was asked for.
	Require []string `json:"require,omitempty"`

	Paging Paging `json:"paging,omitzero"`
	Keyset Keyset `json:"keyset,omitzero"`
	// Lookup are rows, for each of which the step is made, with the columns as
	// macros. Nil is no lookup; one without rows makes no request.
	Lookup []map[string]string `json:"lookup,omitempty"`
}

// Paging holds the parameters of the contract's iterations. Which ones an
// iteration reads is said by Iteration's documentation in docs/paging.md.
type Paging struct {
	Param      string `json:"param,omitempty"`       // query parameter (or body field for GraphQL) that moves
	SizeParam  string `json:"size_param,omitempty"`  // query parameter that carries the page's size
	Size       int    `json:"size,omitempty"`        // rows expected on a full page
	Start      string `json:"start,omitempty"`       // first page, offset or id
	End        string `json:"end,omitempty"`         // last page, offset, id, token or URL; empty: until the data ends
	NextPath   string `json:"next_path,omitempty"`   // where the answer holds the next token, URL or cursor
	IDField    string `json:"id_field,omitempty"`    // of a record, for response.id.*
	Inclusive  bool   `json:"inclusive,omitempty"`   // the id parameter includes the id itself
	LinkRel    string `json:"link_rel,omitempty"`    // relation in a Link header, "next" by default
	CursorBody string `json:"cursor_body,omitempty"` // GraphQL: template of the cursor argument
	PollPath   string `json:"poll_path,omitempty"`   // async.poll: path that says whether the job is done
	PollValue  string `json:"poll_value,omitempty"`  // async.poll: its value when done
	FileFormat string `json:"file_format,omitempty"` // body.as.file: csv, json, txt or xml
}

// Keyset describes two walks over one list: the sweep over an immutable,
// never-null column, which shows every record, and the incremental walk over
// the time of change. Both bounds of a window are inclusive.
type Keyset struct {
	SizeParam   string `json:"size_param"` // "take"
	Size        int    `json:"size"`       // 250
	SkipParam   string `json:"skip_param"` // "skip": used only inside one tied value
	Sweep       Walk   `json:"sweep"`
	Incremental Walk   `json:"incremental,omitzero"`
	// LookbackSeconds is how far an increment reaches back before what is
	// known; 600 when 0, at least 120.
	LookbackSeconds int `json:"lookback_seconds,omitempty"`
}

// Walk names the parameters of one direction of reading.
type Walk struct {
	Field     string `json:"field"`     // of a record: "createdAt"
	After     string `json:"after"`     // parameter of the lower bound, inclusive: "afterCreatedAt"
	Before    string `json:"before"`    // parameter of the upper bound, inclusive
	Sort      string `json:"sort"`      // parameter of the order
	Ascending string `json:"ascending"` // its value: "asc"
}
