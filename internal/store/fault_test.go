package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/weirhq/weir"
)

// What goes wrong inside of a write transaction, be it the driver's error or
// anybody's, comes out with a class, and users see nothing of where the
// database lies.
func TestUsersSeeNothingOfTheDatabaseThatFails(t *testing.T) {
	for engine, url := range urls(t) {
		t.Run(engine, func(t *testing.T) {
			db := mustOpen(t, url(t))
			secret := "/somewhere/weir.db said no"
			for what, f := range map[string]func(*Tx) error{
				"a foreign error": func(*Tx) error { return errors.New(secret) },
				"a driver's error": func(tx *Tx) error {
					_, err := tx.tx.ExecContext(t.Context(), `SELECT nothing FROM nowhere_at_all`)
					return err
				},
			} {
				err := db.Change(t.Context(), f)
				if err == nil {
					t.Fatal(what, "is lost")
				}
				shown := ForUsers(weir.At("credential", err))
				for _, word := range []string{"/", "weir.db", "nowhere_at_all", "said no", "Postgres", "SQL"} {
					if strings.Contains(shown.Error(), word) {
						t.Errorf("of %s users see %q", what, shown)
					}
				}
				if code := weir.CodeOf(shown); code != weir.CodeLocal && code != weir.CodeInternal {
					t.Errorf("%s is %s", what, code)
				}
			}
			plain := &weir.Error{Code: weir.CodeConflict, Message: "kept"}
			if err := ForUsers(db.Change(t.Context(), func(*Tx) error { return plain })); !errors.Is(err, plain) {
				t.Errorf("a known error becomes %v", err)
			}
		})
	}
}
