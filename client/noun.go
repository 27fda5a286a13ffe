package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Credential is a stored key or login, without its secrets.
type Credential struct {
	ID              int64             `json:"id"`
	Name            string            `json:"name"`
	Description     string            `json:"description"`
	Type            string            `json:"credentials_type"`
	Vendor          *Named            `json:"vendor"`
	Status          string            `json:"verified_status"`
	Problem         string            `json:"verified_message"`
	VerifiedAt      string            `json:"verified_at"`
	ExpiresAt       string            `json:"expires_at"`
	Settings        map[string]string `json:"template_config"`
	Tags            []string          `json:"tags"`
	Account         *Account          `json:"account"`
	ReferencedByIDs struct {
		Sources      []int64 `json:"data_sources"`
		Destinations []int64 `json:"data_sinks"`
	} `json:"referenced_resource_ids"`
}

// Kind is what the credential is for: a vendor, or a kind of connection.
func (c Credential) Kind() string {
	if c.Vendor != nil {
		return c.Vendor.Name
	}
	return c.Type
}

// Named is something that others refer to.
type Named struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

// Account is whose key a credential holds.
type Account struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	TimeZone string `json:"time_zone"`
}

// Source is what to read.
type Source struct {
	ID           int64             `json:"id"`
	Name         string            `json:"name"`
	Description  string            `json:"description"`
	Tags         []string          `json:"tags"`
	Status       string            `json:"status"`
	CredentialID int64             `json:"data_credentials_id"`
	Endpoint     *Named            `json:"vendor_endpoint"`
	Endpoints    []string          `json:"endpoints"`       // none of a configuration by hand
	Params       map[string]string `json:"template_config"` // of the endpoints
	Config       map[string]any    `json:"source_config"`
	Schedule     string            `json:"poll_schedule"`
	When         SourceSchedule    `json:"schedule"`
	DataSets     []Named           `json:"data_sets"`
}

// SourceSchedule is a source's schedule as somebody chose it.
type SourceSchedule struct {
	Cron       string `json:"cron"`
	TimeZone   string `json:"time_zone"`
	RunAfter   int64  `json:"run_after"` // 0 for none
	SweepHours int    `json:"sweep_hours"`
	Words      string `json:"words"` // the same for people
}

// DataSet is what a source yields.
type DataSet struct {
	ID           int64          `json:"id"`
	Name         string         `json:"name"`
	Status       string         `json:"status"`
	Description  string         `json:"description"`
	Tags         []string       `json:"tags"`
	SourceID     int64          `json:"data_source_id"`
	Endpoint     string         `json:"endpoint"`         // of the source
	Parents      []Named        `json:"parent_data_sets"` // of one that was made of another
	Schema       map[string]any `json:"output_schema"`
	Destinations []Named        `json:"data_sinks"`
	TransformID  int64          `json:"transform_id"` // whose rules it uses; 0 for its own
	Own          struct {
		Code []RuleOf `json:"code"`
	} `json:"transform"`
	Warnings []string `json:"warnings,omitzero"` // of rules that were given
}

// SchemaChange is one change of what a dataset's records look like.
type SchemaChange struct {
	At      string `json:"at"`
	RunID   string `json:"run_id"` // that found it
	Kind    string `json:"kind"`   // new_table, new_column, wider_type, shared_column or own_column
	Path    string `json:"path"`   // in the record
	Table   string `json:"table"`
	Column  string `json:"column"`
	Before  string `json:"before"` // its type; "" where there was none
	After   string `json:"after"`
	Message string `json:"message"` // the same in words
}

// RuleOf is one rule of a transform.
type RuleOf struct {
	Operation string         `json:"operation"`
	Spec      jsontext.Value `json:"spec"`
}

// Transform is rules that several datasets may use.
type Transform struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
	Code        []RuleOf `json:"code"`
	DataSets    []int64  `json:"data_sets"`
	Warnings    []string `json:"warnings,omitzero"` // of rules that were given
}

