package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
	ID           int64   `json:"id"`
	Name         string  `json:"name"`
	Status       string  `json:"status"`
	CredentialID int64   `json:"data_credentials_id"`
	Endpoint     *Named  `json:"vendor_endpoint"`
	Schedule     string  `json:"poll_schedule"`
	DataSets     []Named `json:"data_sets"`
}

// DataSet is what a source yields.
type DataSet struct {
	ID           int64          `json:"id"`
	Name         string         `json:"name"`
	Status       string         `json:"status"`
	SourceID     int64          `json:"data_source_id"`
	Schema       map[string]any `json:"output_schema"`
	Destinations []Named        `json:"data_sinks"`
}

// Destination is where a dataset goes.
type Destination struct {
	ID           int64  `json:"id"`
	Name         string `json:"name"`
	Status       string `json:"status"`
	Type         string `json:"connector_type"`
	CredentialID int64  `json:"data_credentials_id"`
	DataSetID    int64  `json:"data_set_id"`
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

// pageSize is how many things are asked for at once.
const pageSize = 500

// List reads all pages of a list.
func List[T any](ctx context.Context, c *Client, path string, query url.Values) (all []T, err error) {
	if query == nil {
		query = url.Values{}
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
	Active   bool    `json:"active"`
	NextAt   string  `json:"next_at"`
	KeyShare float64 `json:"key_share"`
	Note     string  `json:"note"`
}
