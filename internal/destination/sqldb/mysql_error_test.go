package sqldb

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/weirhq/weir"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestWhatMySQLSaysHasAClassAndNoValue(t *testing.T) {
	m := &mariadb{shown: "mysql://u@h:3306/db"}
	for number, want := range map[uint16]weir.Code{
		1045: weir.CodeAuth, 1049: weir.CodeConfig, 1142: weir.CodeConfig, 1290: weir.CodeLocal, 1114: weir.CodeLocal, 1205: weir.CodeTransient, 1213: weir.CodeTransient,
		1040: weir.CodeTransient, 1053: weir.CodeTransient, 1062: weir.CodeConflict, 1118: weir.CodeConflict, 1366: weir.CodeData, 4025: weir.CodeData, 1060: weir.CodeConflict,
	} {
		said := &mysql.MySQLError{Number: number, Message: "the value 'kei@example.org'"}
		err := m.explain(fmt.Errorf("wrapped: %w", said))
		var e *weir.Error
		if !errors.As(err, &e) || e.Code != want || e.Where != m.shown {
			t.Errorf("%d: got %v of class %s, want %s", number, err, weir.CodeOf(err), want)
		}
		if number != 1060 && strings.Contains(err.Error(), "kei@") {
			t.Errorf("%d: the value is in %v", number, err)
		}
		if got := m.again(said); got != (number == 1205 || number == 1213) {
			t.Errorf("%d: again is %t", number, got)
		}
	}
	if err := m.explain(io.ErrUnexpectedEOF); weir.CodeOf(err) != weir.CodeTransient {
		t.Errorf("got %v", err)
	}
}

func TestKeysFitTheIndex(t *testing.T) {
	m := &mariadb{}
	own := []weir.Column{{Name: weir.ColumnHash, Type: weir.TypeText}, {Name: weir.ColumnExtractedAt, Type: weir.TypeTime}}
	for _, texts := range []int{0, 1, 2, 3, 5, 10} {
		for _, history := range []bool{false, true} {
			table := weir.Table{Key: []string{"n"}, Columns: append([]weir.Column{{Name: "n", Type: weir.TypeInt}}, own...)}
			for i := range texts {
				name := fmt.Sprintf("t%d", i)
				table.Key, table.Columns = append(table.Key, name), append(table.Columns, weir.Column{Name: name, Type: weir.TypeText})
			}
			if history {
				table.Key = append(table.Key, weir.ColumnHash, weir.ColumnExtractedAt)
			}
			bytes := 0
			for _, k := range table.Key {
				var n int
				if _, err := fmt.Sscanf(m.columnType(table, table.Columns[table.Column(k)]), "varchar(%d)", &n); err != nil {
					n = 2
				}
				bytes += 4 * n
			}
			if bytes > keyBytes {
				t.Errorf("%d texts, history %t: %d bytes", texts, history, bytes)
			}
		}
	}
}
