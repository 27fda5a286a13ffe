package server_test

import (
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/weirhq/weir/internal/mysqltest"
)

// One source, and its dataset in a MySQL database and in two buckets of a
// store, over the contract and with its words.
func TestADatasetGoesIntoMySQLAndBuckets(t *testing.T) {
	w := newWorld(t, 200)
	db := mysqltest.New(t)
	root := db.Open(t, nil)
	for _, statement := range []string{"CREATE USER IF NOT EXISTS weir@localhost IDENTIFIED BY 'very secret'", "GRANT ALL ON " + db.Name + ".* TO weir@localhost"} {
		if _, err := root.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	host, port, err := net.SplitHostPort(db.Listen(t))
	w.must(err)
	backend := s3mem.New()
	w.must(backend.CreateBucket("cal-data"))
	store := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(store.Close)

	src := w.call(200, "POST", "/data_sources", m{"name": "Bookings", "source_type": "rest", "data_credentials_id": w.credential()["id"], "source_config": m{"endpoint": "bookings"}})
	dataset := src["data_sets"].([]any)[0].(m)["id"]
	for kind, c := range map[string]m{
		"mysql":     {"host": host, "port": port, "database_name": db.Name, "username": "weir", "password": "very secret"},
		"s3":        {"bucket": "cal-data", "prefix": "one", "region": "eu-central-1", "endpoint": store.URL, "access_key_id": "AKIAEXAMPLE", "secret_access_key": "very secret", "format": "csv"},
		"min_io_s3": {"bucket": "cal-data", "prefix": "two", "endpoint": store.URL, "access_key": "AKIAEXAMPLE", "secret_key": "very secret"},
	} {
		ours := strings.TrimPrefix(kind, "min_io_")
		credential := w.call(200, "POST", "/data_credentials", m{"name": kind, "credentials_type": kind, "credentials": c})
		if credential["verified_status"] != "VERIFIED" || credential["credentials_type"] != ours {
			t.Errorf("%s: %v", kind, credential)
		}
		if got := w.call(200, "GET", "/data_credentials/"+id(credential["id"])+"/probe", nil); got["status"] != "ok" {
			t.Errorf("%s: probe %v", kind, got)
		}
		sink := w.call(200, "POST", "/data_sinks", m{"name": kind, "sink_type": ours, "data_credentials_id": credential["id"], "data_set_id": dataset})
		if sink["sink_type"] != ours {
			t.Errorf("%s: %v", kind, sink)
		}
		w.call(200, "PUT", "/data_sinks/"+id(sink["id"])+"/activate", nil)
	}
	w.call(200, "PUT", "/data_sources/"+id(src["id"])+"/activate", nil)
	if run := w.finished(src["id"]); run["status"] != "succeeded" || run["written"] != 600.0 {
		t.Errorf("run %v", run)
	}
	var n int
	if err := root.QueryRow("SELECT count(*) FROM bookings WHERE _weir_deleted_at IS NULL").Scan(&n); err != nil || n != 200 {
		t.Errorf("%d rows (%v)", n, err)
	}
	for prefix, suffix := range map[string]string{"one/bookings/": ".csv", "two/bookings/": ".parquet"} {
		list, err := backend.ListBucket("cal-data", &gofakes3.Prefix{HasPrefix: true, Prefix: prefix}, gofakes3.ListBucketPage{})
		if err != nil || len(list.Contents) == 0 || !strings.HasSuffix(list.Contents[0].Key, suffix) {
			t.Errorf("%s: %+v (%v)", prefix, list, err)
		}
	}
	if strings.Contains(w.log.String(), "very secret") || strings.Contains(string(w.raw(200, "GET", "/data_credentials?per_page=100", nil)), "very secret") {
		t.Error("a secret is shown")
	}
}
