package manifest

import _ "embed"

// Schema is the JSON Schema of a file, for editors. What it cannot say, such as
// that a name leads to something, Read and Check do.
//
//go:embed schema.json
var Schema []byte
