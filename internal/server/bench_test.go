package server_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// BenchmarkCredentialsPage is one page of a hundred out of ten thousand
// credentials, over HTTP.
func BenchmarkCredentialsPage(b *testing.B) {
	w := benchWorld(b)
	db, err := store.Open(b.Context(), "sqlite:"+w.dir+"/weir.db", store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	err = db.Change(b.Context(), func(tx *store.Tx) error {
		for i := range 10_000 {
			r := store.Resource{Org: 1, Owner: 1, Kind: store.KindCredential, Type: "cal_com_api", Name: fmt.Sprintf("Key %d", i), Status: "verified",
				Spec: []byte(`{"origin":"https://api.cal.com","secrets":{"api_key":1},"secret_version":1}`), Created: 1}
			if err := tx.CreateResource(b.Context(), &r, false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	for _, path := range []string{"/data_credentials?page=1", "/data_credentials?page=100", "/data_credentials?page=50&credentials_type=rest"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if status, text := w.as(w.token, http.MethodGet, path); status != http.StatusOK {
					b.Fatal(status, text)
				}
			}
		})
	}
}

// BenchmarkValidation is a good key from the form to its row, less what the
// service takes to answer: a whole request to it with a delay of 50 ms.
func BenchmarkValidation(b *testing.B) {
	w := benchWorld(b)
	const delay = 50 * time.Millisecond
	w.slow.Store(int64(delay))
	for b.Loop() {
		w.credential()
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)-float64(delay.Milliseconds()), "ms-beyond-the-service")
}
