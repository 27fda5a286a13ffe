package sqldb_test

import (
	"os"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/destination/destinationtest"
)

func TestALookAtADatabaseLeavesNothingBehind(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		sqlite := strings.HasPrefix(url, "sqlite")
		if strings.HasPrefix(url, "postgres") {
			url += "&schema=later"
		}
		at := look(t, url)
		defer at.Close()
		if err := at.Fits(t.Context(), destinationtest.NewWorld(1).Next(1)); err != nil {
			t.Error(err)
		}
		if sqlite {
			if _, err := os.Stat(strings.TrimPrefix(url, "sqlite:")); !os.IsNotExist(err) {
				t.Errorf("the file was made (%v)", err)
			}
			return
		}
		url, _, _ = strings.Cut(url, "&schema=")
		var n int
		if err := user(t, url).QueryRow(`SELECT count(*) FROM information_schema.tables WHERE table_name LIKE '\_weir%'`).Scan(&n); err != nil || n != 0 {
			t.Errorf("there are %d tables of Weir's own (%v)", n, err)
		}
		if err := user(t, url).QueryRow(`SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'later'`).Scan(&n); err != nil || n != 0 {
			t.Errorf("the schema was made (%v)", err)
		}
	})
}

func TestALookFindsATableThatIsNotOurs(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		run(t, user(t, url), `CREATE TABLE bookings (mine int)`)
		at := look(t, url)
		defer at.Close()
		conflict(t, at.Fits(t.Context(), destinationtest.NewWorld(1).Next(1)), "bookings", "Weir did not make", "Rename bookings")
	})
}
