package rest_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// A server may spell the key in another way, and in a header, as it repeats it.
func TestAnAnswerThatSpellsTheKeyOtherwiseIsShownWithoutIt(t *testing.T) {
	const key = `a/key+with="odd characters"=`
	for what, spelt := range map[string]string{
		"JSON": strings.ReplaceAll(key, `"`, `\"`), "JSON with slashes": strings.ReplaceAll(`a/key+with=odd=`, "/", `\/`), "query": url.QueryEscape(key), "path": url.PathEscape(key),
		"base64": base64.StdEncoding.EncodeToString([]byte(key)), "base64 of the header": base64.URLEncoding.EncodeToString([]byte("Token " + key)),
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Link", "<https://next/?key="+spelt+`>; rel="next"`)
			_, _ = w.Write([]byte(`{"message":"` + spelt + `"}`))
		}))
		secret := key
		if what == "JSON with slashes" {
			secret = "a/key+with=odd="
		}
		client, err := rest.NewClient(rest.ClientOptions{HTTP: server.Client(), Origin: server.URL, Key: weir.NewSecret(secret), AuthHeader: "X-Key", AuthPrefix: "Token ", Budget: free{}})
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: server.URL})
		spelt = strings.TrimRight(spelt, "=")
		if err != nil || strings.Contains(string(res.Body), spelt) || strings.Contains(res.Header.Get("Link"), spelt) {
			t.Errorf("%s: %s, %s, %v", what, res.Body, res.Header.Get("Link"), err)
		}
		server.Close()
	}
}

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
