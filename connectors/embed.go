// Package connectors holds the connectors of this build as data: a folder of
// YAML for each, see its README. The code that reads them is
// internal/connector.
package connectors

import "embed"

// Files has a folder per connector.
//
//go:embed */connector.yaml */endpoints/*.yaml
var Files embed.FS
