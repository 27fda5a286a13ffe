package file

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// manifestVersion is the version of the format in docs/files.md.
const manifestVersion = 1

// fullEvery is how many manifests a reader must walk at most: after so many
// that only say what they added, one lists every file.
const fullEvery = 64

// manifest is one link of a dataset's chain. A full one lists every live
// file; any other says what it adds to and removes from the one before.
type manifest struct {
	Weir      int                    `json:"weir"` // manifestVersion
	Seq       int64                  `json:"seq"`
	Previous  string                 `json:"previous"` // SHA-256 of the previous manifest's bytes; "" in the first
	Full      bool                   `json:"full"`
	Dataset   string                 `json:"dataset"`
	Source    string                 `json:"source"`
	Format    Format                 `json:"format"`
	Formulas  bool                   `json:"formulas,omitzero"` // CSV without the formula guard
	Mode      string                 `json:"mode"`
	Log       string                 `json:"log"`  // the log of the newest batch
	Logs      []place                `json:"logs"` // every log that was seen
	Highest   int64                  `json:"highest"`
	Batch     *batch                 `json:"batch,omitempty"` // nil when a run was finished
	Added     []entry                `json:"added"`
	Removed   []string               `json:"removed,omitempty"`
	Layout    string                 `json:"layout"`             // of the dataset: all columns there ever were
	Layouts   map[string]weir.Layout `json:"layouts,omitempty"`  // those first named here; all in a full one
	Duplicate bool                   `json:"duplicate,omitzero"` // history: a log was delivered anew, Finish has versions to drop
}

// place is how far one log has been loaded.
type place struct {
	Log      string        `json:"log"`
	Position weir.Position `json:"position"`
	Epoch    int64         `json:"epoch"`
	// Base is added to a position in this log to give _weir_position, so
	// that rows of a later log are newer than those of an earlier one.
	Base int64 `json:"base"`
}

// batch says which batch a manifest made exist.
type batch struct {
	ID    string        `json:"id"`
	From  weir.Position `json:"from"`
	To    weir.Position `json:"to"`
	RunID weir.RunID    `json:"run_id"`
	Rows  int           `json:"rows"`
}

// The kinds of files in a manifest.
const (
	kindRows      = "rows"      // as they came with a batch
	kindMerged    = "merged"    // checked or rewritten by Finish: one row a record
	kindDeletions = "deletions" // which records were deleted; Finish puts it into their rows
)

// entry is one live file.
type entry struct {
	Name   string `json:"name"` // relative to the directory, with slashes
	Kind   string `json:"kind"`
	Table  string `json:"table,omitempty"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
	Layout string `json:"layout,omitempty"` // the file's columns; a name in layouts
}

// encode gives the manifest's bytes, the same for the same manifest.
func (m manifest) encode() ([]byte, error) {
	b, err := json.Marshal(m, json.Deterministic(true), jsontext.WithIndent(" "))
	return append(b, '\n'), err
}

// layoutID names a layout by its content.
func layoutID(l weir.Layout) string {
	b, err := json.Marshal(l, json.Deterministic(true))
	if err != nil { // names are checked before: they are plain ASCII
		panic(err)
	}
	return hexSum(b)[:16]
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// state is what a chain adds up to at its newest manifest.
type state struct {
	manifest        // the newest
	Hash     string // of its bytes
	Links    int    // manifests since the last full one
	LastFull int64
	Live     []entry
	Known    map[string]weir.Layout
}

// log gives the place of a log, a new one at 0.
func (s *state) log(name string) place {
	at := place{Log: name}
	for _, p := range s.Logs {
		if p.Log == name {
			at = p
		}
	}
	for _, p := range s.Logs {
		if weir.Lineage(p.Log) == weir.Lineage(name) {
			at.Epoch = max(at.Epoch, p.Epoch)
		}
	}
	return at
}

// after gives the state that m leads to. The receiver is not changed.
func (s *state) after(m manifest, hash string) *state {
	next := &state{manifest: m, Hash: hash, Links: s.Links + 1, LastFull: s.LastFull, Known: maps.Clone(s.Known)}
	if m.Full {
		next.Links, next.LastFull, next.Known = 0, m.Seq, map[string]weir.Layout{}
		next.Live = slices.Clone(m.Added)
	} else {
		gone := map[string]bool{}
		for _, name := range m.Removed {
			gone[name] = true
		}
		next.Live = slices.DeleteFunc(slices.Clone(s.Live), func(e entry) bool { return gone[e.Name] })
		next.Live = append(next.Live, m.Added...)
	}
	if next.Known == nil {
		next.Known = map[string]weir.Layout{}
	}
	maps.Copy(next.Known, m.Layouts)
	return next
}

// follow starts the next manifest: what does not change is copied.
func (s *state) follow() manifest {
	m := s.manifest
	m.Seq, m.Previous, m.Full = s.Seq+1, s.Hash, false
	m.Batch, m.Added, m.Removed, m.Layouts = nil, nil, nil, nil
	m.Logs = slices.Clone(s.Logs)
	return m
}

// complete makes m a full one, given that it leads from s. What m adds and
// removes is applied to the list.
func (s *state) complete(m manifest) manifest {
	next := s.after(m, "")
	m.Full, m.Added, m.Layouts = true, next.Live, map[string]weir.Layout{}
	for _, e := range next.Live {
		if e.Layout != "" {
			m.Layouts[e.Layout] = next.Known[e.Layout]
		}
	}
	m.Layouts[m.Layout] = next.Known[m.Layout]
	return m
}

// layout is the dataset's: all columns there ever were.
func (s *state) layout() weir.Layout { return s.Known[s.Layout] }

// encodeCurrent is the content of CURRENT: the newest manifest's name and hash.
func encodeCurrent(seq int64, hash string) []byte {
	return []byte(manifestName(seq) + "\n" + hash + "\n")
}

// decodeCurrent reads CURRENT.
func decodeCurrent(b []byte) (seq int64, hash string, ok bool) {
	name, rest, found := strings.Cut(string(bytes.TrimSuffix(b, []byte("\n"))), "\n")
	if !found || len(rest) != sha256.Size*2 {
		return 0, "", false
	}
	seq, ok = manifestSeq(name)
	return seq, rest, ok
}