// Destination is where a dataset goes.
type Destination struct {
	ID           int64  `json:"id"`
	Name         string `json:"name"`
	Status       string `json:"status"`
	Type         string `json:"connector_type"`
	CredentialID int64  `json:"data_credentials_id"`
	DataSetID    int64  `json:"data_set_id"`

	Description string         `json:"description"`
	Tags        []string       `json:"tags"`
	Config      map[string]any `json:"sink_config"` // mode: upsert or history
}

// Delivery is how a destination stands.
type Delivery struct {
	DestinationID int64  `json:"data_sink_id"`
	Name          string `json:"name"`
	DataSetID     int64  `json:"data_set_id"`
	State         string `json:"state"` // new, paused, waiting, failing, behind or current
	TookAt        string `json:"took_at"`
	Behind        int64  `json:"behind"` // changes that it lacks
	LacksSince    string `json:"lacks_since"`
	FailingSince  string `json:"failing_since"`
	Class         string `json:"class"`
	Problem       string `json:"problem"`
	WaitsFor      string `json:"waits_for"`
	Failures      int    `json:"failures"` // in a row
	RetryAt       string `json:"retry_at"` // "" when that follows from something else
}

// Node is one part of a flow.
type Node struct {
	ID            int64  `json:"id"`
	SourceID      int64  `json:"data_source_id"`
	DataSetID     int64  `json:"data_set_id"`
	DestinationID int64  `json:"data_sink_id"`
	Name          string `json:"name"`
	Status        string `json:"status"`
	Children      []Node `json:"children"`
}

// VendorEndpoint is what can be read from a service.
type VendorEndpoint struct {
	Name        string `json:"name"` // cal_com_api.event_types
	Title       string `json:"display_name"`
	Description string `json:"description"`
	Direction   string `json:"direction"` // source or destination
}

// ID is the endpoint by its own name, as sources name it, and the vendor whose
// it is.
func (e VendorEndpoint) ID() (vendor, id string) {
	vendor, id, _ = strings.Cut(e.Name, ".")
	return vendor, strings.ReplaceAll(id, "_", "-")
}

// pageSize is how many things are asked for at once.
const pageSize = 500

// List reads all pages of a list: of all that the caller may see, unless the query
// has an access_role.
func List[T any](ctx context.Context, c *Client, path string, query url.Values) (all []T, err error) {
	if query == nil {
		query = url.Values{}
	}
	if !query.Has("access_role") {
		query.Set("access_role", "all")
	}
	query.Set("per_page", fmt.Sprint(pageSize))
	for page := 1; ; page++ {
		query.Set("page", fmt.Sprint(page))
		var some []T
		if err := c.Call(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &some); err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < pageSize {
			return all, nil
		}
	}
}

// Get reads one thing: Get[Credential](ctx, c, "data_credentials", 7).
func Get[T any](ctx context.Context, c *Client, noun string, id int64) (v T, err error) {
	err = c.Call(ctx, http.MethodGet, fmt.Sprintf("/%s/%d", noun, id), nil, &v)
	return v, err
}

// Do calls a verb on a thing: Do[Source](ctx, c, "PUT", "data_sources", 7, "activate", nil).
func Do[T any](ctx context.Context, c *Client, method, noun string, id int64, verb string, in any) (v T, err error) {
	err = c.Call(ctx, method, strings.TrimRight(fmt.Sprintf("/%s/%d/%s", noun, id, verb), "/"), in, &v)
	return v, err
}

// Schedule is when a source is read.
type Schedule struct {
	Cron     string  `json:"cron"`
	TimeZone string  `json:"time_zone"`
	RunAfter int64   `json:"run_after"`
	Words    string  `json:"words"` // when it is read, for people
	Active   bool    `json:"active"`
	NextAt   string  `json:"next_at"`
	KeyShare float64 `json:"key_share"`
	Note     string  `json:"note"`
}
