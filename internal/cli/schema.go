package cli

import "github.com/weirhq/weir/internal/manifest"

// schemaCommand is `weir schema`.
type schemaCommand struct{}

// Run prints the JSON Schema of the files that weir apply reads.
func (schemaCommand) Run(s *session) error {
	_, err := s.Stdout.Write(manifest.Schema)
	return err
}
