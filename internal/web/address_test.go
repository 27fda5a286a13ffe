package web_test

import (
	"net/http"
	"testing"
)

// Postgres can be asked for no text with such characters: the page would fail.
func TestAnAddressThatIsNoTextIsRefused(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	for path, want := range map[string]int{
		"/quarantine?run=%00": http.StatusBadRequest, "/quarantine?q=%ff": http.StatusBadRequest, "/flows?q=%zz": http.StatusBadRequest,
		"/runs/%00": http.StatusBadRequest, "/flows?q=gr%C3%BCn": http.StatusOK,
	} {
		if got := s.gets(token, path); got != want {
			t.Errorf("%s answers %d, want %d", path, got, want)
		}
	}
}
