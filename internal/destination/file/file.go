// Package file is the destination that writes a directory of Parquet, CSV or
// JSONL files. Each batch becomes whole, immutable files, one a table, and a
// manifest that names them with their hashes and the position they bring the
// dataset to; the manifest is what makes a batch exist. docs/files.md tells a
// reader how the directory is laid out.
//
//	file.go      Open, Position, Load, Close
//	look.go      what a batch would meet, before anything is made
//	chain.go     one dataset's chain of manifests: what is on disk now
//	load.go      a batch becomes files and a manifest
//	finish.go    after a run: one row a record, in few files
//	recover.go   what a process that died left behind is removed
//	volume.go    what a chain needs of where it lies
//	disk.go      a directory: every touch of the disk, and what its errors mean
//	bucket.go    a bucket of an object store
package file

import (
	"context"
	"os"
	"sync"

	"github.com/weirhq/weir"
)

// Format is how rows are written.
type Format string

// The formats.
const (
	FormatParquet Format = "parquet"
	FormatCSV     Format = "csv"
	FormatJSONL   Format = "jsonl"
)

// Options say how files are written. The zero value is Parquet.
type Options struct {
	Format Format // "" is Parquet
	// AllowFormulas leaves text in CSV as it is. Without it, text that a
	// spreadsheet would run as a formula gets an apostrophe in front.
	AllowFormulas bool
	// MaxFileBytes is where Finish begins another file; 0 is 256 MiB.
	MaxFileBytes int64
	// MaxKeys is how many row versions Finish compares at a time, at 32 bytes
	// each; 0 is 4 Mi. More rows than that are compared in several passes.
	MaxKeys int
}

// complete sets what was left open.
func (o Options) complete() (Options, error) {
	switch o.Format {
	case "":
		o.Format = FormatParquet
	case FormatParquet, FormatCSV, FormatJSONL:
	default:
		return o, &weir.Error{Code: weir.CodeUsage, Where: "--to", Message: "the file format " + quote(string(o.Format)) + " is not known",
			Remedy: "Use format=parquet, format=csv or format=jsonl"}
	}
	if o.MaxFileBytes <= 0 {
		o.MaxFileBytes = 256 << 20
	}
	if o.MaxKeys <= 0 {
		o.MaxKeys = 4 << 20
	}
	return o, nil
}

// Destination is one directory, or one bucket. It is safe for concurrent use; the batches of
// one dataset are loaded one after the other, those of different datasets
// side by side.
type Destination struct {
	volume volume
	opts   Options

	mu     sync.Mutex
	chains map[string]*chain
	closed bool
}

// Open takes a directory as destination and creates it when it is missing.
// Nothing else is written before the first Load. Other files may lie in the
// directory; they are never overwritten or deleted.
func Open(_ context.Context, dir string, opts Options) (*Destination, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil { // #nosec G703 -- the user names the directory
		return nil, diskError(dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, diskError(dir, err)
	}
	return &Destination{volume: &disk{root: root, dir: dir}, opts: opts, chains: map[string]*chain{}}, nil
}

// Position says how far the directory has come in this log of this dataset:
// 0 for a log it has never seen. CodeConflict when the dataset's files were
// written in another format, or by a newer Weir.
func (d *Destination) Position(ctx context.Context, log, dataset string) (weir.Position, error) {
	c, err := d.chain(dataset)
	if err != nil {
		return 0, err
	}
	var at weir.Position
	err = c.locked(ctx, false, func() error {
		if at = c.state.log(log).Position; c.state.Seq == 0 {
			return nil
		}
		return c.checkFormat()
	})
	return at, err
}

// Load writes a batch, all or nothing, and does not retry. A batch that the
// directory already has changes nothing. CodeIntegrity when the batch does
// not start at the position or its epoch is older than the last one's;
// CodeConflict when the dataset's files belong to another source, or another
// process writes them; CodeLocal when the disk would not take it.
func (d *Destination) Load(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	c, err := d.chain(b.Dataset)
	if err != nil {
		return weir.Loaded{}, err
	}
	var loaded weir.Loaded
	err = c.locked(ctx, true, func() (err error) {
		loaded, err = c.load(ctx, b)
		return err
	})
	return loaded, err
}

// Finish tidies a dataset after a run: in upsert mode the files of each table
// are merged, so that they hold one row a record. Nothing is rewritten when
// nothing changed. A Finish that fails has no effect on what is loaded.
func (d *Destination) Finish(ctx context.Context, dataset string) error {
	c, err := d.chain(dataset)
	if err != nil {
		return err
	}
	return c.locked(ctx, false, func() error {
		if c.state.Seq == 0 {
			return nil
		}
		return c.finish(ctx)
	})
}

// Close lets go of the directory. Calls after it fail.
func (d *Destination) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	for _, c := range d.chains {
		c.mu.Lock()
		c.closed = true
		c.mu.Unlock()
	}
	return d.volume.close()
}

// chain gives the one chain of a dataset.
func (d *Destination) chain(dataset string) (*chain, error) {
	if err := checkName("dataset", dataset); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, &weir.Error{Code: weir.CodeInternal, Where: d.volume.where(), Message: "the destination is closed"}
	}
	c := d.chains[dataset]
	if c == nil {
		c = &chain{place: d.volume, opts: d.opts, dataset: dataset, dir: ownDir + "/" + dataset}
		d.chains[dataset] = c
	}
	return c, nil
}
