package rest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

func TestAnAnswerThatRepeatsTheKeyIsShownWithoutIt(t *testing.T) {
	const key = "cal_live_0123456789abcdef"
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"message":"` + r.Header.Get("Authorization") + `"}`))
		}))
		client, err := rest.NewClient(rest.ClientOptions{HTTP: server.Client(), Origin: server.URL, Key: weir.NewSecret(key), AuthHeader: "Authorization", AuthPrefix: "Bearer ", Budget: free{}})
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: server.URL + "/echo"})
		if strings.Contains(string(res.Body), key) || err != nil && strings.Contains(err.Error(), key) || (err == nil) != (status == http.StatusOK) {
			t.Errorf("%d: %s, %v", status, res.Body, err)
		}
		server.Close()
	}
}
