package simulator

import (
	"cmp"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// recording is one exchange with the real server.
type recording struct {
	Name    string `json:"name"`
	At      string `json:"recorded_at"`
	Request struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
		Body    any               `json:"body"`
	} `json:"request"`
	Response struct {
		Status  int        `json:"status"`
		Headers [][]string `json:"headers"`
		Body    any        `json:"body"`
	} `json:"response"`
}

// recordedDelivery is one call of a webhook by the real server.
type recordedDelivery struct {
	Name    string `json:"name"`
	Request struct {
		Path    string     `json:"path"`
		Headers [][]string `json:"headers"`
		Body    any        `json:"body"`
	} `json:"request"`
}

// recordingFiles names the recorded exchanges, or skips the test.
func recordingFiles(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("WEIR_RECORDINGS")
	if dir == "" {
		t.Skip("WEIR_RECORDINGS names no folder of recorded exchanges")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s: %v", dir, err)
	}
	return files
}

func readJSON(t *testing.T, from io.Reader, into any) {
	t.Helper()
	if err := json.UnmarshalRead(from, into); err != nil {
		t.Fatal(err)
	}
}

func isDelivery(file string) bool {
	return strings.HasPrefix(filepath.Base(file), "webhook-delivery")
}

func readRecorded(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// recordings are the exchanges in the order in which they happened: by second,
// and within a second by how many requests the server said were left.
func recordings(t *testing.T) []recording {
	var all []recording
	for _, file := range recordingFiles(t) {
		if isDelivery(file) {
			continue
		}
		var r recording
		readRecorded(t, file, &r)
		r.Name = strings.TrimSuffix(filepath.Base(file), ".json")
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b recording) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.turn(), b.turn()))
	})
	return all
}

// turn orders recordings of one second. A refreshed key is used by the next
// refresh, so that the one with a name comes first.
func (r *recording) turn() int {
	if strings.HasPrefix(r.Name, "api-keys-refresh") {
		return strings.Count(r.Name, "-") - len(r.Request.Headers["Authorization"])
	}
	if m := limitNumber.FindStringSubmatch(r.Name); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	if r.Name == "bookings-post-201-own-key" {
		return 2000 // a new window began before it
	}
	for _, pair := range r.Response.Headers {
		if strings.HasPrefix(pair[0], "X-RateLimit-Remaining-") {
			left, _ := strconv.Atoi(pair[1])
			return 1000 - left
		}
	}
	return 0
}

// data is the answer's data member, and whether it is an object or an array.
func (r *recording) data() any {
	o, _ := r.Response.Body.(map[string]any)
	return o["data"]
}

var (
	recordedUID = regexp.MustCompile(`/v2/bookings/([A-Za-z0-9-]{22,36})`)
	redacted    = regexp.MustCompile(`<redacted: key "(\w+)">`)
	shortID     = regexp.MustCompile(`\b[1-9A-HJ-NP-Za-km-z]{22}\b`)
	longID      = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	recordedKey = regexp.MustCompile(`cal_(live_)?([0-9a-f]{32}|<32 hex redacted>)`)
)
