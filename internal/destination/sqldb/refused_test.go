package sqldb_test

import (
	"fmt"
	"math"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
)

// columns of a booking that take a refused value; see destinationtest.
const (
	id = iota
	version
	ratio
	title
	start
	absent
	metadata
)

// refusedValues are values that a database must not take; some only one of
// them does not.
var refusedValues = []struct {
	column int
	value  any
	only   string // the names of the engines; "" is all
}{
	{id, nil, ""},
	{id, "\xff", ""},
	{id, int64(5), ""},
	{version, "1", ""},
	{version, 1.5, ""},
	{version, true, ""},
	{version, uint64(math.MaxUint64), ""},
	{ratio, math.NaN(), ""},
	{ratio, math.Inf(1), ""},
	{ratio, math.Inf(-1), ""},
	{ratio, "0.5", ""},
	{title, int64(1), ""},
	{title, []byte("x"), ""},
	{start, time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), ""},
	{start, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), ""},
	{start, "2026-01-01T00:00:00Z", ""},
	{absent, int64(1), ""},
	{metadata, "{", ""},
	{metadata, map[string]any{}, ""},
	{metadata, "", ""},
	{id, "a\x00b", "Postgres"},
	{id, incompressible(9000), "Postgres MariaDB"},
	{metadata, `{"n":1e400000}`, "Postgres"},
	{metadata, `{"n":` + strings.Repeat("9", 200_000) + `}`, "Postgres"},
	{metadata, strings.Repeat("[", 200) + strings.Repeat("]", 200), "MariaDB"},
	{title, strings.Repeat("x", 17<<20), "MariaDB"},
}

// incompressible is text that does not get shorter in an index.
func incompressible(n int) string {
	var b strings.Builder
	for i := uint64(1); b.Len() < n; i++ {
		fmt.Fprintf(&b, "%x", i*0x9e3779b97f4a7c15)
	}
	return b.String()
}

func TestRefusedValuesAreQuarantinedAndTheRestLoads(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		b := weir.Batch{Dataset: "bookings", Source: "s", Log: "l", Mode: weir.ModeUpsert, Layout: destinationtest.NewWorld(1).Layout(), RunID: "r", Epoch: 1}
		bad := map[string]bool{}
		add := func(c weir.Change) {
			b.To++
			c.Position = b.To
			b.Changes = append(b.Changes, c)
		}
		for i, v := range refusedValues {
			for j := range 7 {
				add(destinationtest.Booking(fmt.Sprintf("good-%d-%d", i, j), 1, "Kei"))
			}
			if !strings.Contains(v.only, path.Base(t.Name())) && v.only != "" {
				continue
			}
			c := destinationtest.Booking(fmt.Sprintf("bad-%d", i), 1, "Ada")
			c.Rows[0][0][v.column] = v.value
			if v.column == id {
				c.RootKey[0], c.Rows[1] = v.value, nil
			}
			bad[c.Key] = true
			add(c)
		}
		db := open(t, url)
		got, err := db.Load(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if want := len(b.Changes) - len(bad); got.Rows != want || len(got.Refused) != len(bad) {
			t.Errorf("%d rows and %d refused, want %d and %d", got.Rows, len(got.Refused), want, len(bad))
		}
		again, err := db.Load(t.Context(), b)
		if err != nil || again.Rows != 0 || len(again.Refused) != len(got.Refused) {
			t.Errorf("asked again, %d rows and %d refused (%v)", again.Rows, len(again.Refused), err)
		}
		for _, r := range got.Refused {
			if !bad[r.Key] || r.Reason == "" || r.Stage != "load" || len(r.Original) == 0 {
				t.Errorf("refused %+v", r)
			}
			delete(bad, r.Key)
		}
		for key := range bad {
			t.Errorf("%s was taken", key)
		}
		var quarantined, live int
		theirs := user(t, url)
		if err := theirs.QueryRow(`SELECT count(*), (SELECT count(*) FROM bookings) FROM _weir_quarantine WHERE reason <> '' AND record <> ''`).Scan(&quarantined, &live); err != nil {
			t.Fatal(err)
		}
		if quarantined != len(got.Refused) || live != got.Rows {
			t.Errorf("%d in quarantine and %d rows", quarantined, live)
		}
	})
}

func TestCharactersThatADatabaseDoesNotTakeAreReplaced(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		c := destinationtest.Booking("a", 1)
		c.Position = 1
		row := c.Rows[0][0]
		row[title], row[metadata] = "a\x00b\xffc", `{"\u0000":"\u0000 \\u0000 \ud83d\ude00 \ud800"}`
		db := open(t, url)
		got, err := db.Load(t.Context(), weir.Batch{Dataset: "bookings", Source: "s", Log: "l", Mode: weir.ModeUpsert,
			Layout: destinationtest.NewWorld(1).Layout(), To: 1, RunID: "r", Epoch: 1, Changes: []weir.Change{c}})
		if strings.HasPrefix(url, "sqlite") && err == nil && len(got.Refused) == 0 {
			return // SQLite takes them as they are, but for what is not UTF-8
		}
		if err != nil || len(got.Refused) > 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		var text, value string
		if strings.HasPrefix(url, "mysql") { // which takes NUL in text
			if err := user(t, url).QueryRow(`SELECT title, metadata FROM bookings`).Scan(&text, &value); err != nil {
				t.Fatal(err)
			}
			if text != "a\x00b\uFFFDc" || value != `{"\ufffd":"\ufffd \\u0000 \ud83d\ude00 \ufffd"}` {
				t.Errorf("got %q and %q", text, value)
			}
			return
		}
		if err := user(t, url).QueryRow(`SELECT title, metadata->>U&'\FFFD' FROM bookings`).Scan(&text, &value); err != nil {
			t.Fatal(err)
		}
		if text != "a\uFFFDb\uFFFDc" || value != "\uFFFD \\u0000 \U0001F600 \uFFFD" {
			t.Errorf("got %q and %q", text, value)
		}
	})
}
