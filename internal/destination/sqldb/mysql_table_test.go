package sqldb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
	"github.com/weirhq/weir/internal/mysqltest"
)

// dying is MariaDB under a process that dies at one of the statements that
// change tables, or what is written down of them.
type dying struct {
	*mariadb
	left  int  // statements until it dies
	after bool // it dies when the statement is done, and not before
	dead  bool
}

var errDead = errors.New("the process is dead")

func (d *dying) begin(ctx context.Context) (tx, error) {
	if d.dead {
		return nil, errDead
	}
	t, err := d.mariadb.begin(ctx)
	if err != nil {
		return nil, err
	}
	return &dyingTx{t.(*mysqlTx), d}, nil
}

type dyingTx struct {
	*mysqlTx
	engine *dying
}

var changesTables = regexp.MustCompile(`^(CREATE TABLE|ALTER|RENAME|DROP|(INSERT INTO|UPDATE) \S*_weir_tables|UPDATE \S+ SET "_weir_new)`)

func (t *dyingTx) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	if changesTables.MatchString(statement) {
		t.engine.left--
	}
	if t.engine.left > 0 || t.engine.dead {
		return t.mysqlTx.exec(ctx, statement, args...)
	}
	t.engine.dead = true
	if t.engine.after {
		if _, err := t.mysqlTx.exec(ctx, statement, args...); err != nil {
			return 0, err
		}
	}
	t.drop()
	return 0, errDead
}

// changing are batches that make tables, widen them and add to them.
func changing() []weir.Batch {
	first := weir.Batch{Dataset: "bookings", Source: "s", Log: "l", Mode: weir.ModeUpsert, Layout: destinationtest.NewWorld(1).Layout(), To: 2, RunID: "r", Epoch: 1,
		Changes: []weir.Change{destinationtest.Booking("a", 1, "Kei", "Ada"), destinationtest.Booking("b", 2)}}
	second := weir.Batch{Dataset: "bookings", Source: "s", Log: "l", Mode: weir.ModeUpsert, Layout: destinationtest.NewWorld(1).Layout(), From: 2, To: 3, RunID: "r", Epoch: 1,
		Changes: []weir.Change{destinationtest.Booking("c", 3, "Cy")}}
	root, child := &second.Layout.Tables[0], &second.Layout.Tables[1]
	for i, c := range root.Columns {
		switch c.Name {
		case "version":
			root.Columns[i].Type = weir.TypeText
		case "start":
			root.Columns[i].Type = weir.TypeJSON
		}
	}
	child.Columns[1].Type = weir.TypeText // the position, which is in the key
	row := second.Changes[0].Rows[0][0]
	row[1], row[4] = "v3", `{"at":3}`
	second.Changes[0].Rows[1][0][1] = "first"
	root.Columns = append([]weir.Column{root.Columns[0], {Name: "color", Type: weir.TypeText}}, root.Columns[1:]...)
	second.Changes[0].Rows[0][0] = append([]any{row[0], "red"}, row[1:]...)
	hosts := weir.Table{Name: "booking_hosts", Key: []string{"booking_id", "position"}, Parent: 1, Columns: destinationtest.NewWorld(1).Layout().Tables[1].Columns}
	second.Layout.Tables = append(second.Layout.Tables, hosts)
	second.Changes[0].Rows = append(second.Changes[0].Rows, nil)
	for _, b := range []*weir.Batch{&first, &second} {
		for i := range b.Changes {
			b.Changes[i].Position = b.From + weir.Position(i) + 1
		}
	}
	return []weir.Batch{first, second}
}

