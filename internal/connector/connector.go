// Package connector reads connector definitions, folders of YAML, explains
// bad ones by file and line, and expands an endpoint's template into the same
// rest.Config that a person would write by hand.
//
//	connector.go  a definition: whose service, how its key is sent and checked
//	endpoint.go   an endpoint, field by field as it stands in YAML
//	builtin.go    the definitions that are part of the program
//	order.go      endpoints by name, and in the order in which they need each other
//	expand.go     template and parameters → rest.Config
//	describe.go   a definition as data for others
//	account.go    whose key it is
//	load.go       the folder: read, then check, all problems at once
//	document.go   one YAML file, and on which line of it something stands
//	check*.go     what must hold, and what would be right when it does not
//	nearest.go    "did you mean"
package connector

import "github.com/weirhq/weir"

// Definition is one kind of service. It is read once and never changes, so it
// may be used by many goroutines.
type Definition struct {
	Name          string            `yaml:"name"`
	Title         string            `yaml:"title"`
	Description   string            `yaml:"description"`
	BaseURL       string            `yaml:"base_url"` // scheme and host, of the region that most use
	Regions       map[string]string `yaml:"regions"`  // name → base URL
	VersionHeader string            `yaml:"version_header"`
	Auth          Auth              `yaml:"auth"`
	Check         Check             `yaml:"check"`
	Limit         Limit             `yaml:"limit"`
	Hints         map[string]string `yaml:"hints"` // advice for an error code
	Endpoints     []Endpoint        `yaml:"-"`     // from endpoints/*.yaml, in the order of their files
}

// Auth is how the key is sent.
type Auth struct {
	Header   string   `yaml:"header"`
	Prefix   string   `yaml:"prefix"`    // stands before the key, with its blank: "Bearer "
	KeyForms []string `yaml:"key_forms"` // what keys begin with
	Help     string   `yaml:"help"`      // how to make a key
}

// Check is the request that says whose key it is, and where its answer names
// the account, as dotted paths into the whole answer.
type Check struct {
	Path         string `yaml:"path"`
	AccountID    string `yaml:"account_id"`
	Name         string `yaml:"name"`
	Email        string `yaml:"email"`
	TimeZone     string `yaml:"time_zone"`
	Organization string `yaml:"organization"`
}

// Limit is the service's own limit for a key: at most Requests in any window
// of Seconds.
type Limit struct {
	Requests int `yaml:"requests"`
	Seconds  int `yaml:"seconds"`
}

// Advice is what the connector adds to errors of a class.
func (d *Definition) Advice() map[weir.Code]string {
	out := make(map[weir.Code]string, len(d.Hints))
	for code, text := range d.Hints {
		out[weir.Code(code)] = text
	}
	return out
}
