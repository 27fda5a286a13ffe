package ui

import (
	"context"
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"github.com/a-h/templ"
)

// Part is a share of a gauge.
type Part struct {
	Title string
	Value float64
	Tone  Tone
}

// Gauge is how much of a limit is used, as a bar with its words.
func Gauge(title string, used, limit float64, words string, parts ...Part) templ.Component {
	return drawing(func(b *strings.Builder) {
		if len(parts) == 0 {
			parts = []Part{{Title: title, Value: used, Tone: toneOf(used, limit)}}
		}
		fmt.Fprintf(b, `<div class="gauge"><div class="gauge-head"><span>%s</span><strong>%s</strong></div>`, text(title), text(words))
		fmt.Fprintf(b, `<svg viewBox="0 0 200 8" preserveAspectRatio="none" role="img" aria-label="%s: %s"><rect class="gauge-ground" width="200" height="8" rx="4"/>`, text(title), text(words))
		x := 0.0
		for _, p := range parts {
			width := share(p.Value, limit) * 200
			width = math.Min(width, 200-x)
			fmt.Fprintf(b, `<rect class="fill-%s" x="%.1f" width="%.1f" height="8" rx="4"/>`, p.Tone, x, width)
			x += width
		}
		b.WriteString(`</svg></div>`)
	})
}

// toneOf warns when little is left.
func toneOf(used, limit float64) Tone {
	switch s := share(used, limit); {
	case s >= 1:
		return Bad
	case s >= 0.85:
		return Warn
	}
	return Good
}

func share(value, limit float64) float64 {
	if limit <= 0 || math.IsNaN(value) {
		return 0
	}
	return math.Max(0, math.Min(1, value/limit))
}

// Bar is one bar of a chart.
type Bar struct {
	Title string  // what it is, such as a time
	Value float64 // its height
	Tone  Tone
	Path  string // where a click leads; "" for nowhere
}

// Bars is a chart of bars, with a line for a limit (0 for none). The table
// under it, for those who do not see it, has the same values.
func Bars(title, unit string, limit float64, bars ...Bar) templ.Component {
	return drawing(func(b *strings.Builder) {
		most := limit
		for _, bar := range bars {
			most = math.Max(most, bar.Value)
		}
		const width, height = 600.0, 120.0
		step := math.Min(width/math.Max(1, float64(len(bars))), 30)
		fmt.Fprintf(b, `<figure class="chart"><figcaption>%s</figcaption><svg viewBox="0 0 %.0f %.0f" preserveAspectRatio="none" role="%s" aria-label="%s">`, text(title), width, height+4, role(bars), text(title))
		for i, bar := range bars {
			h := math.Max(share(bar.Value, most)*height, least(bar.Tone))
			mark := fmt.Sprintf(`<rect class="fill-%s" x="%.2f" y="%.2f" width="%.2f" height="%.2f"><title>%s: %s %s</title></rect>`,
				bar.Tone, float64(i)*step+step*0.1, height-h, step*0.8, h, text(bar.Title), Number(int64(bar.Value)), text(unit))
			if bar.Path != "" {
				mark = fmt.Sprintf(`<a href="%s" aria-label="%s">%s</a>`, text(string(templ.URL(bar.Path))), text(bar.Title), mark)
			}
			b.WriteString(mark)
		}
		if limit > 0 {
			y := height - share(limit, most)*height
			fmt.Fprintf(b, `<line class="limit" x1="0" x2="%.0f" y1="%.2f" y2="%.2f"/>`, width, y+1, y+1)
		}
		b.WriteString(`</svg>`)
		ends(b, bars, limit, unit)
		b.WriteString(`</figure>`)
	})
}

// role is what a chart is to those who hear it: a picture, or, where bars lead
// somewhere, a group of links.
func role(bars []Bar) string {
	for _, bar := range bars {
		if bar.Path != "" {
			return "group"
		}
	}
	return "img"
}

// least is the height of a bar without a value: one that says that something
// went wrong must be seen.
func least(t Tone) float64 {
	if t == Bad || t == Warn {
		return 6
	}
	return 0.5
}

// ends says what the picture begins and ends with, and its limit.
func ends(b *strings.Builder, bars []Bar, limit float64, unit string) {
	if len(bars) == 0 {
		return
	}
	fmt.Fprintf(b, `<p class="chart-ends"><span>%s</span>`, text(bars[0].Title))
	if limit > 0 {
		fmt.Fprintf(b, `<span>line: %s %s</span>`, Number(int64(limit)), text(unit))
	}
	if len(bars) > 1 {
		fmt.Fprintf(b, `<span>%s</span>`, text(bars[len(bars)-1].Title))
	}
	b.WriteString(`</p>`)
}

// Spark is a line without axes: the trend of a few values.
func Spark(title string, values ...float64) templ.Component {
	return drawing(func(b *strings.Builder) {
		most := 0.0
		for _, v := range values {
			most = math.Max(most, v)
		}
		points := make([]string, len(values))
		for i, v := range values {
			points[i] = fmt.Sprintf("%.1f,%.1f", float64(i)*100/math.Max(1, float64(len(values)-1)), 22-share(v, most)*20)
		}
		fmt.Fprintf(b, `<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label="%s"><polyline points="%s"/></svg>`, text(title), strings.Join(points, " "))
	})
}

func text(s string) string { return html.EscapeString(s) }

// drawing is a component that is written at once.
func drawing(draw func(*strings.Builder)) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		draw(&b)
		_, err := io.WriteString(w, b.String())
		return err
	})
}