func loadAll(t *testing.T, url string, die *dying) error {
	m, err := openMySQL(t.Context(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	db := &DB{engine: m, log: discard()}
	defer db.Close()
	if die != nil {
		die.mariadb = m.(*mariadb)
		db.engine = die
	}
	if err := db.prepare(t.Context()); err != nil {
		return err
	}
	for _, b := range changing() {
		at, err := db.Position(t.Context(), b.Log, b.Dataset)
		if err != nil {
			return err
		}
		if at < b.To {
			if _, err := db.Load(t.Context(), b); err != nil {
				return err
			}
		}
	}
	return nil
}

// MySQL commits each change of a table by itself. Whoever dies between two of
// them leaves tables that the next one takes up.
func TestAKillBetweenTwoChangesOfTablesIsHarmless(t *testing.T) {
	var want string
	died := 0
	for i, after := range []bool{false, true} {
		for k := 1 + i; ; k += 2 { // before each second statement, and after each other one
			database := mysqltest.New(t)
			die := &dying{left: k, after: after}
			err := loadAll(t, database.URL, die)
			if err := loadAll(t, database.URL, nil); err != nil {
				t.Fatalf("statement %d, done %t: %v", k, after, err)
			}
			got := dump(t, database)
			if want == "" {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("statement %d, done %t: %s", k, after, diff)
			}
			if !die.dead {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			died++
		}
	}
	if died < 20 || !strings.Contains(want, "v3 red") || !strings.Contains(want, `"2026-11-23`) {
		t.Errorf("it died %d times, and there is %s", died, want)
	}
	t.Logf("died %d times", died)
}

// dump is what the tables hold and how they are made.
func dump(t *testing.T, database mysqltest.Database) string {
	t.Helper()
	db := database.Open(t, func(c *mysql.Config) { c.Params = map[string]string{"sql_mode": "'ANSI_QUOTES'"} })
	defer db.Close()
	out := ""
	for _, query := range []string{
		`SELECT concat_ws(' ', id, version, color, start) FROM bookings ORDER BY id`,
		`SELECT concat_ws(' ', booking_id, position, name) FROM booking_attendees ORDER BY booking_id, position`,
		`SELECT concat_ws(' ', table_name, column_name, column_type, is_nullable, column_key) FROM information_schema.columns WHERE table_schema = database() ORDER BY table_name, column_name`,
		`SELECT layout FROM _weir_tables ORDER BY name`, `SELECT position FROM _weir_positions`,
	} {
		rows, err := db.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		err = eachRow(rows, func(scan func(...any) error) error {
			var line string
			err := scan(&line)
			out += line + "\n"
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		_ = rows.Close()
	}
	return out
}

func TestATableThatTakesANameInTheMeantimeIsLeftAlone(t *testing.T) {
	database := mysqltest.New(t)
	theirs := database.Open(t, nil)
	db, err := Open(t.Context(), database.URL, Options{}) // makes Weir's own tables
	if err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	for k := 1; ; k++ {
		die := &dying{left: k, after: true}
		_ = loadAll(t, database.URL, die)
		var announced int
		if err := theirs.QueryRow(`SELECT count(*) FROM _weir_tables WHERE layout LIKE '%"becoming"%'`).Scan(&announced); err == nil && announced == 1 {
			break
		}
		if !die.dead {
			t.Fatal("no table was ever announced")
		}
	}
	if _, err := theirs.Exec(`DROP TABLE bookings`); err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Exec(`CREATE TABLE bookings (mine int)`); err != nil {
		t.Fatal(err)
	}
	err = loadAll(t, database.URL, nil)
	if weir.CodeOf(err) != weir.CodeConflict || !strings.Contains(fmt.Sprint(err), "Weir did not make") {
		t.Errorf("got %v", err)
	}
	if err := theirs.QueryRow(`SELECT count(mine) FROM bookings`).Scan(new(int)); err != nil {
		t.Error(err)
	}
}

// Whoever adds a unique index is told, and no other row is overwritten.
func TestAUniqueIndexOfSomebodyElseOverwritesNothing(t *testing.T) {
	database := mysqltest.New(t)
	if err := loadAll(t, database.URL, nil); err != nil {
		t.Fatal(err)
	}
	theirs := database.Open(t, nil)
	if _, err := theirs.Exec(`CREATE UNIQUE INDEX mine ON bookings (title(100))`); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), database.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := changing()[1]
	b.From, b.To = 3, 4
	b.Changes[0] = destinationtest.Booking("d", 4)
	b.Changes[0].Position = 4
	b.Layout = destinationtest.NewWorld(1).Layout()
	b.Changes[0].Rows[0][0][3] = "title of a"
	if _, err := db.Load(t.Context(), b); weir.CodeOf(err) != weir.CodeConflict || !strings.Contains(err.Error(), "unique index") {
		t.Errorf("got %v", err)
	}
	var owner string
	if err := theirs.QueryRow(`SELECT group_concat(id) FROM bookings WHERE title = 'title of a'`).Scan(&owner); err != nil || owner != "a" {
		t.Errorf("it belongs to %s now (%v)", owner, err)
	}
}
