// Package connectors holds the connectors of this build as data: a folder of
// YAML for each, see its README. The code that reads them is
// internal/connector.
package connectors

import "embed"

// Files has a folder per connector: connector.yaml, README.md, a file in
// endpoints for each noun, and in samples records of the endpoints that are
// read by default.
//
//go:embed */connector.yaml */README.md */endpoints/*.yaml */samples/*.json
var Files embed.FS
