package web_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir/internal/simulator"
)

// TestPicturesOfTheReadme takes the pictures that the README shows anew, of
// simulated data, when WEIR_PICTURES names a directory.
func TestPicturesOfTheReadme(t *testing.T) {
	dir := os.Getenv("WEIR_PICTURES")
	if dir == "" {
		t.Skip("WEIR_PICTURES names no directory")
	}
	s := newSite(t)
	token := s.setUp().Token.Expose()
	s.teams(token)
	b := s.browse(1280, 800)
	b.signIn()
	b.tables("Tables")
	b.open("/flows/new?credential=1&endpoint=bookings&endpoint=event-types")
	b.press("Create and run")
	b.until("the first run is over", `document.querySelector('#live')?.innerText.includes('succeeded')`)
	for i, n := range []int{12, 30, 8, 45, 21} {
		s.sim.Mutate(simulator.Mutation{Count: n, Seed: uint64(i + 1)})
		b.press("Run now")
		b.until("the next run is over", fmt.Sprintf(`document.querySelectorAll('#live tbody tr').length === %d && document.querySelector('#live .badge').innerText.includes('succeeded')`, i+2))
	}
	b.open(b.where()) // without what was just done
	b.picture(dir, "flow")
	b.open("/credentials")
	b.picture(dir, "credentials")
	s.spent()
	b.open("/budgets")
	b.picture(dir, "budget")
	s.must(s.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/me"}, Do: simulator.FaultAction{Delay: 5 * time.Second}}}))
	b.do(chromedp.EmulateViewport(1280, 1420))
	b.openOverlay()
	b.typedIn(inOverlay("name"), "Recruiting")
	b.typedIn(inOverlay("description"), "Interviews of the hiring team")
	b.typedIn(inOverlay("api_key"), s.key())
	b.save()
	b.until("a step is under way", `document.querySelector('#new-credential [data-state="underway"]') !== null`)
	b.picture(dir, "validation")
	s.must(s.sim.SetFaults(nil))
	b.sees("is stored")
}

// teams adds keys of some teams.
func (s *site) teams(token string) {
	s.Helper()
	for i, c := range []struct{ name, about string }{{"Sales", "Bookings of the sales team"}, {"Support", "Calls of the support desk"}, {"Customer success", "Onboarding and reviews"}, {"Marketing", "Webinars and demos"}} {
		key, expires := s.key(), ""
		if i > 0 {
			var err error
			key, err = s.sim.AddKey(simulator.NewKey{Name: c.name, Never: true})
			s.must(err)
		}
		if i == 2 {
			expires = time.Now().AddDate(0, 0, 12).UTC().Format(time.DateOnly)
		}
		values := map[string]any{"api_key": key}
		if expires != "" {
			values["expires_at"] = expires
		}
		s.made(token, "/data_credentials", map[string]any{"name": c.name, "description": c.about, "credentials_type": "cal_com_api", "credentials": values})
	}
}

// spent writes down what the first key might have sent within an hour.
func (s *site) spent() {
	s.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "weir.db")+"?_pragma=busy_timeout(60000)")
	s.must(err)
	defer db.Close()
	_, err = db.ExecContext(s.Context(), `INSERT OR IGNORE INTO budget_use (budget, minute, credential, source, lane, org, requests, refused)
		WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 58)
		SELECT u.budget, u.minute - i, u.credential, u.source, u.lane, 1, CASE WHEN i % 15 < 2 THEN 96 - i ELSE 4 + i * 7 % 13 END, 0
		FROM n, (SELECT * FROM budget_use WHERE credential = 1 AND source <> 0 ORDER BY minute DESC LIMIT 1) u`)
	s.must(err)
}

// picture keeps what the window shows, in few colours: a page has not many.
func (b *browser) picture(dir, name string) {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	b.must(err)
	full, err := png.Decode(bytes.NewReader(shot))
	b.must(err)
	var out bytes.Buffer
	b.must((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, fewColours(full)))
	b.must(os.MkdirAll(dir, 0o755))
	b.must(os.WriteFile(filepath.Join(dir, name+".png"), out.Bytes(), 0o644))
	if out.Len() > 150_000 {
		b.Errorf("the picture %s has %d bytes", name, out.Len())
	}
}

// fewColours draws a picture in the 256 colours that it has most of.
func fewColours(full image.Image) image.Image {
	counts := map[color.RGBA]int{}
	bounds := full.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, g, b, _ := full.At(x, y).RGBA()
			counts[color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}]++
		}
	}
	palette := color.Palette{}
	for len(palette) < 256 && len(counts) > 0 {
		var most color.RGBA
		n := 0
		for c, many := range counts {
			if many > n || many == n && c.R < most.R {
				most, n = c, many
			}
		}
		palette = append(palette, most)
		delete(counts, most)
	}
	out := image.NewPaletted(bounds, palette)
	draw.Draw(out, bounds, full, bounds.Min, draw.Src)
	return out
}
