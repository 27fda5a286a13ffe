package file

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/weirhq/weir"
)

// output is one file of rows on its way to disk: written under a temporary
// name, hashed as it is written, and given its name when it is whole.
type output struct {
	entry
	file newFile
	rows rowWriter
	sum  hash.Hash
}

// newOutput begins a file. The table's columns are as on disk.
func newOutput(v volume, e entry, t weir.Table, opts Options) (*output, error) {
	f, err := v.begin(e.Name)
	if err != nil {
		return nil, err
	}
	o := &output{entry: e, file: f, sum: sha256.New()}
	o.rows = newWriter(o, t, opts)
	return o, nil
}

// Write implements io.Writer for the row writer.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	o.sum.Write(p[:n])
	o.Bytes += int64(n)
	return n, err
}

// add writes one row.
func (o *output) add(row []any) error {
	o.Rows++
	return o.rows.Write(row)
}

// finish makes the file durable under its name and gives its entry.
func (o *output) finish() (entry, error) {
	if err := o.rows.Close(); err != nil {
		o.file.abandon()
		return entry{}, err
	}
	o.SHA256 = hex.EncodeToString(o.sum.Sum(nil))
	return o.entry, o.file.finish()
}
