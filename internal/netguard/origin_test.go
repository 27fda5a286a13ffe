package netguard

import (
	"testing"

	"github.com/weirhq/weir"
)

// Another spelling would have a budget of its own, and the key twice its limit.
func TestAnOriginHasOneSpelling(t *testing.T) {
	for text, want := range map[string]string{
		"https://api.cal.com": "https://api.cal.com", "https://API.cal.com:443/": "https://api.cal.com", "https://api.cal.com.": "https://api.cal.com",
		"https://api.cal.com:0443/v2": "https://api.cal.com", "http://127.0.0.1:018741": "http://127.0.0.1:18741", "http://[::1]:80": "http://[::1]",
		"https://cal.example:8443": "https://cal.example:8443",
	} {
		if got, err := ParseOrigin(text); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "api.cal.com", "ftp://api.cal.com", "https://u:p@api.cal.com", "https://api.cal.com/other", "https://api.cal.com?x=1", "https://."} {
		if got, err := ParseOrigin(text); weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
}
