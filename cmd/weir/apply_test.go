package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const flowFile = `weir: 1
credentials:
  Ours: {type: cal_com_api, secret: {env: CAL_API_KEY}}
  Lake: {type: sqlite, settings: {path: cal.db}}
sources:
  Bookings: {credential: Ours, endpoints: [bookings], schedule: {every: 1d}}
destinations:
  Tables: {source: Bookings, credential: Lake}
`

// A file is all that it takes to a flow that flows; and what the key is appears
// in no answer, on no terminal and in no argument.
func TestAFileThatIsAppliedFlows(t *testing.T) {
	s := newService(t, 40)
	s.setup()
	file := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(file, []byte(flowFile), 0o600); err != nil {
		t.Fatal(err)
	}
	said := s.weir([]string{"CAL_API_KEY=" + s.key()}, "apply", "-f", file, "--yes")
	said += s.weir(nil, "sources", "run", "3")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "files", "1", "cal.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // only read
	var rows int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM bookings").Scan(&rows); err != nil || rows != 40 {
		t.Errorf("%d rows of 40 bookings, %v\n%s", rows, err, said)
	}
	again := s.weir(nil, "apply", "-f", file)
	if !strings.Contains(again, "Nothing to do") {
		t.Errorf("what flowed is not as the file says: %s", again)
	}
	said += again + s.weir(nil, "export") + s.weir(nil, "diff", "-f", file, "--json") + s.out.String()
	search(t, "the key", []byte(said), encodings(s.key()))
}
